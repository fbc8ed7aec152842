"""What mail programs need of our HTML, whichever the e-mail: Outlook's Word engine, Gmail, Yahoo."""

import re
from html.parser import HTMLParser

import pytest

from rollcall.language import language
from templates import render_email
from tests.emails.samples import AMINA, EVENT, SAMPLES

VOID = {"meta", "br"}


class Tags(HTMLParser):
    """Its tags with their attributes; knows whether each that begins ends."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def styles(self, *names: str) -> list[str]:
        return [attributes.get("style", "") for tag, attributes in self.tags if tag in names]


each = pytest.mark.parametrize("name", SAMPLES)


@each
def test_every_tag_is_closed(name: str) -> None:
    assert Tags(SAMPLES[name]().html).open == []


@each
def test_nothing_relies_on_what_outlook_ignores(name: str) -> None:
    tags = Tags(SAMPLES[name]().html)
    inline = [attributes.get("style", "") for _, attributes in tags.tags]
    assert not re.findall(r"\drem|\dem\b|overflow-wrap|flex|grid|float", " ".join(inline))
    assert not [style for style in tags.styles("a") if "padding" in style]
    for style in tags.styles("td", "th", "p", "h1", "h2", "ul"):  # a nested table inherits no font there
        assert not style or "font-family" in style or "padding:12px 24px" in style


@each
def test_every_text_colour_has_one_for_dark_mode(name: str) -> None:
    for tag, attributes in Tags(SAMPLES[name]().html).tags:
        if "color:#1c2733" in attributes.get("style", "") or "color:#51606f" in attributes.get("style", ""):
            assert {"ink", "muted"} & set(attributes["class"].split()), tag


@each
def test_the_text_is_plain_and_in_lines(name: str) -> None:
    text = SAMPLES[name]().text
    assert not re.search(r"</?[a-z]+[ >]|&(?:amp|lt|#)|\n\n\n", text)
    for line in text.splitlines():
        assert len(line) <= 72 or line.startswith("    ") or "://" in line or "SHA" in line


def test_a_language_from_right_to_left_is_laid_out_so() -> None:
    _, html = render_email("conflict", "عنوان", language("ar"), event=EVENT, dear="Ms. Diallo", registered=AMINA)
    assert '<html lang="ar" dir="rtl">' in html
    assert "text-align:right" in html


@each
def test_what_a_screen_reader_needs_is_there(name: str) -> None:
    """A heading, a language that survives the loss of html and body, rows that say what they are about."""
    html = SAMPLES[name]().html
    tags = Tags(html).tags
    assert [tag for tag, _ in tags].count("h1") == 1
    assert ("div", {"lang": "en", "dir": "ltr"}) in tags
    for table in re.findall(r"<table[^>]*>(?:(?!<table).)*?</table>", html, re.DOTALL):
        headers = table.count('<th scope="row"')
        assert headers == (0 if 'role="none"' in table else table.count("<tr>")), table


@each
def test_an_address_breaks_on_a_narrow_screen(name: str) -> None:
    """Outlook ignores `break-word`, and one long address would widen the whole e-mail."""
    for attributes, text in re.findall(r"<a ([^>]*)>(https?://[^<]*)</a>", SAMPLES[name]().html):
        assert "word-break:break-all" in attributes, text
