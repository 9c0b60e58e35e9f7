"""control_plane.runtime.migrations."""
