"""Profiles: one TOML file maps the messages of a foreign device to readings of our kinds."""
