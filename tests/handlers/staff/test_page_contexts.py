"""Each page's template is handed one dataclass, which it names, and uses all of it and nothing else."""

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes

import templates
from rollcall.documents.staff_log import action_in_words
from rollcall.model.staff import Action
from tests.support.desk import EVENT

FOLDER = Path(templates.__file__).parent / "pages" / "staff"
NAMED = re.compile(r"\bpage: (\w+) \(handlers/([\w/]+)\.py\)")


def pages() -> dict[str, tuple[str, str]]:
    found = {path.name: NAMED.search(path.read_text("utf-8")) for path in FOLDER.glob("*.html")}
    return {name: (named[1], named[2]) for name, named in found.items() if named}


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_template_uses_what_its_page_has(name: str) -> None:
    kind, module = pages()[name]
    has = {one.name for one in fields(getattr(import_module(f"handlers.{module.replace('/', '.')}"), kind))}
    said = _used((FOLDER / name).read_text("utf-8"))
    assert said == has


def test_every_page_says_what_it_is_handed() -> None:
    frames = {"event.html"}
    lone = {path.name for path in FOLDER.glob("*.html")} - pages().keys() - frames
    assert not {name for name in lone if "page." in (FOLDER / name).read_text("utf-8")}


@pytest.mark.parametrize("action", Action)
def test_every_action_has_words(action: Action) -> None:
    assert action_in_words(EVENT, action)


def _used(template: str) -> set[str]:
    environment: Any = Environment(extensions=["jinja2.ext.i18n"])
    tree = environment.parse(template)
    return {
        one.attr for one in tree.find_all(nodes.Getattr) if isinstance(one.node, nodes.Name) and one.node.name == "page"
    }
