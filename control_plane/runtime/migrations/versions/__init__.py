"""control_plane.runtime.migrations.versions."""
