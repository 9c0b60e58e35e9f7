"""Invoices as documents for people."""
