"""The bench's databases in the emulator: what a registration wrote there, and empty ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

from google.cloud import firestore

from bench.serving import Running
from bench.subjects import FORM, NUMBER, Subject

Documents = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
"""A registration, a person, an outbox entry."""


@dataclass(frozen=True)
class Database:
    """A project of the bench's own in the emulator at this address, that of `FIRESTORE_EMULATOR_HOST`."""

    emulator: str
    project: str = field(default_factory=lambda: f"bench-{uuid4().hex[:8]}")

    @contextmanager
    def served(self, subject: Subject) -> Iterator[Running]:
        """The subject on this database."""
        with subject.served({"FIRESTORE_EMULATOR_HOST": self.emulator, "GOOGLE_CLOUD_PROJECT": self.project}) as server:
            yield server

    def documents(self) -> Documents:
        """The one registration, person and outbox entry that are there; an id is told by its length alone."""
        client = firestore.Client(self.project)
        groups = (client.collection_group(name) for name in ("registrations", "people", "outbox"))
        registration, person, entry = (_the_one(group) for group in groups)
        return registration, person, entry

    def empty(self) -> None:
        """Delete every document: many make the emulator slow."""
        connection = HTTPConnection(self.emulator)
        connection.request("DELETE", f"/emulator/v1/projects/{self.project}/databases/(default)/documents")
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"The emulator does not delete its documents: {answer.status}")
        connection.close()


def take_first(subject: Subject, server: Running, number: str | None = None) -> None:
    """Post a form, of a new person or with this number, as soon as the server is up. Raises `SystemExit` unless it is
    accepted."""
    form = {name: str(answer).replace(NUMBER, number or uuid4().hex[:15]) for name, answer in FORM.items()}
    answer = server.first_answer(lambda served: served.post_json(subject.path, form))
    if answer.status != 201:
        raise SystemExit(f"{subject.name} answered the first form {answer.status}: {answer.text}")


def left_by(subject: Subject, emulator: str) -> Documents:
    """What it writes for one and the same form."""
    db = Database(emulator)
    with db.served(subject) as server:
        take_first(subject, server, "0" * 15)
    return db.documents()


def hold_to_same_documents(left: Mapping[str, Documents]) -> None:
    """What each subject wrote, by its name. Raises `SystemExit` where one wrote other documents than the first."""
    (first, expected), *others = left.items()
    for name, documents in others:
        if documents != expected:
            raise SystemExit(f"{name} writes {documents}, and {first} {expected}")


def _the_one(group: Any) -> dict[str, Any]:
    (document,) = group.stream()
    written: dict[str, Any] = document.to_dict()
    random = ("registration_id", "form_version", "name_key", "similar")
    lengths = {name: len(written[name]) for name in random if name in written}
    terms = {"terms": len(written["terms"]) // 25} if "terms" in written else {}  # a few depend on the id
    shard = {"shard": 0} if "shard" in written else {}
    return written | lengths | terms | shard | {"id": len(document.id)}
