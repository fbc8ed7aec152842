"""Where the desk keeps what it is told."""

import re

LARGEST_PIECE = 1 << 20
"""Bytes of a file in memory at a time."""
PLAIN_NAME = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,199}")
"""Of a published file; what else an address may hold names none."""
