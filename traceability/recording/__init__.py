"""Events are recorded, and what follows from them beside the books."""
