"""How fast it is, as ratios to a floor: `make bench`."""
