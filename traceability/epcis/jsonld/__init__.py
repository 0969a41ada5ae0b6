"""Events and documents in JSON-LD: from it and to it."""
