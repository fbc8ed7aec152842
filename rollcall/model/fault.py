"""What is wrong with an answer; `schemas.faults` has the sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """`params` are what its sentence names: numbers, a character's code point; never what the person wrote."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)
