"""inventory_modules."""
