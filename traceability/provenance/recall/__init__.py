"""Recalls: what they start with, what they affect, and how that is written."""
