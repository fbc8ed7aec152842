"""What the README shows is what happens."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import main
from rollcall.local.app import FUNCTIONS
from schemas.form import read_form
from tests.support.builders import an_event
from tests.support.served import ROOT

README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
(PICTURE,) = re.findall(r"```mermaid\n(.*?)```", README, re.DOTALL)


def test_the_curl_example_registers() -> None:
    (body,) = re.findall(r"-d '(\{.*?\})'", README, re.DOTALL)
    assert read_form(an_event(), json.loads(body)).full_name == "Amina Diallo"


def test_the_picture_shows_every_function_and_who_calls_it() -> None:
    assert set(re.findall(r"<b>(\w+)</b>", PICTURE)) == FUNCTIONS.keys()
    for name in FUNCTIONS:
        assert hasattr(main, name)
        assert re.search(rf"->(\|[^|]*\|)? {name}$", PICTURE, re.MULTILINE), f"nobody calls {name}"
        assert re.search(rf"^  {name} -->", PICTURE, re.MULTILINE), f"{name} writes nothing"


def test_every_setting_is_in_the_table() -> None:
    code = Path(main.__file__).read_text("utf-8")
    for name in re.findall(r'env\.\w+\("([A-Z_]+)"', code):
        assert f"| `{name}` |" in README, name
    local = (ROOT / "rollcall" / "local" / "__main__.py").read_text("utf-8")
    for name in re.findall(r'env\("([A-Z_]+)"', local):
        assert f"`{name}`" in README, name


def test_make_runs_what_the_tests_run() -> None:
    assert ".venv/bin/python -m rollcall.local" in MAKEFILE


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    [
        *("rollcall.local", "rollcall.ops", "rollcall.documents.blank_form", "deploy", "tests.node.audit", "bench"),
        *(
            f"bench.{name}"
            for name in ("closing", "counting", "growth", "instances", "messages", "sending", "settings", "suite")
        ),
    ],
)
def test_help_helps_and_starts_nothing(module: str) -> None:
    call = [sys.executable, "-m", module, "--help"]
    ran = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.startswith("usage: ")


def test_make_help_lists_every_target() -> None:
    targets = set(" ".join(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)).split()) - {"help"}
    helped = " ".join(re.findall(r"^## (.*)$", MAKEFILE, re.MULTILINE))
    assert targets <= set(re.findall(r"[a-z][a-z-]+", helped))


def test_every_make_command_of_the_readme_exists() -> None:
    targets = set(" ".join(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)).split())
    assert set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", README, re.MULTILINE)) <= targets
