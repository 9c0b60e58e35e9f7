"""control_plane.identity."""
