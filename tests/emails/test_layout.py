"""What mail programs need of our HTML, whichever the e-mail: Outlook's Word engine, Gmail, Yahoo."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from templates.lines import columns, filled, from_right_to_left
from tests.emails.samples import EVENT, IN_EACH_LANGUAGE, SAMPLES

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
    for line in text.replace("\u200f", "").splitlines():
        assert columns(line) <= 72 or line.startswith("    ") or "://" in line or "SHA" in line


def test_a_language_from_right_to_left_is_laid_out_so() -> None:
    html = IN_EACH_LANGUAGE["confirmation"](replace(EVENT, language="ar")).html
    assert '<html lang="ar" dir="rtl">' in html
    assert re.findall("text-align:(?!center|right)|border-left|float", html) == []
    tables = [table for table in re.findall("<table[^>]*>", html) if "role" not in table]
    assert tables
    assert all('dir="rtl"' in table for table in tables)  # Outlook orders columns by it


def test_what_is_in_another_script_keeps_its_order_in_a_textfrom_right_to_left() -> None:
    """+41 22 730 6819 would come out as 6819 730 22 41+. An address stays bare: the marks would be part of the link."""
    email = IN_EACH_LANGUAGE["confirmation"](replace(EVENT, language="ar", title="منتدى"))
    for turned in ("+41 22 730 6819", "+224 30 41 13 31", "2M4-F82-6F3", "Robert Shaw", "BP 3000", "Conakry"):
        assert f"\u2068{turned}\u2069" in email.text
    assert "\u2068منتدى" not in email.text
    assert "\u2068+41 22 730 6819\u2069" in filled(f"{'ا' * 50} \u2068+41 22 730 6819\u2069")
    assert not re.search("\u2068[^\u2069]*(?:@|://)", email.text)
    assert "(\u20682M4-F82-6F3\u2069)" in email.subject
    assert not re.search("[\u2066-\u2069]", IN_EACH_LANGUAGE["confirmation"](EVENT).text)


def test_a_line_that_begins_in_another_script_runs_from_right_to_left_with_its_sentence() -> None:
    text = "spumail@itu.int، هاتف\n\u2068Hôtel\u2069، هاتف\nهاتف: Tel.\nhttps://example.org/"
    lines = from_right_to_left(text).split("\n")
    assert [line[0] == "\u200f" for line in lines] == [True, True, False, False]


def test_a_value_in_a_sentence_is_escaped_once_and_in_html_alone() -> None:
    email = IN_EACH_LANGUAGE["conflict"](replace(EVENT, title="R&D <100 %(event)s>", language="fr"))
    assert '<strong dir="auto">R&amp;D &lt;100 %(event)s&gt;</strong>' in email.html
    assert "R&D <100 %(event)s>" in " ".join(email.text.split())


def test_lines_without_blanks_are_broken_where_chinese_may_be() -> None:
    text = "您为国际电联论坛（互联网治理讲习班）提交的登记表已按时送达，“二月二十日”为截止日期。" * 5
    lines = filled(text).split("\n")
    assert "".join(lines) == text
    assert all(67 <= columns(line) <= 72 for line in lines[:-1])
    assert not [line for line in lines if line[0] in "，。）”" or line[-1] in "（“"]


def test_a_no_break_space_is_never_a_lines_end() -> None:
    text = "Avez-vous des questions\u00a0? " * 9
    assert filled(text).count("questions\u00a0?") == 9


@each
def test_what_a_screen_reader_needs_is_there(name: str) -> None:
    """A heading, a language that survives the loss of html and body, rows that say what they are about."""
    html = SAMPLES[name]().html
    tags = Tags(html).tags
    assert [tag for tag, _ in tags].count("h1") == 1
    assert [attributes for tag, attributes in tags if tag == "html"] == [
        attributes for tag, attributes in tags if tag == "div"
    ]
    for table in re.findall(r"<table[^>]*>(?:(?!<table).)*?</table>", html, re.DOTALL):
        headers = table.count('<th scope="row"')
        assert headers == (0 if 'role="none"' in table else table.count("<tr>")), table


@each
def test_an_address_breaks_on_a_narrow_screen(name: str) -> None:
    """Outlook ignores `break-word`, and one long address would widen the whole e-mail."""
    for attributes, text in re.findall(r"<a ([^>]*)>(https?://[^<]*)</a>", SAMPLES[name]().html):
        assert "word-break:break-all" in attributes, text
