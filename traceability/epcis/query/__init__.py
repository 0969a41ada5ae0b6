"""The index over events and the questions that can be asked of it (SimpleEventQuery)."""
