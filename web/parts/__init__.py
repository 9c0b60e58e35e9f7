"""The composition root, an area a file: each part is built once, on first use."""
