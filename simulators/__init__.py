"""The park without hardware: physics, devices and a season, speaking MQTT and HTTP."""
