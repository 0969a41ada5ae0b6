"""From MQTT to the telemetry store: decode, validate, spool, acknowledge, ship."""
