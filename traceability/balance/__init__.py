"""Mass balance: what was made, where it is now, and whether the sums agree to the milligram."""
