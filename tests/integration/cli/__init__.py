"""The command line, run as a person runs it: a process, its output, its status."""
