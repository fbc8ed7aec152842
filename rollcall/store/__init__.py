"""Where the desk keeps what it is told."""
