"""As whom a function calls Google: with its service's own account."""

import json
import os
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from threading import Lock

from google.api_core.exceptions import ServiceUnavailable

Headers = Sequence[tuple[str, str]]

_METADATA_SERVER = "metadata.google.internal"
_TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"
ASKED_AGAIN_BEFORE = 225.0
"""Seconds before the token's end, as google-auth does."""
_TIMEOUT = 1.0
"""Seconds. It answers on the same machine."""


class ServiceAccount:
    """By the metadata server of Cloud Run (https://cloud.google.com/run/docs/securing/service-identity). That is one
    request; importing google-auth for it takes a sixth of a cold start. Thread-safe."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """`seconds` counts up (`time.monotonic`)."""
        self._seconds = seconds
        self._lock = Lock()
        self._headers: Headers = ()
        self._until = seconds()

    def __call__(self) -> Headers:
        """Raises `ServiceUnavailable`."""
        with self._lock:
            asked_at = self._seconds()
            if asked_at >= self._until:
                token, lasts = _token()
                self._headers = [("authorization", f"Bearer {token}")]
                self._until = asked_at + lasts - ASKED_AGAIN_BEFORE
            return self._headers


def _token() -> tuple[str, float]:
    """And how many seconds it lasts."""
    connection = HTTPConnection(os.environ.get("GCE_METADATA_HOST", _METADATA_SERVER), timeout=_TIMEOUT)
    try:
        connection.request("GET", _TOKEN, headers={"Metadata-Flavor": "Google"})
        said = json.loads(connection.getresponse().read())
        return str(said["access_token"]), float(said["expires_in"])
    except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
        raise ServiceUnavailable("the metadata server gave no token") from error  # type: ignore[no-untyped-call]
    finally:
        connection.close()
