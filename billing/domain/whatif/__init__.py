"""What would have been, or will be: the engine over prices, timelines and usage of one's choice."""
