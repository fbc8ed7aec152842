"""Where a function that is served keeps what it stores."""

import uuid
from pathlib import Path

import pytest


def store_settings(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    """The settings of a function with a new database, in the store that the fixture's parameter names."""
    published = {"PUBLISHED": str(folder / "published")}
    if request.param == "sqlite":
        return {"STORE": "sqlite", "SQLITE_PATH": str(folder / "store.sqlite3"), **published}
    project = f"test-{uuid.uuid4().hex[:12]}"
    host = request.getfixturevalue("emulator")
    return {"STORE": "firestore", "FIRESTORE_EMULATOR_HOST": host, "GOOGLE_CLOUD_PROJECT": project, **published}
