"""The edge: a module a function reads a request or an event, makes one call to the desk and words the answer."""

from flask import Request, Response

__all__ = ["Request", "Response"]
