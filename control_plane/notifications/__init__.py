"""control_plane.notifications."""
