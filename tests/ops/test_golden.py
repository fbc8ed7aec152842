"""What each command says is in `golden/`; `python -m tests.ops.golden` writes the files anew."""

from collections.abc import Mapping

import pytest

from tests.ops.golden import FOLDER, samples

FILES = sorted(path.name for path in FOLDER.iterdir())


@pytest.fixture(scope="module")
def said() -> Mapping[str, str]:
    return dict(samples())


@pytest.mark.parametrize("name", FILES)
def test_a_command_says_what_the_golden_file_says(said: Mapping[str, str], name: str) -> None:
    assert said[name].splitlines() == (FOLDER / name).read_text("utf-8").splitlines()


def test_every_sample_has_a_golden_file(said: Mapping[str, str]) -> None:
    assert sorted(said) == FILES
