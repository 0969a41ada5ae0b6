"""Whether the tables that follow from the events do, and how they are made to again."""
