"""How a snapshot follows from what was bought: pure, no I/O."""
