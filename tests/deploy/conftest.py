"""What the tests of the deploying share."""

import shutil
from collections.abc import Iterator

import pytest

from tests.support.google_api import GoogleApi, google_api
from tests.support.left_out import leave_out


@pytest.fixture(scope="module")
def google() -> Iterator[GoogleApi]:
    """Google, with a project in which nothing is; `google.runs(folder)` runs the real gcloud against it."""
    _need_gcloud()
    with google_api() as api:
        yield api


@pytest.fixture
def gcloud_is_there() -> None:
    """For commands of `make` that stop where gcloud is missing, though another answers here in its place."""
    _need_gcloud()


def _need_gcloud() -> None:
    if shutil.which("gcloud") is None:
        leave_out("the deploying to Google Cloud: gcloud is not installed")
