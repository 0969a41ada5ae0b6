"""From payload bytes to readings: one module a format."""
