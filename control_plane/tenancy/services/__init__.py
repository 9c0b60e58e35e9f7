"""What can be done with organisations, members and test clocks: one use case a file."""
