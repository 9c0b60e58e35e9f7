"""Where usage comes from, beside HTTP: files, and a broker."""
