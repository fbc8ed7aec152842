"""What the tests of the deploying share."""

import shutil
from collections.abc import Iterator

import pytest

from tests.conftest import leave_out
from tests.deploy.google_api import GoogleApi, google_api


@pytest.fixture(scope="module")
def google() -> Iterator[GoogleApi]:
    """Google, with a project in which nothing is; `google.runs(folder)` runs the real gcloud against it."""
    if shutil.which("gcloud") is None:
        leave_out("the deploying to Google Cloud: gcloud is not installed")
    with google_api() as api:
        yield api
