"""Invoices and credit notes as files."""
