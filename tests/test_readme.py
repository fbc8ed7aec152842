"""What the README shows is what happens."""

import json
import re
from pathlib import Path

import main
from rollcall.local.app import HTTP_FUNCTIONS, SIGNED_FUNCTIONS, TRIGGERED_FUNCTIONS
from schemas.form import read_form
from tests.support.builders import an_event
from tests.support.served import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_the_curl_example_registers() -> None:
    (body,) = re.findall(r"-d '(\{.*?\})'", README, re.DOTALL)
    assert read_form(an_event(), json.loads(body)).full_name == "Amina Diallo"


def test_every_function_is_in_the_table() -> None:
    for name in HTTP_FUNCTIONS | SIGNED_FUNCTIONS | TRIGGERED_FUNCTIONS:
        assert f"| `{name}` |" in README
        assert hasattr(main, name)


def test_every_setting_is_in_the_table() -> None:
    code = Path(main.__file__).read_text("utf-8")
    for name in re.findall(r'env\.\w+\("([A-Z_]+)"', code):
        assert f"| `{name}` |" in README, name
    local = (ROOT / "rollcall" / "local" / "__main__.py").read_text("utf-8")
    for name in re.findall(r'env\.\w+\("([A-Z_]+)"', local):
        assert f"`{name}`" in README, name


def test_make_runs_what_the_tests_run() -> None:
    assert ".venv/bin/python -m rollcall.local" in (ROOT / "Makefile").read_text("utf-8")
