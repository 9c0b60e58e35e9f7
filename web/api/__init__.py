"""The HTTP API under /v1: one file per noun, thin over the use cases."""
