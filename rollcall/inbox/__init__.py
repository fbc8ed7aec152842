"""What is written to us: the raw bytes of an e-mail read into filled-in forms."""
