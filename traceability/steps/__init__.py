"""The steps of the park as EPCIS events, and such events as steps."""
