"""What is installed is what is locked, and `docs/third-party.md` names all of it."""

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.served import ROOT


def _lines(file: str) -> list[str]:
    """What pip reads: lines joined where a backslash ends them, without comments."""
    joined = (ROOT / file).read_text("utf-8").replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _versions(file: str) -> dict[str, str]:
    """By package; each is pinned."""
    named = [Requirement(re.split(r" --hash=", line)[0]) for line in _lines(file) if not line.startswith("-")]
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in named}


LOCKED = _versions("requirements.txt")


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_each_line_of_a_lock_has_one_version_and_its_hashes(file: str) -> None:
    """And nothing else: no registry, no other file."""
    assert len(_lines(file)) > 50
    for line in _lines(file):
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ;[^\\]*?)?( +--hash=sha256:[0-9a-f]{64})+", line), line


def test_what_we_name_is_locked_at_the_version_we_name() -> None:
    assert _versions("requirements.in").items() <= LOCKED.items()
    assert _versions("requirements-dev.in").items() <= _versions("requirements-dev.txt").items()


def test_the_tests_run_with_what_is_deployed() -> None:
    assert LOCKED.items() <= _versions("requirements-dev.txt").items()


def test_the_page_names_what_is_locked() -> None:
    """`make third-party` writes it."""
    page = (ROOT / "docs" / "third-party.md").read_text("utf-8")
    _, _, *rows = [line.strip("| ").split("|") for line in page.splitlines() if line.startswith("|")]
    named = [(canonicalize_name(name.strip()), version.strip()) for name, version, _ in rows]
    assert sorted(named) == sorted(LOCKED.items())
    assert [name for name, _, licence in rows if licence.strip() in ("", "UNKNOWN")] == []
