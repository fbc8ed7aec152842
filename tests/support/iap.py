"""Identity-Aware Proxy as a function meets it: headers that it signs, and the server of its public keys."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.support.threaded import QuietHandler, http_server

AUDIENCE = "/projects/123456789012/locations/europe-west6/services/staff"


@dataclass(frozen=True)
class Key:
    id: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def public(self) -> str:
        """PEM, as Google publishes it."""
        as_pem = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(*as_pem).decode()

    def header(self, address: object, *, head: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """For this e-mail address, valid now; `head` and `claims` are otherwise than IAP has them. None: left out."""
        now = int(time.time())
        said = {
            "iss": "https://cloud.google.com/iap",
            "aud": AUDIENCE,
            "azp": AUDIENCE,
            "sub": "accounts.google.com:110169484474386276334",
            "email": address,
            "iat": now,
            "exp": now + 600,
            **claims,
        }
        signed = signed_part({"alg": "ES256", "typ": "JWT", "kid": self.id, **(head or {})}, said)
        r, s = decode_dss_signature(self.private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{in_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def signed_part(head: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    parts = ({name: one for name, one in part.items() if one is not None} for part in (head, claims))
    return ".".join(in_base64(json.dumps(part).encode()) for part in parts)


def in_base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Published:
    """The server of the public keys."""

    keys: list[Key]
    address: str = ""
    status: int = 200
    body: str | None = None
    """In place of the keys."""
    asked: int = 0


@contextmanager
def published(*keys: Key) -> Iterator[Published]:
    server = Published([*keys])

    class Answer(QuietHandler):
        def do_GET(self) -> None:
            server.asked += 1
            content = (
                server.body if server.body is not None else json.dumps({one.id: one.public for one in server.keys})
            )
            self.send_response(server.status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(content.encode())

    with http_server(Answer) as address:
        server.address = address
        yield server
