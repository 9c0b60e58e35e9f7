"""The catalogue as a file: YAML read with the position of everything in it."""
