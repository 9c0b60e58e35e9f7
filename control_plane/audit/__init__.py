"""control_plane.audit."""
