"""Databases and files."""

LARGEST_PIECE = 1 << 20
"""Bytes of a file in memory at a time."""
