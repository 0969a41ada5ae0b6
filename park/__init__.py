"""What the park is: its assets, its telemetry table, its identifiers and settings.

Every other package imports from here; this package imports from none of them.
"""
