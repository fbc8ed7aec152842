"""As whom Firestore is called: a metadata server, and the headers of calls as its gRPC channel sees them."""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.api_core.exceptions import ServiceUnavailable

from rollcall.model.errors import StoreUnavailable
from rollcall.store.firestore import FirestoreStore
from rollcall.store.google_account import ASKED_AGAIN_BEFORE, ServiceAccount
from tests.support.threaded import QuietHandler, http_server

LASTS = 3599


@dataclass
class Metadata:
    """Answers as Google's server does, after these bodies; each token is another."""

    orders: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    seconds: float = 1000.0


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    metadata = Metadata()

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            metadata.asked.append((self.path, self.headers["Metadata-Flavor"]))
            token = {"access_token": f"token-{len(metadata.asked)}", "expires_in": LASTS, "token_type": "Bearer"}
            status, body = metadata.orders.pop(0) if metadata.orders else (200, json.dumps(token).encode())
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with http_server(Handler) as address:
        monkeypatch.setenv("GCE_METADATA_HOST", address.removeprefix("http://"))
        yield metadata


@pytest.fixture
def account(metadata: Metadata) -> ServiceAccount:
    return ServiceAccount(lambda: metadata.seconds)


def bearer(number: int) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer token-{number}")]


def test_a_token_is_asked_for_once_and_again_before_its_end(metadata: Metadata, account: ServiceAccount) -> None:
    assert account() == account() == bearer(1)
    assert metadata.asked == [("/computeMetadata/v1/instance/service-accounts/default/token", "Google")]
    metadata.seconds += LASTS - ASKED_AGAIN_BEFORE - 1
    assert account() == bearer(1)
    metadata.seconds += 1
    assert account() == account() == bearer(2)


def test_threads_at_once_ask_once(metadata: Metadata, account: ServiceAccount) -> None:
    had: list[Any] = []
    threads = [threading.Thread(target=lambda: had.append(account())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert had == [bearer(1)] * 20
    assert len(metadata.asked) == 1


NO_TOKENS = [(500, b"fault"), (200, b"<html>"), (404, b"{}"), (200, b"[]"), (200, b'{"access_token": "a"}'), (200, b"")]


@pytest.mark.parametrize("said", NO_TOKENS)
def test_no_token_is_a_fault_that_passes(metadata: Metadata, account: ServiceAccount, said: tuple[int, bytes]) -> None:
    metadata.orders.append(said)
    with pytest.raises(ServiceUnavailable):
        account()
    assert account() == bearer(2)


class Listening(grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]
    """Notes each call's headers, and makes it as the emulator's owner."""

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []

    def intercept_unary_stream(self, go_on: Any, details: Any, request: Any) -> Any:
        self.headers.append(dict(details.metadata))
        return go_on(details._replace(metadata=[("authorization", "Bearer owner")]), request)


def test_each_call_to_firestore_has_the_token_and_waits_for_it(project: str, metadata: Metadata) -> None:
    listening = Listening()
    channel = grpc.intercept_channel(grpc.insecure_channel(os.environ["FIRESTORE_EMULATOR_HOST"]), listening)
    store = FirestoreStore(project, channel, account=ServiceAccount(lambda: metadata.seconds))
    metadata.orders += [(503, b""), (503, b"")]
    assert store.entry("none") is None
    assert store.entry("none") is None
    database = f"projects/{project}/databases/(default)"
    assert listening.headers == 2 * [
        {
            "authorization": "Bearer token-3",
            "google-cloud-resource-prefix": database,
            "x-goog-request-params": f"database={database.replace('(', '%28').replace(')', '%29')}",
        }
    ]


def test_without_a_metadata_server_the_store_is_unavailable(project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_server(QuietHandler) as address:
        monkeypatch.setenv("GCE_METADATA_HOST", address.removeprefix("http://"))  # nobody listens there any more
    store = FirestoreStore(project, account=ServiceAccount(lambda: 0.0), retry_within=timedelta(0))
    with pytest.raises(StoreUnavailable):
        store.entry("none")
