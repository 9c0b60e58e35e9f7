"""control_plane.entitlements."""
