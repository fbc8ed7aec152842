"""What contributions and the event's pages need of a store, of files, and of whoever looks into a file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from rollcall.model.contribution import Contribution, ContributionChange, PaperDoubt
from rollcall.model.email import OutboxEntry
from rollcall.model.programme import Programme
from rollcall.model.staff import AuditEntry


class Contributions(Protocol):
    def accept_contribution(self, contribution: Contribution) -> datetime | None:
        """Write it and its `key` in one commit, and read nothing. Its time; None, and nothing written, if the key is
        there. If the answer to the commit is lost, look whether it was written."""

    def contribution(self, id: str) -> Contribution | None: ...

    def contribution_under(self, event: str, key: str) -> Contribution | None: ...

    def contributions(self, event: str, limit: int, before: int | None = None) -> Sequence[Contribution]:
        """Those with a number below `before`, the highest first."""

    def contributions_numbered(self, event: str, numbers: Sequence[int]) -> Sequence[Contribution]: ...

    def contributions_without_receipts(self) -> Iterator[Contribution]:
        """All, of all events (`receipts_due`), in no order; not all in memory at once."""

    def count_contributions(self, event: str) -> int: ...

    def save_contribution(
        self,
        before: Contribution,
        after: Contribution,
        change: ContributionChange | None,
        enqueue: Sequence[OutboxEntry] = (),
        audit: AuditEntry | None = None,
    ) -> datetime | None:
        """With its history in one commit, if nobody wrote it since it was read, and no entry is there. A paper without
        `received_at` is read with the time of the commit that brought it."""

    def contribution_history(self, id: str) -> Sequence[ContributionChange]: ...

    def last_number(self, event: str) -> tuple[int, object]:
        """And the version of its document."""

    def give_numbers(
        self, event: str, last: tuple[int, object], numbered: Sequence[Contribution], enqueue: Sequence[OutboxEntry]
    ) -> bool:
        """One commit: the last number, these contributions as they are now (with numbers and `receipts`), and their
        receipts; False, and nothing written, if anybody wrote any of it since it was read."""

    # --- the programme, as the staff changed it: `events/{slug}/programme/now`, and `…/programme/{number}` each

    def programme(self, event: str, number: int | None = None) -> Programme:
        """As it stands, or as it stood by this change; `NO_PROGRAMME` where there is none."""

    def save_programme(self, event: str, programme: Programme, audit: AuditEntry) -> bool:
        """The next one, kept beside all earlier ones; False if somebody wrote it since it was read."""

    # --- what is to be published again: `publications/{slug}`

    def publication_due(self, event: str, at: datetime) -> None:
        """No later than `at`; written before what changes what is published, so that a crash loses none of it."""

    def publication_marked(self, event: str) -> datetime | None:
        """Until then what was marked may come; None: all of it is published."""

    def due_publications(self, limit: int) -> Sequence[str]:
        """Slugs, the longest due first; one query, whatever the events."""

    def published(self, event: str, as_of: datetime, next_at: datetime | None) -> None:
        """Unless it became due again since `as_of`."""


class Uploads(Protocol):
    """Files on their way in, in pieces, which nobody but the staff and their sender ever reads. Not kept after some
    days unless `keep` takes one over."""

    @property
    def sends_to(self) -> str:
        """The host of the addresses to which browsers send, as `https://storage.example`; empty where it is ours."""

    def begin(self, id: str, size: int, origin: str) -> str:
        """The address to which a browser on a page of `origin` puts it in pieces; nobody can guess it. Relative to
        `/contribute/<slug>/` where it is a function of ours: `uploads/<id>.<size>` (`handlers.contribute.pieces`).

        It takes exactly `size` bytes (1 or more), as Cloud Storage's "Resumable uploads" do: `PUT` with `Content-Range:
        bytes 0-262143/1000000` and those bytes (all but the last piece a multiple of 262144); `bytes */1000000` with
        none asks how far it came. 308 with `Range: bytes=0-262143` while more is to come, without `Range` where nothing
        is there yet: go on behind that, whatever was sent. 200 or 201: whole. 5xx, 408, 429, or no answer: ask, then go
        on. Else (4xx): begin another. Raises `StoreUnavailable`."""

    def put_piece(self, id: str, size: int, first: int, pieces: Iterable[bytes]) -> int | None:
        """What was sent to that address of ours: from byte `first` on. How far it came, on the disk; None where there
        is no such upload here."""

    def put(self, id: str, content: bytes) -> None:
        """At once, what came through us."""

    def fetch(self, id: str, into: Path) -> bool:
        """A whole upload, in pieces; False where there is none, or not all of it yet."""

    def keep(self, id: str, as_id: str) -> None:
        """Among `Files`, under this id; does nothing if it is there. `LookupError` if there is neither."""


@dataclass(frozen=True)
class Inspected:
    """A file, as its content says. `fault` names why it is refused."""

    name: str = ""
    """Harmless, with the ending of its kind."""
    ending: str = ""
    type: str = ""
    size: int = 0
    sha256: str = ""
    fault: str = ""
    """A code of `schemas.faults`: `file_active`, `file_kind`, `file_virus`, `file_empty`; empty: it may be taken."""
    doubt: PaperDoubt | None = None
    properties: Mapping[str, str] | None = None
    """`title`, `author`, `language`, where the document says so itself."""


class Inspector(Protocol):
    def __call__(self, path: Path, name: str) -> Inspected:
        """Within a budget of time and memory, in a process of its own. Raises nothing."""


class Published(Protocol):
    """What everybody may read, apart from all else: a bucket, or a folder, of its own."""

    def site(self, event: str) -> tuple[bytes, object] | None:
        """The snapshot (`Site` as JSON), and its version."""

    def put_site(self, event: str, content: bytes, over: object | None) -> bool:
        """If it is still of this version (None: there is none yet); else False."""

    def put_file(self, name: str, pieces: Iterator[bytes]) -> None:
        """Does nothing if it is there."""

    def file(self, name: str) -> Iterator[bytes] | None: ...

    def remove_file(self, name: str) -> None: ...
