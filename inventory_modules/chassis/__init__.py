"""The kit every module service is built on: database, access, usage, problems, background work."""
