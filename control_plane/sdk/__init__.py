"""control_plane.sdk."""
