"""Giving out, erasing and no longer keeping what is held of people."""
