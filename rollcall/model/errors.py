"""What can go wrong that no verb decided."""

from datetime import timedelta


class StoreUnavailable(Exception):
    """Nothing is known to be written; the same call again is safe."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("the store cannot be reached")
        self.retry_after = retry_after


class Gone(LookupError):
    """It was erased, or deleted after its time, since somebody meant to work on it."""


class NotIdentified(Exception):
    """Nobody vouches for whoever asks; the message has no personal data."""


class IdentityUnknown(Exception):
    """Whether to believe who vouches cannot be told now; asking again is safe."""
