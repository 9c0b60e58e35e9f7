"""What-if over real history."""
