"""The use cases of entitlements, one a file."""
