"""A server of ours over HTTPS, as browsers meet it, and a connection that is lost on the way."""

import base64
import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Relay:
    """Every byte goes through until `lost`: then each connection is closed at once."""

    address: str
    trusts: str
    """Chromium's argument to trust the certificate; told to ignore faults instead, it would cache nothing."""
    lost: bool = False


@contextmanager
def over_https(port: int, folder: Path) -> Iterator[Relay]:
    """In front of the HTTP server at this port."""
    certificate = folder / "certificate.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    spki = _write_certificate(certificate)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        trusts = f"--ignore-certificate-errors-spki-list={spki}"
        relay = Relay(f"https://localhost:{listening.getsockname()[1]}", trusts)
        threading.Thread(target=_accept, args=(relay, context, listening, port), daemon=True).start()
        yield relay
        relay.lost = True


def _accept(relay: Relay, context: ssl.SSLContext, listening: socket.socket, port: int) -> None:
    while True:
        try:
            raw, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_relay, args=(relay, context, raw, port), daemon=True).start()


def _relay(relay: Relay, context: ssl.SSLContext, raw: socket.socket, port: int) -> None:
    with suppress(OSError), context.wrap_socket(raw, server_side=True) as browser:
        while request := browser.recv(1 << 16):
            if relay.lost:
                return
            with socket.create_connection(("127.0.0.1", port)) as server:  # one request, one connection
                server.sendall(_closing(request))
                _pass_on(browser, server, _missing(request))
                while answer := server.recv(1 << 16):
                    browser.sendall(answer)
            return


def _closing(request: bytes) -> bytes:
    return request.replace(b"Connection: keep-alive", b"Connection: close", 1)


def _missing(request: bytes) -> int:
    """Bytes of the body that have not come yet."""
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lengths[0]) - len(body) if lengths else 0


def _pass_on(browser: ssl.SSLSocket, server: socket.socket, missing: int) -> None:
    while missing > 0 and (more := browser.recv(1 << 16)):
        server.sendall(more)
        missing -= len(more)


def _write_certificate(path: Path) -> str:
    """For `localhost`, with its key; the base 64 SHA-256 of its public key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(pem))
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()
