"""What can go wrong that no verb decided. A wrong configuration is not among these: it stops the start."""

from datetime import timedelta


class DeskError(Exception):
    pass


class StoreUnavailable(DeskError):
    """Nothing is known to be written; the same call again is safe. Not raised for a "no": a document that is there, a
    lost race."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("the store cannot be reached")
        self.retry_after = retry_after
