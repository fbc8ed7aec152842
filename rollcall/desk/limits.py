"""What policy limits: tries, waits, and e-mails to one address."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Limits:
    lease: timedelta = timedelta(minutes=2)
    """A sender's claim to an entry; well above the time that posting takes."""
    staff_lease: timedelta = timedelta(minutes=10)
    """The same for e-mails to staff, since a roster takes long; more than `send_mail` may run (deploy/functions.py)."""
    first_backoff: timedelta = timedelta(seconds=30)
    longest_backoff: timedelta = timedelta(hours=1)
    max_attempts: int = 200
    """Rejected attempts, over about four days."""
    unknown_waits: tuple[timedelta, ...] = (
        timedelta(minutes=5),
        timedelta(hours=1),
        timedelta(hours=6),
        timedelta(hours=24),
        timedelta(minutes=5),
    )
    """The wait for delivery events after each attempt of unknown result; after the last the e-mail has failed."""
    first_open: timedelta = timedelta(minutes=1)
    """How long the circuit breaker stays open; doubled each time, up to `longest_open`."""
    longest_open: timedelta = timedelta(minutes=15)
    longest_retry_after: timedelta = timedelta(hours=1)
    """SendGrid may ask for more; we try again after this."""
    to_one_address: int = 50
    """E-mails to one address within `address_window`: room for a delegation, and nobody can have us flood a stranger.
    Senders that count at the same moment may exceed it, each by one."""
    address_window: timedelta = timedelta(days=1)
    max_postponements: int = 3
    page: int = 100
    """Entries that a sweep reads at a time."""
    senders: int = 16
    """E-mails to people that a sweep sends at a time: nearly all of the time is waiting (docs/performance.md)."""
    sweep_for: timedelta = timedelta(minutes=5)
    """After this a sweep begins nothing new; the alert on missing sweeps waits ten minutes (deploy/alerts.py)."""
    reading_lease: timedelta = timedelta(minutes=10)
    """A reader's claim to an inbound e-mail; well above the time that the largest takes (docs/deploy.md)."""
    max_readings: int = 5
    emails_a_sweep: int = 20
    """Inbound e-mails that a sweep reads."""
    stored_answers: int = 200_000
    """Bytes (UTF-8) of answers stored with an inbound e-mail, well below a document's limit; the file has all."""
