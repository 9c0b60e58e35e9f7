"""control_plane.catalog."""
