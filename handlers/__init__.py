"""HTTP and triggers: read a request, make one call to the desk, word the answer."""

from flask import Request, Response

__all__ = ["Request", "Response"]
