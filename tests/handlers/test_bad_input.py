"""Bad input to `register` as Google serves it: a clear answer to each, nothing lost in silence, and never a fault."""

import csv
import io
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urlencode

import openpyxl
import pytest
from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from werkzeug.test import EnvironBuilder

from handlers.request_body import LARGEST_BODY, read_form
from handlers.responses import FORM_TYPES, HttpProblem
from rollcall.documents.roster import guarded
from rollcall.emails.confirmation import word
from rollcall.emails.wording import Ways
from rollcall.inbound.charsets import clean
from rollcall.model.email import confirmation
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered
from rollcall.store.sqlite import SqliteStore
from schemas.stock import LETTER_FIELDS
from tests.support.builders import a_form, an_event, roster_files, write_event
from tests.support.clock import Clock
from tests.support.served import Answer, Served, function

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
PARTS = {"Content-Type": "multipart/form-data; boundary=b", "Accept": "text/html"}
PATH = "/register/open"
EVENT = an_event(slug="open")
LABELS = {field.name: field.label for field in EVENT.fields}
ASKED = {field.name: field.ask for field in EVENT.fields}
FREE_TEXT = [name for name in LETTER_FIELDS if name not in ("title", "category", "email", "signed_on")]
LINK = '=HYPERLINK("http://evil.example/1")'
"""No name may hold one."""
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea></pre><h1>1</h1>",
    "{{ 7*7 }}",
    "{% include 'pages/form.html' %} 1",
    "${7*7} #{7*7} %(7)s {0} {title}",
    "=1+1",
    LINK,
    "+1+cmd|' /C calc'!A0",
    "-2+3*4;1",
    "@SUM(1)",
    "＝1+1",
    "'; drop table registrations; --1",
    "<!-- 1 --> ]]> &lt;b&gt; &#49; _x000D_",
]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "store.sqlite3"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("output") / "output"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, db: Path, output: Path) -> Iterator[Served]:
    events, today, day = tmp_path_factory.mktemp("events"), datetime.now(UTC).date(), timedelta(days=1)
    write_event(events, "open", today - 9 * day, today + 9 * day)
    write_event(events, "closed", today - 9 * day, today - 5 * day)
    with (
        output.open("wb") as file,
        function("register", file, STORE="sqlite", SQLITE_PATH=str(db), EVENTS=str(events)) as served,
    ):
        yield served


@pytest.fixture
def served(serving: Served, output: Path) -> Iterator[Served]:
    """The function; when a test is through, it has logged no fault and still serves."""
    before = output.stat().st_size
    yield serving
    assert serving.ask("GET", PATH).status == 200
    said = output.read_bytes()[before:].decode()
    assert "ERROR" not in said
    assert "Traceback" not in said
    assert "Amina" not in said


def nothing_registered(answer: Answer, status: int) -> None:
    """A problem for a client, or a page for a person, that says that nothing was registered."""
    assert answer.status == status, answer.text
    assert "Nothing was registered" in answer.text
    assert "Traceback" not in answer.text
    if "html" not in answer.headers["Content-Type"]:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json["status"] == status


def multipart(fields: Mapping[str, object] | list[tuple[str, object]]) -> bytes:
    pairs = list(fields.items()) if isinstance(fields, Mapping) else fields
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs]
    return ("".join(parts) + "--b--\r\n").encode()


def raw(served: Served, *sent: bytes) -> str:
    """What is answered to these bytes, after which the client closes its side."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        connection.sendall(b"".join(sent))
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    return answer.decode()


def head(method: str = "POST", path: str = PATH, **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode()


class Page(HTMLParser):
    """What a browser makes of a page: its elements, its texts, and the value of each field."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.values: dict[str, str] = {}
        self._within = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attributes)
        self._within = named.get("name") or "" if tag == "textarea" else ""
        if tag == "input" and (named.get("type") != "radio" or "checked" in named):
            self.values[named.get("name") or ""] = named.get("value") or ""

    def handle_data(self, text: str) -> None:
        self.texts.append(text)
        if self._within:
            self.values[self._within] = text.removeprefix("\n")
            self._within = ""


# JSON


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{'title': 'Ms.'}",
        b'{"title": "Ms."} x',
        b'{"title": NaN}',
        b'{"title": Infinity}',
        b'{"title": [-Infinity]}',
        b'{"title": ' + b"9" * 5000 + b"}",
        b"[" * 30_000,
        b"[" * 30_000 + b"]" * 30_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"title": "\xe9"}',
        b'{"title": "\xed\xa0\x80"}',
        b'{"title": "\xc0\xaf"}',
        b'{"title": "a\tb"}',
        b"\xef\xbb\xbf",
        *(
            json.dumps(a_form()).encode(coding)
            for coding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le")
        ),
    ],
)
def test_what_is_not_json(served: Served, body: bytes) -> None:
    nothing_registered(served.ask("POST", PATH, body, JSON), 400)


@pytest.mark.parametrize("body", [b'{"title": "Ms.", "title": "Mr."}', b'{"a": [{"title": 1, "title": 1}]}'])
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_json_that_gives_a_name_twice_is_told_which(served: Served, body: bytes, accept: str) -> None:
    answer = served.ask("POST", PATH, body, {**JSON, "Accept": accept})
    nothing_registered(answer, 400)
    assert "title" in answer.text


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_names_that_cannot_be_written(served: Served, accept: str) -> None:
    headers = {**JSON, "Accept": accept}
    nothing_registered(served.ask("POST", PATH, rb'{"\ud800": 1, "\ud800": 2}', headers), 400)
    answer = served.ask("POST", PATH, json.dumps(a_form() | {"\ud800": "x", "a\r\nb: c": "x"}), headers)
    assert answer.status == 422
    assert set(answer.json["errors"]) == {"\ud800", "a\r\nb: c"}


def test_json_with_a_byte_order_mark_is_read(served: Served) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(a_form(family_name="Marked")).encode()
    assert served.ask("POST", PATH, body, JSON).status == 201


@pytest.mark.parametrize("name", LETTER_FIELDS)
def test_wrong_types(served: Served, name: str) -> None:
    for wrong in (5, -0.5, 10**4000, True, False, [], {}, ["x"], {"x": "y"}, [[[None]]]):
        answer = served.post_json(PATH, a_form(**{name: wrong}))
        assert (answer.status, set(answer.json["errors"])) == (422, {name}), wrong
    endless = json.dumps(a_form(**{name: "?"})).replace('"?"', "1e999")
    assert served.ask("POST", PATH, endless, JSON).status == 422


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"5", b"true", b"[{}]"])
def test_json_that_is_no_object(served: Served, body: bytes) -> None:
    answer = served.ask("POST", PATH, body, JSON)
    assert answer.status == 422
    assert "object" in answer.text


# Forms


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (JSON, json.dumps({f"n{number}": "x" for number in range(101)}).encode()),
        (FORM, urlencode({f"n{number}": "x" for number in range(1001)}).encode()),
        (PARTS, multipart({f"n{number}": "x" for number in range(101)})),
        (PARTS, multipart([("title", "Ms.")] * 1001)),
        (FORM, urlencode(a_form(address="x" * LARGEST_BODY)).encode()),
        (PARTS, multipart(a_form(address="x" * 600_000))),
        (JSON, json.dumps(a_form(address="x" * 20_000_000)).encode()),
    ],
)
def test_too_much(served: Served, headers: dict[str, str], body: bytes) -> None:
    nothing_registered(served.ask("POST", PATH, body, headers), 413)


@pytest.mark.parametrize("chunked", [False, True])
def test_the_largest_body_is_read_and_one_byte_more_is_not(served: Served, chunked: bool) -> None:
    for size, status in ((LARGEST_BODY, "422"), (LARGEST_BODY + 1, "413")):
        body = b"{}".ljust(size)
        if chunked:
            sent = head(**JSON, Transfer_Encoding="chunked") + b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
        else:
            sent = head(**JSON, Content_Length=str(size)) + body
        assert raw(served, sent)[9:12] == status


def test_a_body_in_chunks_is_cut_off_early(served: Served) -> None:
    """Its end never comes: what is answered was answered without it."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        connection.sendall(head(**JSON, Transfer_Encoding="chunked") + b"20000\r\n" + b" " * 0x20000 + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"-5\r\nabcde\r\n0\r\n\r\n",
        b"5\r\nabcdefgh\r\n0\r\n\r\n",
        b"5\r\nabc",
        b"5\r\nabcde\r\n",
        b"5\r\nabcde\r\n0\r\n",
        b"",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
def test_a_bad_chunk(served: Served, method: str, body: bytes) -> None:
    answer = raw(served, head(method, **JSON, Transfer_Encoding="chunked"), body)
    assert answer.startswith("HTTP/1.1 400 "), answer
    assert "arrived incomplete" in answer


@pytest.mark.parametrize("kind", ["application/json", *FORM_TYPES])
def test_somebody_hangs_up_in_the_middle(served: Served, kind: str) -> None:
    """What came reads as a whole form, and is none."""
    name = f"Hangs up {kind}"
    form = a_form(family_name=name)
    bodies = (json.dumps(form).encode() + b"      ", urlencode(form).encode(), multipart(form) + b"\r\n  ")
    body = dict(zip(("application/json", *FORM_TYPES), bodies, strict=True))[kind]
    answer = raw(served, head(Content_Type=f"{kind}; boundary=b", Content_Length=str(len(body))), body[:-3])
    assert answer.startswith("HTTP/1.1 400 "), answer
    assert "arrived incomplete" in answer
    assert served.post_json(PATH, form).status == 201  # the first


def test_a_multipart_body_cut_anywhere_is_not_taken_for_a_form(served: Served) -> None:
    whole = multipart(a_form(family_name="Cut"))
    for end in [*range(0, len(whole) - 10, 41), *range(len(whole) - 10, len(whole) - 3)]:
        answer = served.ask("POST", PATH, whole[:end], PARTS)
        nothing_registered(answer, 400)
        assert "<h1>" in answer.text
    assert served.post_json(PATH, a_form(family_name="Cut")).status == 201


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=another",
        "multipart/form-data; boundary*=utf-8''%ff",
        "multipart/form-data; boundary=" + "b" * 5000,
    ],
)
def test_a_broken_boundary(served: Served, kind: str) -> None:
    nothing_registered(served.ask("POST", PATH, multipart(a_form()), {"Content-Type": kind}), 400)


@pytest.mark.parametrize(
    "part",
    [
        b"\r\n\r\nx",
        b"\r\nContent-Disposition: form-data\r\n\r\nx",
        b"\r\nContent-Disposition: form-data; filename=x\r\n\r\nx",
        b"\r\nContent-Type: text/plain\r\n\r\nx",
        b'\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx',
        b"",
        b"\r\n",
    ],
)
def test_a_broken_part(served: Served, part: bytes) -> None:
    nothing_registered(served.ask("POST", PATH, b"--b" + part + b"\r\n--b--\r\n", PARTS), 400)


@pytest.mark.parametrize("kind", FORM_TYPES)
@pytest.mark.parametrize("name", LETTER_FIELDS)
def test_a_field_given_twice_is_not_chosen_from(served: Served, kind: str, name: str) -> None:
    pairs: list[tuple[str, object]] = [*a_form().items(), (name, a_form()[name])]
    body = urlencode(pairs).encode() if kind == FORM_TYPES[0] else multipart(pairs)
    answer = served.ask("POST", PATH, body, {"Content-Type": f"{kind}; boundary=b"})
    assert answer.status == 422
    page = Page(answer.text)
    assert f": {'This was sent more than once. Please write it once.'}" in "".join(page.texts)
    assert answer.text.count('class="error"') == 1
    assert {field: text for field, text in page.values.items() if text} == {
        field: text for field, text in a_form().items() if field != name
    }


@pytest.mark.parametrize("name", LETTER_FIELDS)
def test_a_file_in_a_field_is_no_answer(served: Served, name: str) -> None:
    rest = multipart({field: text for field, text in a_form().items() if field != name})
    file = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="x"\r\n\r\n{a_form()[name]}\r\n'.encode()
    answer = served.ask("POST", PATH, file + rest, PARTS)
    assert answer.status == 422
    assert answer.text.count('class="error"') == 1
    assert "This should be text, not a file." in answer.text


def test_text_that_was_lost_on_the_way_is_asked_for_again(served: Served) -> None:
    latin = urlencode(a_form(), encoding="latin-1").encode()
    parts = multipart(a_form()).decode().encode("latin-1")
    for headers, body in ((FORM, latin), (PARTS, parts)):
        answer = served.ask("POST", PATH, body, headers)
        assert answer.status == 422
        assert answer.text.count('class="error"') == 3  # organization, address, hotel
        assert "got lost on the way (\ufffd). Please write it again." in answer.text
        page = Page(answer.text)
        assert page.values["organization"] == "Minist\ufffdre des Postes et T\ufffdl\ufffdcommunications"
        assert page.values["tel"] == a_form()["tel"]
    assert set(served.post_json(PATH, a_form(hotel="H\ufffdtel")).json["errors"]) == {"hotel"}


def test_a_part_that_names_its_character_set_is_read_in_it(served: Served) -> None:
    form = a_form(family_name="Charset")
    parts = multipart(form).replace(b'"\r\n\r\n', b'"\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n')
    assert served.ask("POST", PATH, parts.decode().encode("latin-1"), PARTS).status == 303
    assert served.post_json(PATH, form).status == 200  # known: the very same text


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "gbk", "x", '"utf 8"'])
@pytest.mark.parametrize("kind", ["application/json", *FORM_TYPES])
def test_another_character_set(served: Served, kind: str, charset: str) -> None:
    answer = served.ask("POST", PATH, b"title=x", {"Content-Type": f"{kind}; charset={charset}"})
    nothing_registered(answer, 415)
    assert "UTF-8" in answer.text


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "us-ascii"])
def test_the_right_character_set(served: Served, charset: str) -> None:
    assert served.ask("POST", PATH, b"{}", {"Content-Type": f"application/json; charset={charset}"}).status == 422


@pytest.mark.parametrize(
    "kind", ["text/plain", "", "application/json/x", "a" * 5000, "multipart/mixed; boundary=b", "\xe9"]
)
def test_another_type(served: Served, kind: str) -> None:
    nothing_registered(served.ask("POST", PATH, b"{}", {"Content-Type": kind}), 415)


@given(
    st.binary(max_size=300) | st.text("-b\r\n:;=\"' name&%é", max_size=300).map(str.encode), st.sampled_from(FORM_TYPES)
)
def test_any_bytes_are_a_form_or_are_refused(body: bytes, kind: str) -> None:
    builder = EnvironBuilder(method="POST", data=body, content_type=f"{kind}; boundary=b")
    with suppress(HttpProblem):
        form = read_form(Request(builder.get_environ()))
        assert all(isinstance(text, str) for text in [*form.answers, *form.answers.values()])


# Texts


def hostile_for(name: str) -> list[str]:
    """What the form takes in this field."""
    is_name = name in ("family_name", "first_name", "signature")
    return [text for text in HOSTILE if not (is_name and text == LINK)] if name in FREE_TEXT else []


def write_of(served: Served, form: Mapping[str, object], path: str = PATH) -> Answer:
    return served.ask("POST", path, urlencode(form), FORM)


@pytest.mark.parametrize("name", LETTER_FIELDS)
def test_hostile_text_comes_back_on_the_page_as_text(served: Served, name: str) -> None:
    tags = Page(write_of(served, a_form(email="amina", **{name: ""} if name != "email" else {})).text).tags
    for hostile in HOSTILE:
        refused = write_of(served, a_form(email="amina") | {name: hostile})
        assert refused.status == 422
        page = Page(refused.text)
        if name not in ("title", "category"):  # a radio button that is not on the form cannot be chosen
            assert page.values[name] == hostile
        assert set(page.tags) == set(tags)
        assert page.tags.count("script") == tags.count("script")
        closed = Page(write_of(served, a_form(**{name: hostile}), "/register/closed").text)
        if hostile in hostile_for(name):
            assert f"{LABELS[name]}: {hostile}" in "".join(closed.texts)


@pytest.mark.parametrize("name", FREE_TEXT)
def test_hostile_text_is_kept_and_is_only_text_wherever_it_goes(
    served: Served, db: Path, clock: Clock, name: str
) -> None:
    for hostile in hostile_for(name):
        form = a_form(email=f"{name}@example.org") | {name: hostile}
        other_name = "first_name" if name == "family_name" else "family_name"
        answer = write_of(served, form | {other_name: f"Name {HOSTILE.index(hostile)}"})
        assert answer.status == 303, answer.text
    people = SqliteStore(db, clock).registrations("open", None, 10_000)
    ours = [one for one in people if one.registration.email == f"{name}@example.org"]
    assert {_texts(one)[name] for one in ours} == set(hostile_for(name))
    for one in ours:
        as_it_was_written_everywhere(one, name)


def as_it_was_written_everywhere(one: Registered, name: str) -> None:
    """In the mail and on the roster."""
    text, label = _texts(one)[name], LABELS[name]
    intake = Intake(EVENT.opens_at, EVENT.closes_at, None, EVENT.opens_at)
    message = word(
        confirmation("open", one.id, one.registration.email),
        EVENT,
        one,
        intake,
        Ways("https://desk.example.org/own", "desk@example.org"),
    )
    assert f"    {label}: {text}\n" in clean(message.text)
    page = Page(clean(message.html))
    assert text in page.texts
    assert not {"script", "img"} & set(page.tags)
    assert list(page.tags).count("h1") == 1  # ours
    table, workbook = roster_files(one)
    (row,) = csv.DictReader(io.StringIO(table.decode("utf-8"), newline=""))
    assert row[name] == guarded(text)
    labels, values = openpyxl.load_workbook(io.BytesIO(workbook))["Roster"].iter_rows()
    (cell,) = [value for title, value in zip(labels, values, strict=True) if title.value == label]
    assert (unescape(str(cell.value)), cell.data_type) == (text, "s")  # Excel does that by itself


def _texts(one: Registered) -> dict[str, str]:
    person = one.registration
    return {**person.answers, "family_name": person.family_name, "first_name": person.first_name}


@pytest.mark.parametrize("name", [*FREE_TEXT, "email"])
def test_what_cannot_be_read_is_named(served: Served, name: str) -> None:
    for mark in ("\0", "\x1b", "\x7f", "\ud800", "\ufffe", "\U0010ffff", "\ufdd0"):
        answer = served.post_json(PATH, a_form(**{name: f"a1{mark}b@example.org"}))
        assert set(answer.json["errors"]) == {name}
        assert "cannot be shown" in answer.json["errors"][name][0]


@pytest.mark.parametrize("name", [field.name for field in EVENT.fields if field.required and field.name in FREE_TEXT])
def test_a_text_of_which_nothing_is_seen_is_blank(served: Served, name: str) -> None:
    for invisible in (
        "\u200b",
        "\u202e\u202c",
        "\u3164\u115f\u1160\uffa0",
        "\u2800",
        "\u034f\ufe0f\U000e0100",
        "\u200d",
    ):
        answer = served.post_json(PATH, a_form(**{name: f" {invisible} "}))
        assert answer.json["errors"] == {name: [ASKED[name]]}


@pytest.mark.parametrize(
    "much", [" " * 60_000, "\n" * 60_000, " \n" * 30_000, "\u200b" * 20_000, "\u0301" * 30_000, "\u3164" * 20_000]
)
def test_much_of_nothing_is_nothing_at_once(served: Served, much: str) -> None:
    begun = time.monotonic()
    blank = served.ask("POST", PATH, multipart(a_form(address=much)), PARTS)
    between = served.ask("POST", PATH, multipart(a_form(address=f"a{much}b", email="amina")), PARTS)
    assert time.monotonic() - begun < 5  # a work that grew with the square would take minutes
    assert (blank.status, blank.text.count(ASKED["address"])) == (422, 2)  # above the form and in it
    assert between.status == 422


def test_too_many_lines(served: Served) -> None:
    (sentence,) = served.post_json(PATH, a_form(address="a\n" * 21)).json["errors"]["address"]
    assert sentence == "Please write this in 20 lines at the most; it has 21."


# Methods and addresses


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("//register//open", 200),
        ("/register/open/", 200),
        ("/register/open///", 200),
        ("/register/", 200),
        ("/register/open?a=%00&a=%0d%0aX:+y", 200),
        ("/register?" + "a" * 20_000, 200),
        ("/registeropen", 404),
        ("/register/%2e%2e/open", 404),
        ("/register/../open", 404),
        ("/register/..%2f..%2fetc%2fpasswd", 404),
        ("/register/open%00", 404),
        ("/register/%0d%0aX-Injected:%20yes", 404),
        ("/register/open%0d%0aX-Injected:%20yes//x", 404),
        ("/register/%ff%fe", 404),
        ("/register/" + quote("événement"), 404),
        ("/register/" + quote("{{ 7*7 }}<script>"), 404),
        ("/register/" + "a" * 50_000, 404),
        ("/register/" + "a/" * 20_000, 404),
        ("/register/open/received/AAA-AAA-AAA", 410),
        ("/register/open/received/%0d%0a", 404),
        ("/robots.txt", 404),
        ("/favicon.ico", 404),
        ("/.env", 404),
    ],
)
def test_odd_addresses(served: Served, path: str, status: int) -> None:
    for method in ("GET", "HEAD"):
        answer = served.ask(method, path)
        assert answer.status == status
        assert not [name for name in answer.headers if name.lower() == "x-injected"]
        assert "49" not in answer.text.split("<style>")[0]
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND", "INVENTED", "CONNECT"])
@pytest.mark.parametrize("path", ["/register", "/register/open"])
def test_other_methods(served: Served, method: str, path: str) -> None:
    answer = served.ask(method, path, b"x", {"X-Secret": "y"})
    assert answer.status in (405, 204 if method == "OPTIONS" else 405)
    assert {"GET", "HEAD"} <= {name.strip() for name in answer.headers["Allow"].split(",")}
    assert "X-Secret" not in answer.text


def test_a_method_is_not_overridden(served: Served) -> None:
    assert served.ask("GET", PATH, headers={"X-HTTP-Method-Override": "POST", **JSON}).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\0\0\0\0",
        b"GET\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nA b: c\r\n\r\n",
    ],
)
def test_what_is_not_http(served: Served, sent: bytes) -> None:
    assert raw(served, sent)[9:12] in ("400", "405", "505", "")
