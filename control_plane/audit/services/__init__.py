"""What can be asked of the audit record."""
