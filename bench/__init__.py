"""How fast it is, as ratios against a floor: `make bench`."""
