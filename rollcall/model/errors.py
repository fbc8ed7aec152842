"""What can go wrong that no verb decided. A wrong configuration is not among these: it stops the start."""

from datetime import timedelta


class DeskError(Exception):
    """Base of the desk's own errors."""


class StoreUnavailable(DeskError):
    """The books cannot be reached now; nothing is known to be written. The same call again is always right.

    Not raised when the store answers "no": a record that is already there, a lost race.
    """

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("the store cannot be reached")
        self.retry_after = retry_after
