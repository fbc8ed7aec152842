"""A SendGrid in a process of its own that speaks TLS, takes every mail after a while, and counts them by their ids:
little work, where `tests/support/sendgrid_api.py` looks into each.
"""

import asyncio
import itertools
import json
import multiprocessing
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@dataclass(frozen=True)
class CountingSendGrid:
    """Where it is, and what came."""

    url: str
    certificates: Path
    """A file of those that this machine trusts, and of its own: for `SSL_CERT_FILE`."""
    line: Connection

    def came(self) -> Counter[str]:
        """How often each mail came since this was last asked, by its id."""
        self.line.send("came")
        came: Counter[str] = self.line.recv()
        return came

    def connections(self) -> int:
        """How many were made since this was last asked."""
        self.line.send("connections")
        made: int = self.line.recv()
        return made


@contextmanager
def counting_sendgrid(folder: Path, latency: float) -> Iterator[CountingSendGrid]:
    """A server for the time of a test, its certificates in the folder; it answers after `latency` seconds."""
    certificate, key = _certificate()
    (folder / "sendgrid.pem").write_bytes(certificate + key)
    trusted = ssl.get_default_verify_paths().cafile
    (folder / "trusted.pem").write_bytes((Path(trusted).read_bytes() if trusted else b"") + certificate)
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(theirs, folder / "sendgrid.pem", latency), daemon=True
    )
    process.start()
    try:
        yield CountingSendGrid(f"https://localhost:{ours.recv()}", folder / "trusted.pem", ours)
    finally:
        process.terminate()
        process.join()


def _certificate() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private


def _serve(line: Connection, certificate: Path, latency: float) -> None:
    asyncio.run(_serving(line, certificate, latency))


async def _serving(line: Connection, certificate: Path, latency: float) -> None:
    came: Counter[str] = Counter()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    connections = itertools.count()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        next(connections)
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # until the other side ends it
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.partition("content-length:")[2].partition("\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                await asyncio.sleep(latency)
                came[body["personalizations"][0]["custom_args"]["email_id"]] += 1
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()

    def told() -> None:
        nonlocal connections
        if line.recv() == "connections":
            line.send(next(connections))
            connections = itertools.count()
        else:
            line.send(came)
            came.clear()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context, backlog=1000)
    asyncio.get_running_loop().add_reader(line.fileno(), told)
    line.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
