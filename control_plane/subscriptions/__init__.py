"""control_plane.subscriptions."""
