"""A stand-in that speaks clamd's protocol (clamd(8), INSTREAM), and knows one virus: the test string."""

import socketserver
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.threaded import at_work

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""In two, so that no scanner takes this file for it (https://www.eicar.org/download-anti-malware-testfile/)."""


@contextmanager
def scanner(answer: bytes | None = None, largest: int = 100 << 20, mute: bool = False) -> Iterator[str]:
    """Its address for so long. `answer`: what it says instead, whatever it is sent; `mute`: it never answers."""

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if self.rfile.read(10) != b"zINSTREAM\0":
                return self._says(b"UNKNOWN COMMAND")
            content = bytearray()
            while size := struct.unpack("!L", self.rfile.read(4))[0]:
                content += self.rfile.read(size)
                if len(content) > largest:
                    return self._says(b"INSTREAM size limit exceeded. ERROR")
            if mute:
                self.rfile.read(1)
                return None
            found = b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK"
            return self._says(found if answer is None else answer)

        def _says(self, answer: bytes) -> None:
            self.wfile.write(answer + b"\0" if answer else b"")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Session)
    with at_work(server):
        yield f"127.0.0.1:{server.server_address[1]}"
