"""Parts of the web process that need no database."""
