"""What no tenant and no role may ever reach, asked of every route in the table."""
