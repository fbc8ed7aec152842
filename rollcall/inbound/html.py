"""HTML as text: rows and ticked boxes as lines of a form, quotations as `> `."""

import re
from functools import lru_cache
from typing import Any

from rollcall.inbound.labels import STRUCK_OUT, TooMuch

_BLOCKS = (
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt"),
    *("fieldset", "figure", "footer", "form", "header", "hr", "legend", "li", "main", "nav", "ol", "option", "pre"),
    *("section", "summary", "table", "tbody", "tfoot", "thead", "ul"),
)
_BREAKS = dict.fromkeys(_BLOCKS, 1) | dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6"), 2)
"""Line breaks before and after."""
_DROPPED = frozenset(
    {"head", "title", "script", "style", "template", "noscript", "object", "iframe", "svg", "math", "rt", "rtc", "rp"}
)
"""Hidden, or how a word is said."""
_STRUCK = re.compile(r"text-decoration(?:-line)?\s*:[^;]{0,100}line-through", re.IGNORECASE)
_ENDS = re.compile(r"</(?:body|html)\b[^>]{0,100}>", re.IGNORECASE)
_HEADERS_BELOW = ("divRplyFwdMsg", "OutlookMessageHeader", "yahoo_quoted")
"""Where Outlook and Yahoo begin what they quote or forward; Outlook puts `x_` before its names each time."""
ORIGINAL = "-----Original Message-----"
_HYPHENS = {0x2011: "-", 0xAD: None}
"""Word's for where lines may not break, and may."""
_WORD = re.compile(r"[ \t\r\n\f]+|[^ \t\r\n\f]+")
LONGEST_HTML = 2_000_000
"""Characters, without the longest tags."""
MOST_ELEMENTS = 50_000
LONGEST_TAG = 3000
"""Characters: libxml2 compares each attribute with all others."""
_LONG_TAG = re.compile(rf"<[a-z][^<>]{{{LONGEST_TAG},}}+>?", re.IGNORECASE)
DEEPEST = 10
"""Levels of quotation."""


class Page:
    """A table's row is a line, with a tab between cells."""

    def __init__(self) -> None:
        self.quoted = 0
        self._lines: list[str] = []
        self._line: list[str] = []
        self._mark = ""
        self._breaks = 0
        self._tabs = 0
        self._cells: list[int] = []  # how many cells have begun in each row that has, the outermost first

    def write(self, text: str) -> None:
        text = text.translate(_HYPHENS)
        if not text:
            return
        if self._breaks:
            self._end_line()
            self._lines += [self._mark] * (self._breaks - 1)
            self._breaks = 0
        if not self._line:
            self._mark = "> " * min(self.quoted, DEEPEST)
        self._line += ["\t"] * self._tabs
        self._tabs = 0
        self._line.append(text)

    def space(self) -> None:
        if self._line and not self._breaks and not self._tabs and not self._line[-1].endswith((" ", "\n", "\t")):
            self._line.append(" ")

    def end_line(self, breaks: int = 1) -> None:
        if self._line and not self._tabs:
            self._breaks = max(self._breaks, breaks)

    def break_line(self) -> None:
        self._breaks += 1

    def begin_row(self) -> None:
        self._end_line()
        self._breaks = self._tabs = 0
        self._cells.append(0)

    def begin_cell(self) -> None:
        """Stays in the line in which the last cell ended."""
        if not self._cells:
            return
        if self._cells[-1]:
            self._breaks = 0
            self._tabs += 1
        self._cells[-1] += 1

    def end_row(self) -> None:
        if self._cells:
            self._cells.pop()
            self.end_line()

    def strike(self) -> None:
        if not self._line or self._line[-1] != STRUCK_OUT:
            self.write(STRUCK_OUT)

    def text(self) -> str:
        self._end_line()
        return "\n".join(self._lines)

    def _end_line(self) -> None:
        if self._line:
            self._lines.append(self._mark + "".join(self._line).rstrip(" "))
        self._line = []
        self._tabs = 0


@lru_cache(maxsize=4)  # one page is asked for as a form and as a letter
def text_of_html(html: str) -> str:
    """Reads broken HTML as browsers do. Raises `TooMuch`."""
    from lxml import etree

    html = _LONG_TAG.sub("", html)  # most often a picture
    if (
        len(html) > LONGEST_HTML or html.count("<") > 3 * MOST_ELEMENTS
    ):  # which the parser keeps, even those that end none
        raise TooMuch
    html = _ENDS.sub("<div></div>", html)  # browsers show what stands below
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(html.encode("utf-8", "ignore").replace(b"\0", b""), parser)
    except etree.LxmlError as error:
        if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        return ""
    page = Page()
    if root is not None:
        _lay_out(etree.iterwalk(root, events=("start", "end")), page)
    return page.text()


def _lay_out(walk: Any, page: Page) -> None:
    """Elements may lie too deep for recursion."""
    kept_as_typed = 0
    for number, (event, element) in enumerate(walk):
        if number > 2 * MOST_ELEMENTS:
            raise TooMuch
        tag = element.tag
        if event == "start":
            if _is_left_out(element):
                if _is_struck(element) and "".join(element.itertext()).strip():
                    page.strike()
                walk.skip_subtree()
                continue
            kept_as_typed += tag in ("pre", "textarea")
            _begin(element, page)
            _write(element.text, page, as_typed=kept_as_typed > 0)
        else:
            if not _is_left_out(element):
                kept_as_typed -= tag in ("pre", "textarea")
                _end(element, page)
            _write(element.tail, page, as_typed=kept_as_typed > 0)


def _begin(element: Any, page: Page) -> None:
    tag = element.tag
    if tag == "br":
        page.break_line()
    elif tag == "input":
        _write_input(element, page)
    elif tag == "tr":
        page.begin_row()
    elif tag in ("td", "th"):
        page.begin_cell()
    elif tag in _BREAKS:
        page.end_line(_BREAKS[tag])
    if any(element.get(name, "").endswith(_HEADERS_BELOW) for name in ("id", "class")):
        page.end_line()
        page.write(ORIGINAL)
        page.break_line()
    if _is_quotation(element):
        page.quoted += 1


def _end(element: Any, page: Page) -> None:
    tag = element.tag
    if _is_quotation(element):
        page.quoted -= 1
    if tag == "tr":
        page.end_row()
    elif tag in _BREAKS:
        page.end_line(_BREAKS[tag])


def _write(text: str | None, page: Page, *, as_typed: bool) -> None:
    if not text:
        return
    if as_typed:
        for number, line in enumerate(text.split("\n")):
            if number:
                page.break_line()
            page.write(line)
        return
    for word in _WORD.findall(text):
        if word[0] in " \t\r\n\f":
            page.space()
        else:
            page.write(word)


def _write_input(element: Any, page: Page) -> None:
    kind = (element.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        page.write("[x] " if element.get("checked") is not None else "[ ] ")
    elif kind in ("text", "email", "tel", "date", "search", "url", "number"):
        page.write(element.get("value") or "")


def _is_left_out(element: Any) -> bool:
    unselected = element.tag == "option" and element.get("selected") is None
    return element.tag in _DROPPED or unselected or _is_struck(element)


def _is_struck(element: Any) -> bool:
    return element.tag in ("del", "s", "strike") or _STRUCK.search(element.get("style") or "") is not None


def _is_quotation(element: Any) -> bool:
    """Gmail also indents by a blockquote, without a border."""
    return element.tag == "blockquote" and "border:none" not in (element.get("style") or "").replace(" ", "")
