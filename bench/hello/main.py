"""A function that does nothing: what functions-framework alone takes to start."""

import functions_framework
from flask import Request


@functions_framework.http
def register(_request: Request) -> tuple[str, int]:
    """Answers 201."""
    return "", 201
