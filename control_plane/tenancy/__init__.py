"""Organisations (tenants), their members and roles, and the test clocks of sandboxes."""
