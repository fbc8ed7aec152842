"""What policy limits: tries, waits, and e-mails to one address."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Limits:
    """The limits of sending and receiving."""

    lease: timedelta = timedelta(minutes=2)
    """How long a sender has an entry to itself; well above the time that posting may take."""
    staff_lease: timedelta = timedelta(minutes=10)
    """The same, for an e-mail to the staff: a roster of many is drawn up first. More than `send_mail` may run
    (`deploy/functions.py`)."""
    first_backoff: timedelta = timedelta(seconds=30)
    longest_backoff: timedelta = timedelta(hours=1)
    max_attempts: int = 200
    """Rejected attempts before an e-mail has failed: about four days."""
    unknown_waits: tuple[timedelta, ...] = (
        timedelta(minutes=5),
        timedelta(hours=1),
        timedelta(hours=6),
        timedelta(hours=24),
        timedelta(minutes=5),
    )
    """How long an e-mail waits for delivery events after its first, second, ... attempt of unknown result, before it
    is sent again; after the last of these it has failed: it is handed over five times at most, within some 31 hours."""
    first_open: timedelta = timedelta(minutes=1)
    """How long the circuit breaker stays open before an e-mail tries; doubled each time, up to `longest_open`."""
    longest_open: timedelta = timedelta(minutes=15)
    longest_retry_after: timedelta = timedelta(hours=1)
    """SendGrid may ask for more; we try again after this."""
    to_one_address: int = 50
    """E-mails about registrations, and inbound e-mails, to and from one address within `address_window`; more wait for
    another. A focal point's delegation fits, and nobody can have us flood a stranger. Senders that count at the same
    moment may each find room for one more: those of a sweep (`senders`), and those of `send_mail`
    (`deploy/functions.py`)."""
    address_window: timedelta = timedelta(days=1)
    max_postponements: int = 3
    """How often an e-mail waits for another window before it has failed."""
    page: int = 100
    """Entries that a sweep reads at a time."""
    senders: int = 16
    """E-mails to people that a sweep sends at a time: nearly all of the time is waiting, for SendGrid and for the store
    (docs/performance.md)."""
    sweep_for: timedelta = timedelta(minutes=5)
    """A sweep begins no page, and no e-mail to staff, after this; the next one begins within a minute. The alert on
    sweeps that do not come any more waits ten minutes (`deploy/alerts.py`)."""
