"""control_plane.kernel."""
