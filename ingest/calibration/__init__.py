"""Corrections of probes, applied on reading: what was stored stays as it came."""
