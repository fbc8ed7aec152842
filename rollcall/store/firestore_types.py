"""Firestore's protocol buffers, without the rest of their library: importing that takes a fifth longer."""

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

_LIBRARY = "google.cloud.firestore_v1"


def _types() -> Any:
    spec = None if _LIBRARY in sys.modules else find_spec(_LIBRARY)
    if spec is None:
        return import_module(f"{_LIBRARY}.types")
    sys.modules[_LIBRARY] = module_from_spec(spec)  # not run; who imports it later runs it
    try:
        return import_module(f"{_LIBRARY}.types")
    finally:
        del sys.modules[_LIBRARY]


types = _types()
