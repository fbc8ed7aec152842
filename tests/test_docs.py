"""What the docs name exists, and they say it in the words that we agreed on."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import pytest

from tests.support.served import ROOT

DOCS = ROOT / "docs"
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (DOCS / "reliability.md").read_text("utf-8"))
GLOSSARY = re.findall(r"^\| (.+?) \| (.+) \| `([\w.]+)` \|$", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE)

IN_PLAIN_WORDS = (
    *("*.md", "events/*.toml", "Makefile", ".ci/run", "templates/*", "tests/emails/golden/*", "tests/ops/golden/*"),
    *("main.py", "handlers/*.py", "schemas/*.py", "rollcall/*.py", "deploy/*.py", "bench/*.py"),
    *(":!rollcall/inbound/*", ":!schemas/stock.py"),  # the labels of forms, in everybody's words
    ":!templates/locales/*",  # which have them once more, and code's own sentences
)
"""What people read, as patterns of `git ls-files`: no private word may stand there. Of code, its sentences."""
PLAIN = subprocess.run(
    ["git", "ls-files", "--", *IN_PLAIN_WORDS], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()
PRIVATE_WORDS = re.compile(
    r"\b(the|our) books\b|\b(is|are|was|were|that) owed\b|\bin doubt\b|\bputs? off\b|\b(drawn|drawing) up\b"
    r"|\b(told|telling|tell) anew\b|\bqueue (is |was )?held\b|\bon duty\b|\bneeds a person\b|\bwhat became of\b"
    r"|(?<!non-)\bdelivery reports?\b|\bmails?\b(?<!e-mail)(?<!e-mails)",
    re.IGNORECASE,
)
"""Words of our own for what the field has a word for (docs/glossary.md)."""
QUOTED = re.compile(
    r"```.*?```|`[^`]*`|\]\([^)]*\)|<[^>]*>|https?://\S+|\b(apple mail|send-mail|mail\.example)\b"
    r"|\bmail\s+(send|systems?|servers?|programs?)\b",
    re.DOTALL | re.IGNORECASE,
)
"""Code, addresses, and the names of things of others."""


def test_the_reliability_page_names_tests() -> None:
    assert len(NAMED) > 30


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_test_that_a_promise_names_exists(file: str, name: str) -> None:
    assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def test_every_row_of_the_glossary_names_code() -> None:
    rows = [line for line in (DOCS / "glossary.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    headings = [row for row in rows if row.startswith(("| word", "| ---"))]
    assert len(GLOSSARY) == len(rows) - len(headings) > 40


@pytest.mark.parametrize(("word", "name"), [(word, name) for word, _, name in GLOSSARY])
def test_the_code_that_the_glossary_names_exists(word: str, name: str) -> None:
    assert resolve_name(name) is not None, word


@pytest.mark.parametrize("file", PLAIN)
def test_no_private_word_is_left(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    if file.endswith(".py"):
        text = "\n".join(sentences(text))
    text = QUOTED.sub("", text)
    assert [found.group() for found in PRIVATE_WORDS.finditer(text)] == []


def sentences(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{path.name}" for path in sorted(DOCS.glob("*.md")))])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    here = ROOT / page
    links = re.findall(r"(?:\]\(|src=\")(?!https?:|mailto:)([^)#\"]*)(?:#([^)\"]+))?", here.read_text("utf-8"))
    for path, anchor in links:
        target = (here.parent / path).resolve() if path else here
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_why_leaves_measurements_to_their_page() -> None:
    """Or they would stand here when they no longer hold."""
    assert re.findall(r"\d\.\d|\$\d|\d+ lines", (DOCS / "why.md").read_text("utf-8")) == []


def test_pictures_are_small() -> None:
    for picture in DOCS.glob("*.png"):
        assert picture.stat().st_size <= 120_000, picture.name
