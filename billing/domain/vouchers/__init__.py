"""Accounting vouchers: our entries in the words of a customer's chart of accounts."""
