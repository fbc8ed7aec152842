"""Where the desk keeps what it is told."""

LARGEST_PIECE = 1 << 20
"""Bytes of a file in memory at a time."""
