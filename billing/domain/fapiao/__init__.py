"""Chinese VAT invoices (发票): what they say, and how they come about."""
