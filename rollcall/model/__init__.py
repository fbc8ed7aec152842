"""The nouns: frozen dataclasses and pure decisions, on the standard library alone."""
