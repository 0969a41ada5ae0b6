"""Simulated devices: physics with a clock, and the readings they report."""
