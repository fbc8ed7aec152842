"""Somebody who follows every link and presses every button, and writes words by which they are known again."""

import io
import re
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from lxml import html
from werkzeug.test import EnvironBuilder

from tests.support.inbound import A_PDF
from tests.support.served import Answer

MARK = "quolph"
"""In all that is written. No id of ours has an O or a U, an L or an I."""
TELEPHONE = "+41 22 799 77 01"
URLENCODED = "application/x-www-form-urlencoded"
_TYPED: Mapping[str, str] = {
    "email": f"{MARK}.{{count}}@{MARK}.example.org",
    "tel": TELEPHONE,
    "date": "2004-02-25",
    "time": "10:30",
    "number": "1",
    "url": f"https://{MARK}.example.org/",
}
_BY_NAME: Mapping[str, str] = {
    "email": _TYPED["email"],
    **dict.fromkeys(("tel", "fax", "hotel_tel"), TELEPHONE),
    **dict.fromkeys(("day", "arrival", "signed_on"), "2004-02-25"),
    "departure": "2004-02-28",
    "participants_from": "2004-02-25",
}
_ID = re.compile(r"[0-9A-Z]{16,}|[\w-]*\.[\w.-]{20,}|(?<=/)(\d+|[a-z]{2})(?=/|$)")
_VISIBLE = ".//input[not(@type='hidden')] | .//select | .//textarea"
_LEFT = ("reference", "message", "link")
"""Fields that are left empty: a registration's reference, what only robots fill in, and what stands beside a file."""
_PAGES, _PRESSES, _DEEP = 2, 2, 3
"""So many pages of a kind, presses of a button of a kind, pages behind a press."""


@dataclass(frozen=True)
class Asked:
    method: str
    address: str
    body: bytes = b""
    type: str = ""

    @property
    def kind(self) -> str:
        """Without what differs from one person to the next."""
        address = urlsplit(self.address)
        names = sorted({name for name, _ in parse_qsl(address.query, keep_blank_values=True)})
        asked = names[0] if len(names) == 1 else "several" if names else ""
        return f"{self.method} {_ID.sub('*', address.path)}?{asked or address.query} {self.type.partition(';')[0]}"


@dataclass
class Driver:
    ask: Callable[[Asked], Answer]
    ours: Callable[[str], bool]
    """Whether an address is of what is driven."""
    asked: dict[str, Asked] = field(default_factory=dict)
    """The last of each kind."""
    typed: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    _kinds: Counter[str] = field(default_factory=Counter)
    _todo: "deque[str]" = field(default_factory=deque)
    _count: int = 0

    def drive(self, *addresses: str) -> None:
        """From these on."""
        self._todo.extend(addresses)
        asking: deque[tuple[str, html.HtmlElement]] = deque()
        buttons: deque[tuple[str, html.HtmlElement]] = deque()
        while self._todo or asking or buttons:
            while self._todo:
                address = self._todo.popleft()
                page = self._page(Asked("GET", address), _PAGES)
                for form in page.forms if page is not None else ():
                    (asking if form.xpath(_VISIBLE) else buttons).append((address, form))
            if asking:
                self._press(*asking.popleft(), 1)
            elif buttons:
                self._press(*buttons.pop(), 1)  # the last first: what ends a link is on the first page that it opens

    def _page(self, asked: Asked, most: int, button: str = "") -> html.HtmlElement | None:
        """None if there were enough of them, or if it is no page."""
        kind = f"{asked.kind} {button}"
        if self._kinds[kind] >= most:
            return None
        self._kinds[kind] += 1
        self.asked[kind] = asked
        answer = self.ask(asked)
        self.statuses[answer.status] += 1
        if "Location" in answer.headers:
            self._follow(asked.address, answer.headers["Location"])
        if not answer.headers.get("Content-Type", "").startswith("text/html") or not answer.text:
            return None
        page = html.fromstring(answer.text)
        for link in page.xpath("//a/@href | //img/@src"):
            self._follow(asked.address, link)
        return page

    def _follow(self, base: str, link: str) -> None:
        address = urlsplit(urljoin(base, link))
        path = address._replace(scheme="", netloc="", fragment="").geturl()
        if self.ours(path):
            self._todo.append(path)

    def _press(self, address: str, form: html.HtmlElement, depth: int) -> None:
        buttons = [one for one in form.xpath(".//button") if one.get("type", "submit") == "submit"]
        for button in buttons or [None]:
            for wrong in (True, False):
                said, files = self._filled(form, wrong=wrong)
                if button is not None and button.get("name"):
                    said.append((button.get("name"), button.get("value", "")))
                action = (button.get("formaction") if button is not None else None) or form.get("action") or address
                target = urljoin(address, action)
                pressed = button.get("name", "") if button is not None else ""
                page = self._page(_sent(form, target, said, files), _PRESSES * depth, pressed)
                if page is not None and depth < _DEEP and not wrong:
                    for one in page.forms:
                        self._press(target, one, depth + 1)

    def _filled(self, form: html.HtmlElement, *, wrong: bool) -> tuple[list[tuple[str, str]], list[str]]:
        said: list[tuple[str, str]] = []
        files: list[str] = []
        chosen: set[str] = set()
        for one in form.xpath(".//input | .//select | .//textarea"):
            name, kind = one.get("name"), one.get("type", "text") if one.tag == "input" else one.tag
            if not name or kind in ("submit", "button"):
                continue
            if kind == "hidden":
                said.append((name, one.get("value", "")))
            elif kind == "file":
                files.append(name)
            elif name.startswith("remove") or name in _LEFT:
                said.append((name, ""))
            elif kind in ("checkbox", "radio"):
                if kind == "checkbox" or name not in chosen:
                    said.append((name, one.get("value", "on")))
                chosen.add(name)
            elif kind == "select":
                options = [option.get("value", option.text) for option in one.xpath(".//option")]
                said.append((name, options[-1] or ""))
            else:
                said.append((name, self._typed(name, kind, wrong=wrong)))
        return said, files[:1]

    def _typed(self, name: str, kind: str, *, wrong: bool) -> str:
        self._count += 1
        if wrong:
            return f"{MARK} <b>\"'{{{{7*7}}}} \N{BOX DRAWINGS DOUBLE VERTICAL}{self._count}"
        like = _BY_NAME.get(name) or _TYPED.get(kind) or f"{MARK} {{count}}"
        self.typed.add(said := like.format(count=self._count))
        return said


def _sent(form: html.HtmlElement, address: str, said: list[tuple[str, str]], files: list[str]) -> Asked:
    address = urlsplit(address)._replace(scheme="", netloc="").geturl()
    if form.get("method", "get").lower() == "get":
        return Asked("GET", f"{address.partition('?')[0]}?{urlencode(said)}")
    if not files:
        return Asked("POST", address, urlencode(said).encode(), URLENCODED)
    parts: dict[str, list[object]] = {}
    for name, text in said:
        parts.setdefault(name, []).append(text)
    for name in files:
        parts[name] = [(io.BytesIO(A_PDF), f"{MARK}.pdf")]
    environ = EnvironBuilder(method="POST", data=parts).get_environ()
    return Asked("POST", address, environ["wsgi.input"].read(), environ["CONTENT_TYPE"])
