"""Where instances run: as processes, as Docker containers, or in memory for tests."""
