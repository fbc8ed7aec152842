"""Where the desk keeps its books."""
