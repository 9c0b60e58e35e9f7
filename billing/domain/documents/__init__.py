"""What is frozen of an invoice and of a credit note, and how it is read back."""
