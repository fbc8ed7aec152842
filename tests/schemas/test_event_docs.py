"""What is said of the event file: the page, and the JSON Schema for editors."""

import json
import re
import tomllib
from datetime import date, time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rollcall.model.staff import Role
from schemas.event import read_event
from schemas.event_docs import PAGE, SCHEMA, json_schema, page
from schemas.toml import read_toml
from tests.support.builders import EVENTS
from tests.support.served import ROOT

FILES = [*sorted(EVENTS.glob("*.toml")), *sorted((EVENTS / "examples").glob("*.toml"))]

EXAMPLES = re.findall(r"```toml\n(.*?)```", (ROOT / PAGE).read_text("utf-8"), re.DOTALL)


def test_the_page_and_the_json_schema_are_those_of_the_code() -> None:
    """`.venv/bin/python -m schemas.event_docs` writes them."""
    written = (ROOT / PAGE).read_text("utf-8")
    assert page(written) == written
    assert json_schema() == (ROOT / SCHEMA).read_text("utf-8")


def as_editors_read(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: as_editors_read(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_editors_read(one) for one in value]
    return value.isoformat() if isinstance(value, date | time) else value


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_editor_accepts_what_the_desk_accepts(file: Path) -> None:
    read_event(file)
    jsonschema.validate(as_editors_read(read_toml(file.read_text("utf-8"))), json.loads(json_schema()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\ncloses = ", "\nclosed = "),
        ("title.", "titel."),
        ("building.en = ", 'building.en = ["a"] #'),
        ("[venue]", "[venu]"),
    ],
)
def test_an_editor_shows_what_the_desk_refuses(old: str, new: str) -> None:
    text = FILES[0].read_text("utf-8").replace(old, new, 1)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_editors_read(tomllib.loads(text)), json.loads(json_schema()))


def test_the_pages_example_of_languages_can_be_used(tmp_path: Path) -> None:
    _, example, *_ = EXAMPLES
    top, _, fields = example.partition("\n\n")
    training = (EVENTS / "examples" / "training.toml").read_text("utf-8")
    path = tmp_path / "example.toml"
    rest = re.sub("^(languages|title) = .*$", "", training, flags=re.MULTILINE)
    path.write_text(f"{top}\n{rest}\n{fields}", "utf-8")
    event = read_event(path, in_all_languages=True)
    assert [event.in_language(code).title[:7] for code in event.languages] == ["Worksho", "Atelier"]


def test_the_pages_example_of_privacy_can_be_used(tmp_path: Path) -> None:
    example = EXAMPLES[-2]
    path = tmp_path / "example.toml"
    path.write_text(f"{FILES[0].read_text('utf-8')}\n{example}", "utf-8")
    event = read_event(path)
    assert (event.responsible, event.privacy.keep_days) == ("Example Organization", 180)


def test_the_pages_example_of_staff_can_be_used(tmp_path: Path) -> None:
    *_, example = EXAMPLES
    path = tmp_path / "example.toml"
    text = re.sub("^staff = .*$", "", FILES[0].read_text("utf-8"), flags=re.MULTILINE)
    path.write_text(f"{text}\n{example}", "utf-8")
    assert [one.role for one in read_event(path).staff] == [Role.EDITOR, Role.VIEWER]
    jsonschema.validate(as_editors_read(read_toml(path.read_text("utf-8"))), json.loads(json_schema()))


def test_the_pages_example_can_be_used(tmp_path: Path) -> None:
    example, *_ = EXAMPLES
    needed = '[[form.fields]]\nname = "family_name"\n[[form.fields]]\nname = "email"\n'
    path = tmp_path / "example.toml"
    rest = re.sub("^(required|staff_may_leave_out) = .*$", "", FILES[0].read_text("utf-8"), flags=re.MULTILINE)
    path.write_text(rest + needed + example, "utf-8")
    names = [field.name for field in read_event(path).fields]
    assert names == ["family_name", "email", "nationality", "organization", "excursion", "guests"]
