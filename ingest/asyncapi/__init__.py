"""The AsyncAPI 3 document of the MQTT interface, generated from the park's own tables."""
