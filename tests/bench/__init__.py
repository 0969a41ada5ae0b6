"""Speed, measured against raw limits of the same run; `make bench` runs all of it."""
