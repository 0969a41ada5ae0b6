"""The telemetry stores: one port, two adapters (InfluxDB and an embedded SQLite file)."""
