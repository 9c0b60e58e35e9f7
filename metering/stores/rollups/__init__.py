"""Rollups in PostgreSQL: made by a job, exactly as of a saved snapshot, and read with the rest."""
