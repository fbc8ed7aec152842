"""Where the local run keeps its books."""

from collections.abc import Mapping

import pytest


@pytest.fixture(params=["sqlite", "firestore"])
def store(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """Settings for either store."""
    if request.param == "firestore":
        return {"STORE": "firestore", "FIRESTORE_EMULATOR_HOST": request.getfixturevalue("emulator")}
    return {"STORE": "sqlite"}
