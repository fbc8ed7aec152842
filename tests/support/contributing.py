"""Somebody who sends a contribution on the web, in the test's own process."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

from werkzeug.test import EnvironBuilder

from handlers.contribute import contribute
from rollcall.desk.contributions.submit import number_due
from rollcall.desk.desk import Desk
from rollcall.model.contribution import Contribution
from tests.support.builders import LINKS
from tests.support.desk import EVENT
from tests.support.in_process import ask
from tests.support.served import Answer

PATH = f"/contribute/{EVENT.slug}"
PAGE = {"Accept": "text/html"}
PAPER = b"Whose are the names of countries?\n"
Files = Mapping[str, tuple[str, bytes]]
"""By the name of the field: what it is called, and its content."""


def a_contribution(**changes: str) -> dict[str, Any]:
    """The form, filled in without its file."""
    return {
        "title": "Names of countries",
        "source": "Ministère des Postes, Guinée",
        "item": "Domain names and addresses",
        "abstract": "Whose are they?",
        "name": "Amina Diallo",
        "email": "amina.diallo@mpt.example.org",
        "consent": "yes",
        "language1": "fr",
    } | changes


@dataclass(frozen=True)
class Contributing:
    desk: Desk

    def get(self, path: str = PATH, **headers: str) -> Answer:
        return self._ask("GET", path, b"", PAGE | headers)

    def send(self, path: str = f"{PATH}?send", files: Files | None = None, **typed: str) -> Answer:
        """As a browser posts a form with files; with none said, the paper."""
        chosen = {"file1": ("paper.txt", PAPER)} if files is None else files
        parts = {name: (io.BytesIO(content), called) for name, (called, content) in chosen.items()}
        environ = EnvironBuilder(method="POST", data={**typed, **parts}).get_environ()
        return self._ask("POST", path, environ["wsgi.input"].read(), PAGE | {"Content-Type": environ["CONTENT_TYPE"]})

    def post(self, path: str, headers: Mapping[str, str] | None = None, **typed: str) -> Answer:
        """As a form without files."""
        urlencoded = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(typed), {**PAGE, **urlencoded, **(headers or {})})

    def sent(self, files: Files | None = None, **changes: str) -> Contribution:
        """It is taken, and has its number."""
        assert self.send(files=files, **a_contribution(**changes)).status == 303
        [one] = number_due(self.desk)
        return one

    def address(self, one: Contribution) -> str:
        """Of its own page."""
        return urlsplit(LINKS.contribution(EVENT, one)).path

    def now(self, one: Contribution) -> Contribution:
        there = self.desk.store.contribution(one.id)
        assert there
        return there

    def all(self) -> list[Contribution]:
        for _ in number_due(self.desk):
            pass
        return list(self.desk.store.contributions(EVENT.slug, 99))[::-1]

    def _ask(self, method: str, path: str, body: bytes | str, headers: Mapping[str, str]) -> Answer:
        return ask(partial(contribute, self.desk), method, path, body, headers)


def heading(page: Answer) -> str:
    (text,) = re.findall("<h1>(.*?)</h1>", page.text)
    return unescape(str(text))


def tokens(page: Answer) -> dict[str, Any]:
    """Of the files that arrived, by name of their field."""
    found = re.findall(r'type="hidden" name="(upload\d)" value="([^"]+)"', page.text)
    return {name: unescape(value) for name, value in found}


def typed_in(page: Answer) -> dict[str, str]:
    """What stands in the form's lines."""
    found = re.findall(r'<input id="(\w+)" name="\w+"[^>]* value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


def errors(page: Answer) -> dict[str, str]:
    """Beside the fields, by the field's id."""
    found = re.findall(r'<p class="error" id="(\w+)-error"><span class="hidden">Error:</span> ([^<]*)', page.text)
    return {name: unescape(text) for name, text in found}
