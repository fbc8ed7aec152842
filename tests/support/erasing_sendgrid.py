"""A local SendGrid that takes erasures, and holds each against what SendGrid publishes of it, in the OpenAPI document
`tsg_recipients_data_erasure_v3`: 1 to 5,000 unique addresses, 256 kB at the most, a bearer token; 202 with a job."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.threaded import QuietHandler, http_server

KEY = "SG.erases-and-nothing-else"


@dataclass
class ErasingSendGrid:
    url: str = ""
    erased: list[list[str]] = field(default_factory=list)
    """The addresses of each request."""
    faults: list[str] = field(default_factory=list)
    refusals: list[tuple[int, Any]] = field(default_factory=list)
    """Status and body of the next answers."""


def _faults(path: str, kind: str, body: bytes) -> list[str]:
    told = json.loads(body)
    addresses = told.get("email_addresses")
    if not isinstance(addresses, list):
        return ["email_addresses is no list"]
    checks = {
        f"{path} is not the path": path == "/v3/recipients/erasejob",
        f"{kind} is not JSON": kind == "application/json",
        f"{set(told)} are more than addresses": set(told) == {"email_addresses"},
        "not all are strings": all(isinstance(one, str) and "@" in one for one in addresses),
        f"{len(addresses)} addresses": 1 <= len(addresses) <= 5_000,
        f"{len(body)} bytes": len(body) <= 256_000,
        "some stand there twice": len(set(addresses)) == len(addresses),
    }
    return [fault for fault, holds in checks.items() if not holds]


@contextmanager
def erasing_sendgrid() -> Iterator[ErasingSendGrid]:
    there = ErasingSendGrid()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Authorization"] != f"Bearer {KEY}":
                self._answer(401, {"errors": [{"message": "Failed to authenticate", "field": ""}]})
            elif there.refusals:
                self._answer(*there.refusals.pop(0))
            else:
                there.faults += _faults(self.path, self.headers["Content-Type"], body)
                there.erased.append(json.loads(body)["email_addresses"])
                self._answer(202, {"job_id": f"job-{len(there.erased)}"})

        def _answer(self, status: int, body: Any) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("X-RateLimit-Reset", "17")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with http_server(Handler) as there.url:
        yield there
