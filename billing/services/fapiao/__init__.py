"""Chinese VAT invoices: titles, requests, and what the platform makes of them."""
