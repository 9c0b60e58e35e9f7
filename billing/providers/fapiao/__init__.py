"""Who issues fapiao: a simulated tax platform for sandboxes, and a person by hand."""
