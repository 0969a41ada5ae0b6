"""What the endpoints of the EPCIS 2.0 REST binding share."""
