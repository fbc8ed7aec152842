"""A browser's script that sends a file in pieces, as `Uploads.begin` says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from handlers.contribute.pieces import put_piece
from rollcall.desk.desk import Desk
from tests.support.in_process import ask

PIECE = 1 << 20

Put = Callable[[Mapping[str, str], bytes], tuple[int, str]]
"""Headers and bytes to an upload's address: status, and the answer's `Range`."""


@dataclass
class Sender:
    put: Put
    content: bytes
    statuses: list[int] = field(default_factory=list)

    def asks(self) -> int:
        """How far it came."""
        return self._sends(f"bytes */{len(self.content)}", b"")

    def sends(self, first: int, size: int = PIECE) -> int:
        piece = self.content[first : first + size]
        return self._sends(f"bytes {first}-{first + len(piece) - 1}/{len(self.content)}", piece)

    def sends_all(self, first: int = 0) -> None:
        while first < len(self.content):
            first = self.sends(first)

    def _sends(self, content_range: str, piece: bytes) -> int:
        status, came = self.put({"Content-Range": content_range}, piece)
        self.statuses.append(status)
        if status != 308:
            return len(self.content)
        return int(came.removeprefix("bytes=0-")) + 1 if came else 0


def to_desk(desk: Desk, address: str) -> Put:
    """Through the handler, in this process."""

    def put(headers: Mapping[str, str], piece: bytes) -> tuple[int, str]:
        name = address.removeprefix("uploads/")
        said = ask(lambda request: put_piece(desk, request, name), "PUT", f"/contribute/x/{address}", piece, headers)
        return said.status, said.headers.get("Range", "")

    return put


def to_bucket(address: str) -> Put:
    def put(headers: Mapping[str, str], piece: bytes) -> tuple[int, str]:
        try:
            with urlopen(Request(address, piece, dict(headers), method="PUT")) as answer:
                return answer.status, answer.headers.get("Range", "")
        except HTTPError as error:
            return error.code, error.headers.get("Range", "")

    return put
