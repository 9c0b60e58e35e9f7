"""What can be done with subscriptions, invoices and payments: one use case a file."""
