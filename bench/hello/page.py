"""A function that answers with one page, the same for everybody: what functions-framework alone takes for that."""

import os
from pathlib import Path

import functions_framework
from flask import Request, Response

_PAGE = Path(os.environ["PAGE"]).read_bytes()
_HEADERS = {"Content-Type": "text/html; charset=utf-8", "Content-Encoding": "gzip"}


@functions_framework.http
def register(_request: Request) -> Response:
    """In gzip, as it is stored."""
    return Response(_PAGE, headers=_HEADERS)
