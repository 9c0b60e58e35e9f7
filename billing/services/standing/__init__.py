"""What follows from unpaid invoices."""
