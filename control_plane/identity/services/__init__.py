"""What callers can do about who they are: one use case a file."""
