"""How a season is planned: harvests, runs, cold rooms, pallets and shipments."""
