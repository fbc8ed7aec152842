"""Giving out, erasing, and no longer keeping, what is held of people. The core's verbs do not know it."""
