"""EPCIS 2.0: the event model and its JSON-LD form."""
