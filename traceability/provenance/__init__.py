"""Lineage of any EPCIS event: what came of what, what lay where, where it is now."""
