"""Everything that crosses the edge is checked here, by Marshmallow."""

import re
from typing import Any


class _Later:
    """An expression that is compiled when it is first used."""

    def __init__(self, *given: Any) -> None:
        self._given = given

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # a class that has one asks whether it is abstract
            raise AttributeError(name)
        return getattr(_compile(*self._given), name)


def _compile_later(pattern: Any, flags: int = 0) -> Any:
    return _Later(pattern, flags) if flags == re.IGNORECASE | re.UNICODE else _compile(pattern, flags)


# Marshmallow has an expression for e-mail addresses, over all of Unicode: compiling it is a twentieth of a cold start,
# and hardly an address needs it (`PLAIN_ADDRESS`).
_compile = re.compile
re.compile = _compile_later
try:
    import marshmallow as marshmallow
finally:
    re.compile = _compile
