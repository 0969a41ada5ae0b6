"""Physics without protocol: plain steps in time, with seeded chance where nature has it."""
