"""Ways for a message to leave: SMTP, a folder of files, and a list for tests."""
