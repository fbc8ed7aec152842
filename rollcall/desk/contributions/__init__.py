"""Contributions: a room of its own, which the core does not import."""
