"""The books in the emulator: what a registration left there, and empty ones."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

from google.cloud import firestore

from bench.serving import Running
from bench.subjects import FORM, NUMBER, Subject


@dataclass(frozen=True)
class Database:
    """A project of the bench's own in the emulator at this address, that of `FIRESTORE_EMULATOR_HOST`."""

    emulator: str
    project: str = field(default_factory=lambda: f"bench-{uuid4().hex[:8]}")

    @contextmanager
    def served(self, subject: Subject) -> Iterator[Running]:
        """The subject, with these books."""
        with subject.served({"FIRESTORE_EMULATOR_HOST": self.emulator, "GOOGLE_CLOUD_PROJECT": self.project}) as server:
            yield server

    def documents(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The one registration and the one mail that are there; an id is told by its length alone, in `id`."""
        client = firestore.Client(self.project)
        (registration,) = client.collection_group("registrations").stream()
        (mail,) = client.collection("mails").stream()
        of_mail = {"registration_id": len(mail.get("registration_id")), "id": len(mail.id)}
        return _written(registration) | {"id": len(registration.id)}, _written(mail) | of_mail

    def empty(self) -> None:
        """Forget every document: many make the emulator slow."""
        connection = HTTPConnection(self.emulator)
        connection.request("DELETE", f"/emulator/v1/projects/{self.project}/databases/(default)/documents")
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"The emulator does not forget its documents: {answer.status}")
        connection.close()


def take_first(subject: Subject, server: Running, number: str | None = None) -> None:
    """Post a form, of a new person or with this number, as soon as the server takes it; it is to be accepted."""
    form = {name: str(answer).replace(NUMBER, number or uuid4().hex[:15]) for name, answer in FORM.items()}
    answer = server.first_answer(lambda served: served.post_json(subject.path, form))
    if answer.status != 201:
        raise SystemExit(f"{subject.name} answered the first form {answer.status}: {answer.text}")


def left_by(subject: Subject, emulator: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The documents that it writes for one and the same form."""
    db = Database(emulator)
    with db.served(subject) as server:
        take_first(subject, server, "0" * 15)
    return db.documents()


def same_documents(subjects: Sequence[Subject], emulator: str) -> None:
    """Raises `SystemExit` where one of them writes other documents than the first."""
    first, *others = subjects
    expected = left_by(first, emulator)
    for other in others:
        documents = left_by(other, emulator)
        if documents != expected:
            raise SystemExit(f"{other.name} writes {documents}, and {first.name} {expected}")


def _written(snapshot: Any) -> dict[str, Any]:
    written: dict[str, Any] = snapshot.to_dict()
    return written
