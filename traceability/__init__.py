"""From events to proof: EPCIS events, batches, lineage."""
