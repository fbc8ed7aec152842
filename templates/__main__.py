"""`python -m templates` compiles all templates ahead."""

from templates import compile_ahead

compile_ahead()
