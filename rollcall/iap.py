"""Identity-Aware Proxy: whom the header names that it signs (https://cloud.google.com/iap/docs/signed-headers-howto)."""

import json
from collections.abc import Callable
from threading import Lock
from typing import Any
from urllib.request import HTTPRedirectHandler, build_opener

from google.auth import jwt
from google.auth.exceptions import GoogleAuthError

from rollcall.model.errors import IdentityUnknown, NotIdentified

KEYS = "https://www.gstatic.com/iap/verify/public_key"
_ISSUER, _ALGORITHM = "https://cloud.google.com/iap", "ES256"
SKEW = 30
"""Seconds, as Google's page has it."""
LONGEST_LIFE = 10 * 60 + 2 * SKEW
KEPT_FOR = 60 * 60.0
ASK_AGAIN_AFTER = 60.0
"""Seconds, of an id that is not there: anybody can make one up."""
TRY_AGAIN_AFTER = 5.0
"""After a failure: those who wait must not wait for each other's."""
_TIMEOUT = 5.0
_MOST = 100_000
"""Bytes of all keys: Google's have 1,000."""


class _FollowsNone(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Then it is an error."""


class PublishedKeys:
    """Google's public keys, by id. Thread-safe. `seconds` counts up (`time.monotonic`)."""

    def __init__(self, seconds: Callable[[], float], address: str = KEYS) -> None:
        self._seconds, self._address = seconds, address
        self._lock = Lock()
        self._keys: dict[str, str] = {}
        self._read_at = self._failed_at = float("-inf")

    def key(self, id: object) -> str | None:
        """As PEM. Raises `IdentityUnknown`."""
        if not isinstance(id, str):
            return None
        with self._lock:
            age = self._seconds() - self._read_at
            if age >= KEPT_FOR or (id not in self._keys and age >= ASK_AGAIN_AFTER):
                self._read()
            return self._keys.get(id)

    def _read(self) -> None:
        if self._seconds() - self._failed_at < TRY_AGAIN_AFTER:
            raise IdentityUnknown("Google's keys could not be read a moment ago")
        try:
            self._keys = self._published()
        except IdentityUnknown:
            self._failed_at = self._seconds()
            raise
        self._read_at = self._seconds()

    def _published(self) -> dict[str, str]:
        try:
            with build_opener(_FollowsNone).open(self._address, timeout=_TIMEOUT) as answer:
                keys = json.loads(answer.read(_MOST))
        except (OSError, ValueError) as error:
            raise IdentityUnknown("Google's keys cannot be read") from error
        if not isinstance(keys, dict):
            raise IdentityUnknown("Google's keys cannot be read")
        return {str(id): str(key) for id, key in keys.items()}


class SignedHeader:
    """`audience`: the service, `/projects/<number>/locations/<region>/services/<name>`."""

    def __init__(self, audience: str, keys: PublishedKeys) -> None:
        self._audience, self._keys = audience, keys

    def address(self, header: str) -> str:
        """The e-mail address of whoever asks. Raises `NotIdentified`, and `IdentityUnknown` while nobody can tell."""
        if not header:
            raise NotIdentified("no header")
        try:
            head = jwt.decode_header(header)  # type: ignore[no-untyped-call]
            if head.get("alg") != _ALGORITHM:  # the library would take RSA's too
                raise NotIdentified("another algorithm")
            key = self._keys.key(head.get("kid"))
            if key is None:
                raise NotIdentified("an unknown key")
            said = jwt.decode(  # type: ignore[no-untyped-call]
                header, {head["kid"]: key}, audience=self._audience, clock_skew_in_seconds=SKEW
            )
        except (GoogleAuthError, ValueError, TypeError, RecursionError):  # their messages quote the header
            raise NotIdentified("not signed for us, or not now") from None
        if said.get("iss") != _ISSUER:
            raise NotIdentified("another issuer")
        if said["exp"] - said["iat"] > LONGEST_LIFE:
            raise NotIdentified("valid for too long")
        address = said.get("email")
        if not isinstance(address, str) or not address:  # of a workforce pool that maps no google.email
            raise NotIdentified("no e-mail address")
        return address
