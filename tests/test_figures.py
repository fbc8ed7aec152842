"""The house in figures: what keeps it small, plain and in one direction. Each ceiling may only come down; a new
capability alone raises that of the product, in its own commit."""

import ast
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from types import FrameType

import pytest

from handlers.close_intake import close_intake
from handlers.register import register
from handlers.send_due_mail import send_due_mail
from rollcall.desk.desk import Desk
from tests.support.builders import a_form
from tests.support.desk import EVENT, Postbox
from tests.support.in_process import ask

ROOT = Path(__file__).parent.parent
PRODUCT = re.compile(r"main\.py|(handlers|schemas|templates|rollcall)/.*\.py")
STAFF = r"(?!announcement|contribution|finding|hotels|invitation|personal_data|programme|review|site|staff)"
"""Rooms of their own: their nouns and verbs are no part of the core."""
CORE = re.compile(
    rf"main\.py|handlers/register\.py|rollcall/(model|desk)/{STAFF}|rollcall/store/(database|documents|firestore|codec)"
)
# put together, so that this file has none of them
PRIVATE_WORDS = re.compile(
    r"\b((the|our) books|(is|are) owed|telling[ ]anew|(drawn|drawing) up|(is|was) put off)\b", re.IGNORECASE
)


@cache
def tracked() -> tuple[str, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def lines_of(pattern: re.Pattern[str]) -> int:
    names = [name for name in tracked() if PRODUCT.fullmatch(name) and pattern.match(name)]
    assert names
    return sum(len((ROOT / name).read_text("utf-8").splitlines()) for name in names)


def docstrings(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Each docstring, of attributes too, and how many lines it has."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value, (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize(("what", "most"), [(CORE, 7_230), (PRODUCT, 46_080)], ids=["core", "product"])
def test_it_stays_small_enough_to_read(what: re.Pattern[str], most: int) -> None:
    assert lines_of(what) <= most


def test_names_say_more_than_docstrings() -> None:
    words = code = 0
    for name in filter(PRODUCT.fullmatch, tracked()):
        text = (ROOT / name).read_text("utf-8")
        found = list(docstrings(ast.parse(text)))
        assert not [said for said, _ in found if re.match(r"See `?\w", said.strip()) and len(said.split()) < 8], name
        words += sum(len(said.split()) for said, _ in found)
        code += sum(1 for line in text.splitlines() if line.strip() and not line.strip().startswith("#"))
        code -= sum(length for _, length in found)
    assert 100 * words / code <= 102


def test_no_word_is_private() -> None:
    """docs/glossary.md has the words that we use."""
    said = {
        name: sorted({found[0] for found in PRIVATE_WORDS.finditer((ROOT / name).read_text("utf-8"))})
        for name in tracked()
        if re.search(r"\.(py|html|txt|md|jinja)$|^Makefile$", name) and not name.startswith("tests/mails/")
    }
    assert {name: words for name, words in said.items() if words} == {}


def test_no_test_module_imports_another() -> None:
    crossing = re.compile(r"^(?:from|import) tests\.(?:\w+\.)*test_\w+", re.MULTILINE)
    assert [
        name for name in tracked() if name.endswith(".py") and crossing.search((ROOT / name).read_text("utf-8"))
    ] == []


def files_crossed(call: Callable[[], object]) -> set[str]:
    names = set()

    def see(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            names.add(frame.f_code.co_filename)

    sys.setprofile(see)
    threading.setprofile(see)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    ours = {str(Path(name).relative_to(ROOT)) for name in names if Path(name).is_relative_to(ROOT)}
    return {name for name in ours if PRODUCT.fullmatch(name)}


def test_a_reader_follows_a_request_through_few_files(desk: Desk, postbox: Postbox) -> None:
    """From the handler on; `main.py` and SendGrid's client are one each beside these."""

    def registers(name: str) -> None:
        headers = {"Content-Type": "application/json"}
        form = json.dumps(a_form(first_name=name))
        assert ask(partial(register, desk), "POST", f"/register/{EVENT.slug}", form, headers).status == 201

    def sweeps() -> None:
        assert ask(partial(send_due_mail, desk), "POST", "/").status == 200

    registers("first")
    sweeps()  # what is made once is there
    assert len(files_crossed(lambda: registers("second"))) <= 18  # model/finding.py: by what the staff find it
    assert len(files_crossed(sweeps)) <= 31  # some look for announcements, numbers and pages that are due
    assert len(postbox.messages) == 2
    assert len(files_crossed(lambda: ask(partial(close_intake, desk), "POST", "/"))) <= 5
