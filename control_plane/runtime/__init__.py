"""control_plane.runtime."""
