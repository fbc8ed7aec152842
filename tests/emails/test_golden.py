"""Each e-mail as it goes out is in `golden/`; `make golden` writes the files anew."""

import pytest

from tests.emails.golden import FOLDER, files
from tests.emails.samples import SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_the_e_mail_is_as_the_golden_file(name: str) -> None:
    for path, text in files(name, SAMPLES[name]()).items():
        assert text.splitlines() == path.read_text("utf-8").splitlines(), f"{path.name} differs: see `make golden`"


def test_no_golden_file_is_left_over() -> None:
    there = {path for suffix in ("txt", "html") for path in FOLDER.glob(f"*.{suffix}")}
    assert there == {FOLDER / f"{name}.{suffix}" for name in SAMPLES for suffix in ("txt", "html")}
