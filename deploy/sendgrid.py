"""SendGrid's side of the desk, by its v3 API."""

from typing import Protocol


class Secrets(Protocol):
    """Where the functions' keys are kept, by the names of their secrets."""

    def get(self, name: str) -> str | None:
        """What the secret holds now; nothing where it holds nothing yet."""
        ...

    def put(self, name: str, value: str) -> None:
        """Let the secret hold this from now on; functions that are deployed afterwards read it."""
        ...
