"""EPCIS documents in XML, read into JSON and written from it (GS1 EPCIS 2.0, section 9)."""
