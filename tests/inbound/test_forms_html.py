"""HTML as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.inbound.html import text_of_html
from rollcall.inbound.text import forms_in_text
from tests.support.builders import a_form, an_event


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("Hello", "Hello"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"),
        ("One<br>Two<br/>Three", "One\nTwo\nThree"),
        ("One\n  line<!-- no -->, <b>as</b> it is", "One line, as it is"),
        ("Caf&eacute; &amp; co&nbsp;&#x2612;", "Café & co\xa0☒"),
        ("<pre>One\nTwo</pre>", "One\nTwo"),
        ("<head><title>No</title><style>p{}</style></head><script>no()</script>Yes", "Yes"),
        (
            "<table><tr><td>Hotel</td><td>Cornavin</td></tr><tr><th>Fax</th><td></td></tr></table>",
            "Hotel\tCornavin\nFax",
        ),
        ("<table><tr><td><p>Hotel</p></td><td><p>Cornavin<br></p></td></tr></table>", "Hotel\tCornavin"),
        ("<table><tr><td>Address</td><td>BP 3<br>Conakry</td></tr></table>", "Address\tBP 3\nConakry"),
        ("<table><tr><td></td><td>1</td><td></td><td>2</td></tr></table>", "\t1\t\t2"),
        ("<table><tr><td><table><tr><td>A</td><td>B</td></tr></table></td></tr><tr><td>C</td></tr></table>", "A\tB\nC"),
        ("<ul><li>One<li>Two</ul>", "One\nTwo"),
        ("<input type=checkbox checked>Ms. <input type=CHECKBOX>Mr.", "[x] Ms. [ ] Mr."),
        ("<input type=radio checked=checked> Ms.", "[x] Ms."),
        ("Hotel: <input value=Cornavin> <input type=hidden value=no>", "Hotel: Cornavin"),
        ("<select><option>Mr.<option selected>Ms.</select>", "Ms."),
        ("Title: <s>Mr.</s> Ms. <del>Miss</del>", "Title: \ufdd0 Ms. \ufdd0"),
        ("Hotel: <b><strike>A</strike></b> B<s> </s>", "Hotel: \ufdd0 B"),
        ('Hotel: <span style="color:red; TEXT-DECORATION : line-through">A</span> B', "Hotel: \ufdd0 B"),
        ('Hotel: <span style="text-decoration-line: underline line-through;">A</span> B', "Hotel: \ufdd0 B"),
        ('Hotel: <u style="text-decoration: underline">A</u>', "Hotel: A"),
        ("una&#8209;x@f.example.org Mu&shy;ster", "una-x@f.example.org Muster"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</rt></ruby>", "漢字"),
        ("<html><body>One</body></html>Two<p>Three", "One\nTwo\n\nThree"),
        ("<html><body>One</body></html><html><head><title>No</title></head><body><p>Two</body></html>", "One\n\nTwo"),
        ('Yes<hr><div id="x_divRplyFwdMsg"><b>Von:</b> A<br></div>No', "Yes\n-----Original Message-----\nVon: A\nNo"),
        ('<p class="OutlookMessageHeader">Von: A</p>', "-----Original Message-----\nVon: A"),
        ("Yes<blockquote>No<br>No<blockquote>Never</blockquote></blockquote>Yes", "Yes\n> No\n> No\n> > Never\nYes"),
        ('<blockquote style="margin: 0 0 0 40px; border: none">Yes</blockquote>', "Yes"),
        ("<p>Never closed <b>at all<table><tr><td>A<td>B", "Never closed at all\nA\tB"),
        ("Nothing\0 but\ud800 text", "Nothing but text"),
        ('<?xml version="1.0" encoding="utf-16"?><p>é</p>', "é"),
    ],
)
def test_what_a_reader_sees(html: str, text: str) -> None:
    assert text_of_html(html).strip(" ") == text


def test_a_form_in_a_table_is_read() -> None:
    form = a_form(address="BP 3000\nConakry")
    rows = [
        ("Mr. / Mrs. / <u>X</u> Ms. / Miss", ""),
        ("You represent", "☒ Administration of ITU Member State<br>☐ ITU Sector Member"),
        ("<b>Family name</b>", "Diallo"),
        ("<b>First name</b>", "<span>Amina</span>"),
        ("Administration or organization", form["organization"]),
        ("Complete address", "<div>BP 3000</div><div>Conakry</div>"),
        ("Tel.", form["tel"]),
        ("Fax", form["fax"]),
        ("E-mail", '<a href="mailto:x">amina.diallo@mpt.example.org</a>'),
        ("Hotel", form["hotel"]),
        ("Tel.", form["hotel_tel"]),
        ("Date", form["signed_on"]),
        ("Signature", form["signature"]),
    ]
    html = "".join(f"<tr><td><p>{label}</p></td>\n<td>{value}</td></tr>" for label, value in rows)
    (found,) = forms_in_text(an_event(), text_of_html(f"<html><body><p>Hello</p><table>{html}</table></body></html>"))
    assert found.answers == form


@pytest.mark.parametrize(
    "tag", ["<div>", "<b>", "<blockquote>", "<table><tr><td>", "<p>", "<", "&", "<blockquote>x<br>"]
)
def test_html_that_goes_very_deep(tag: str) -> None:
    assert len(text_of_html(tag * 20_000 + "end")) < 40 * 20_000


def test_a_tag_of_very_many_attributes_is_left_out() -> None:
    """Each is compared with all others."""
    attributes = " ".join(f"a{number}=1" for number in range(200_000))
    assert text_of_html(f"<p>One</p><a {attributes}>Two</a>") == "One\n\nTwo"


@given(
    st.text()
    | st.lists(
        st.sampled_from(
            [
                "<td>",
                "<tr>",
                "<table>",
                "</table>",
                "<br>",
                "<p>",
                "x",
                "<pre>",
                "</p>",
                "</pre>",
                "<option>",
                "<blockquote>",
                "</blockquote>",
                "<input type=radio>",
                "</td>",
            ]
        )
    ).map("".join)
)
def test_any_html_can_be_read(html: str) -> None:
    assert isinstance(text_of_html(html), str)
