"""A Cloud Storage that answers as a test orders."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from tests.support.sendgrid_api import Behaviour, answers
from tests.support.threaded import QuietHandler, http_server

WE_MAY_NOT = answers(403, {}, b"")


def at(address: str) -> Client:
    """Cloud Storage at this address."""
    options = {"api_endpoint": address}
    return Client(project="test", credentials=AnonymousCredentials(), client_options=options)  # type: ignore[no-untyped-call]


@dataclass
class ScriptedStorage:
    """A Cloud Storage that answers as a test orders, and what it was asked."""

    address: str
    orders: list[Behaviour]
    asked: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)


@contextmanager
def scripted_storage(*orders: Behaviour) -> Iterator[ScriptedStorage]:
    """A server that answers so, one request after another."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.do_GET()

        def do_GET(self) -> None:
            if "/o" not in urlsplit(self.path).path:
                WE_MAY_NOT(self)  # the library asks on the side for what its traces say of the bucket
                return
            storage.asked.append(self.path)
            storage.headers.append({name.lower(): value for name, value in self.headers.items()})
            storage.orders.pop(0)(self)

    with http_server(Handler) as address:
        storage = ScriptedStorage(address, list(orders))
        yield storage
