"""The limits that policy sets."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Limits:
    lease: timedelta = timedelta(minutes=2)
    """Well above what posting takes."""
    staff_lease: timedelta = timedelta(minutes=10)
    """A roster takes long: more than `send_mail` may run (deploy/functions.py)."""
    first_backoff: timedelta = timedelta(seconds=30)
    longest_backoff: timedelta = timedelta(hours=1)
    max_attempts: int = 200
    """About four days."""
    unknown_waits: tuple[timedelta, ...] = (
        timedelta(minutes=5),
        timedelta(hours=1),
        timedelta(hours=6),
        timedelta(hours=24),
        timedelta(minutes=5),
    )
    """After each attempt of unknown result; then the e-mail has failed."""
    first_open: timedelta = timedelta(minutes=1)
    """Doubled each time."""
    longest_open: timedelta = timedelta(minutes=15)
    longest_retry_after: timedelta = timedelta(hours=1)
    to_one_address: int = 50
    """Room for a delegation; senders that count at the same moment may exceed it."""
    receipts_to_one_address: int = 20
    """Of those: anybody may give any address with a paper, and what else goes there must not wait for that."""
    address_window: timedelta = timedelta(days=1)
    total_window: timedelta = timedelta(hours=1)
    """Of `Event.emails_an_hour`."""
    shares: int = 10
    """An instance counts that hour again once it has sent a tenth of what was left: some more than instances send."""
    count_again: timedelta = timedelta(minutes=5)
    max_postponements: int = 3
    page: int = 100
    """Registrations looked at in one commit of an announcement."""
    announcement_pages: int = 30
    """In one call, of all announcements together."""
    senders: int = 32
    """Nearly all of it is waiting (docs/performance.md)."""
    due_at_once: int = 256
    """Entries that a sweep reads at a time: several for each sender, as some have nothing to do at their end; few
    enough that it ends soon after `sweep_for`, should SendGrid take its whole time for each."""
    sweep_for: timedelta = timedelta(minutes=5)
    """The alert on missing sweeps waits ten minutes (deploy/alerts.py)."""
    reading_lease: timedelta = timedelta(minutes=10)
    """Well above what the largest inbound e-mail takes (docs/deploy.md)."""
    max_readings: int = 2
    emails_a_sweep: int = 10
    """Inbound ones; each takes half a minute at the most (`rollcall.budget.Budget`)."""
    revisions: int = 100
    """Of a registration; after that, its person can only withdraw it."""
    conflict_kept: timedelta = timedelta(hours=1)
    """So long the answers of a form that changed nothing can be taken over."""
    differing_kept: timedelta = timedelta(days=30)
    """After the event, for the staff; they have ended most long before."""
    stored_answers: int = 200_000
    """Bytes, well below a document's limit; the file has all."""
    publication_lease: timedelta = timedelta(minutes=10)
    """Longer than any function may run: what is to be published after a change is published by then, whatever dies."""
    participants_every: timedelta = timedelta(minutes=10)
    """So often we look whether anybody who agreed to be listed has registered."""
    compared_every: timedelta = timedelta(minutes=15)
    """So often an instance compares what is published with the event file."""
    accesses_a_call: int = 2000
    """Deleted, of those whose time is over."""
    delete_for: timedelta = timedelta(minutes=3)
    """In one call; the next goes on."""
    deleted_at_once: int = 200
    """Documents, and their files."""
    deletes_no_sooner: timedelta = timedelta(days=3)
    """After the event file said a time that is past: it may be a mistake, made before a weekend."""
    deletes_again_after: timedelta = timedelta(days=1)
    """What came in since."""
