"""control_plane.tenancy."""
