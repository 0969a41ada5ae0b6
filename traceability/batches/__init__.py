"""What the books tell of batches: lists, histories, traces, pallets and shipments."""
