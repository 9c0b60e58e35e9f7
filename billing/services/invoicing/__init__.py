"""The life of invoices and credit notes: one use case a file."""
