"""Event files: what they may say, and what is said of the others."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from rollcall.model.staff import Receives, Role, StaffMember
from schemas.event import EventFileError, read_event, read_events, remarks_on
from tests.support.builders import EVENTS

LETTER = (EVENTS / "intgov04.toml").read_text("utf-8")


def written(folder: Path, old: str = "", new: str = "", name: str = "second.toml") -> Path:
    assert old in LETTER
    path = folder / name
    path.write_text(LETTER.replace(old, new, 1), "utf-8")
    return path


def test_the_letters_event() -> None:
    event = read_event(EVENTS / "intgov04.toml")
    assert event.slug == "intgov04"
    assert event.opens_at == datetime(2004, 1, 13, 23, tzinfo=UTC)
    assert event.closes_at == datetime(2004, 2, 20, 23, tzinfo=UTC)  # the 21st begins in Geneva
    assert (event.starts, event.ends) == (date(2004, 2, 26), date(2004, 2, 27))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("\nstarts = ", "\nstart = ", "start: is not a field here"),
        ("\nstarts = ", "\nstart = ", "starts: is missing; add it"),
        ('reference = "DM-1108"', 'reference = " "', "reference: is empty; fill it in"),
        ('"Europe/Zurich"', '"Geneva"', "time_zone: should be an IANA zone"),
        ('"Europe/Zurich"', '"Europe"', "time_zone: should be an IANA zone"),
        ('"Europe/Zurich"', '"right/Europe/Zurich"', "time_zone: should be an IANA zone"),
        ('"Europe/Zurich"', "1", "time_zone: should be an IANA zone"),
        (
            '"Europe/Zurich"',
            '"Etc/GMT-3"',
            "time_zone: should be the zone of a place, as Europe/Zurich: Etc/GMT-3 is UTC+3",
        ),
        ('"Europe/Zurich"', '"Etc/GMT+11"', "Etc/GMT+11 is UTC-11"),
        ("closes = 2004-02-20", "closes = 9999-12-31", "intake.closes: should be in a year of our time"),
        ("starts = 2004-02-26", "starts = 0001-01-01", "starts: should be in a year of our time"),
        ("closes = 2004-02-20", "closes = 2004-01-02", "intake.closes: should be after intake.opens"),
        ("# expected = 300", "expected = 0", "intake.expected: should be from 1 to 1000000"),
        ("# expected = 300", 'expected = "many"', "intake.expected: should be a whole number, as 150"),
        ("# expected = 300", "expected = 1.5", "intake.expected: should be a whole number, as 150"),
        ("closes = 2004-02-20", 'closes = "soon"', "intake.closes: should be a date"),
        ("closes = 2004-02-20", "closes = 2004-03-28T02:30:00", "intake.closes: 2004-03-28 02:30:00 happens never"),
        ("closes = 2004-02-20", "closes = 2004-10-31T02:30:00", "intake.closes: 2004-10-31 02:30:00 happens twice"),
        ('"spumail@itu.int"]', "]", "staff: should name an address or more"),
        ('["title", "family_name"', '["title", "famly_name"', "famly_name is not a field of the form"),
        ("ends = 2004-02-27", "ends = 2004-02-25", "ends: should not be before starts"),
        ('code = "associate"', 'code = "non-member"', "categories: should each have a code of its own"),
        ('website = "http://www.itu.int/"', 'website = "javascript:1"', "venue.website: should begin with https://"),
        ('tel = "+41 22 730 51 11"', "tel = 5", "venue.tel: This should be text."),
        ("[intake]", "[intake", "is not TOML"),
        ('"Europe/Zurich"', "Europe/Zurich", "time_zone = Europe/Zurich; text stands in straight quotes"),
        ('"Europe/Zurich"', "“Europe/Zurich”", "time_zone = “Europe/Zurich”; text stands in straight quotes"),
        ("[intake]", '[intake]\ntitle = """', "is not TOML"),
        ("starts = 2004-02-26", "starts = 26/2/2004", "a date is written as 2004-02-20"),
        ("[contact]", "[venue]", "[venue]; a table is there once"),
        ('["title", "family_name"', '["title" "family_name"', "a comma stands between"),
    ],
)
def test_a_fault_is_named_with_file_and_field(tmp_path: Path, old: str, new: str, fault: str) -> None:
    path = written(tmp_path, old, new)
    with pytest.raises(EventFileError) as refused:
        read_events(tmp_path)
    assert str(path) in str(refused.value)
    assert fault in str(refused.value)


@pytest.mark.parametrize(
    ("zone", "closes", "closes_at"),
    [
        ("Africa/Cairo", "2027-04-29", datetime(2027, 4, 29, 22, tzinfo=UTC)),  # no clock in Cairo shows midnight
        ("America/Havana", "2026-10-31", datetime(2026, 11, 1, 4, tzinfo=UTC)),  # clocks in Havana show it twice
    ],
)
def test_a_deadline_lasts_to_the_end_of_its_day(tmp_path: Path, zone: str, closes: str, closes_at: datetime) -> None:
    path = written(tmp_path, "closes = 2004-02-20", f"closes = {closes}")
    path.write_text(path.read_text("utf-8").replace("Europe/Zurich", zone), "utf-8")
    assert read_event(path).closes_at == closes_at


def test_a_day_that_clocks_left_out_is_no_deadline(tmp_path: Path) -> None:
    path = written(tmp_path, "closes = 2004-02-20", "closes = 2011-12-30")
    path.write_text(path.read_text("utf-8").replace("Europe/Zurich", "Pacific/Apia"), "utf-8")
    with pytest.raises(EventFileError, match="2011-12-30 happens never in Pacific"):
        read_event(path)


def test_a_deadline_with_an_hour(tmp_path: Path) -> None:
    path = written(tmp_path, "closes = 2004-02-20", "closes = 2004-02-20T18:00:00")
    assert read_event(path).closes_at == datetime(2004, 2, 20, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "origin",
    [
        *("*", "www.example.org", "https://www.example.org/", "https://*.example.org", "null", "ftp://example.org"),
        *("https://WWW.example.org", "https://www.example.org:443", "http://www.example.org:80"),
    ],
)
def test_what_no_browser_calls_an_origin(tmp_path: Path, origin: str) -> None:
    path = written(tmp_path, "[form]", f"[form]\norigins = ['https://a.example', '{origin}']")
    with pytest.raises(EventFileError) as refused:
        read_event(path)
    assert f": form.origins.2: {origin} is not an origin; write " in str(refused.value)


def staffed(folder: Path, *tables: str) -> Path:
    path = written(folder, 'staff = ["spumail@itu.int"]\n')
    said = "".join(f"[[staff]]\n{table}\n" for table in tables)
    path.write_text(f"{path.read_text('utf-8')}\n{said}", "utf-8")
    return path


def test_addresses_alone_are_editors_who_receive_all(tmp_path: Path) -> None:
    event = read_event(written(tmp_path, '"spumail@itu.int"]', '"spumail@itu.int", "two@itu.int"]'))
    assert event.staff == (StaffMember("spumail@itu.int"), StaffMember("two@itu.int"))
    assert {one.role for one in event.staff} == {Role.EDITOR}
    assert all(event.told(what) == event.staff_addresses for what in Receives)


def test_staff_who_differ_have_a_table_each(tmp_path: Path) -> None:
    minister = 'address = "Minister@itu.int"\nrole = "viewer"\nlanguage = "fr"\nreceives = ["roster"]'
    event = read_event(staffed(tmp_path, minister, 'address = "desk@itu.int"\nreceives = ["digest", "alerts"]'))
    assert event.told(Receives.ROSTER) == ("Minister@itu.int",)
    assert event.told(Receives.DIGEST) == event.told(Receives.ALERTS) == ("desk@itu.int",)
    assert event.secretariat == "desk@itu.int"
    known = event.member(" minister@ITU.int")
    assert known == StaffMember("Minister@itu.int", Role.VIEWER, "fr", frozenset({Receives.ROSTER}))
    assert event.member("other@itu.int") is None
    assert [event.for_member(one).language for one in (known, event.staff[1], None)] == ["fr", "en", "en"]


ONE = 'address = "one@itu.int"'


@pytest.mark.parametrize(
    ("tables", "at", "fault"),
    [
        ([ONE, ""], "[[staff]]", "staff.2.address: is missing; add it"),
        ([ONE, 'address = "two"'], 'address = "two"', "staff.2.address: should be an e-mail address"),
        ([f'{ONE}\nrole = "boss"'], 'role = "boss"', "staff.1.role: should be viewer or editor"),
        ([f'{ONE}\nlanguage = "xx"'], 'language = "xx"', "staff.1.language: xx is not a language that the desk speaks"),
        ([f"{ONE}\nlanguage = []"], "language = []", "staff.1.language: "),
        ([f'{ONE}\nreceives = ["post"]'], 'receives = ["post"]', "should be roster, digest or alerts"),
        ([f'{ONE}\nname = "One"'], 'name = "One"', "staff.1.name: is not a field here"),
        ([ONE, 'address = "ONE@itu.int"'], "[[staff]]", "staff.2: should be another address: this one stands above"),
        ([f'{ONE}\nrole = "viewer"'], "[[staff]]", "staff: should have an editor"),
        ([f'{ONE}\nreceives = ["digest"]'], "[[staff]]", "staff: should have one who receives the roster"),
    ],
)
def test_a_fault_of_staff_is_named_with_its_line(tmp_path: Path, tables: list[str], at: str, fault: str) -> None:
    path = staffed(tmp_path, *tables)
    with pytest.raises(EventFileError) as refused:
        read_event(path, in_all_languages=True)
    lines = path.read_text("utf-8").split("\n")
    places = [number for number, line in enumerate(lines, 1) if line == at]
    said = [line for line in str(refused.value).splitlines() if fault in line]
    assert len(said) == 1
    assert any(said[0].startswith(f"{path}:{number}: ") for number in places)


@pytest.mark.parametrize(
    ("staff", "fault"),
    [
        ('["one@itu.int", "ONE@itu.int"]', "staff.2: should be another address: this one stands above"),
        ('["one@itu.int", "two"]', "staff.2: should be an e-mail address"),
        ('["one@itu.int", { address = "two@itu.int" }]', "staff: should be addresses alone, or tables"),
        ('"one@itu.int"', "staff: should name an address or more"),
        ('["one@itu.int"]\n[[staff]]\naddress = "two@itu.int"', "is not TOML"),
    ],
)
def test_a_fault_in_addresses_alone(tmp_path: Path, staff: str, fault: str) -> None:
    path = written(tmp_path, '["spumail@itu.int"]', staff)
    with pytest.raises(EventFileError) as refused:
        read_event(path)
    assert fault in str(refused.value)


def test_the_staffs_addresses_are_nothing_to_translate() -> None:
    assert not [one for one in remarks_on(EVENTS / "intgov04.toml") if "staff" in one]


def test_origins_of_forms_elsewhere(tmp_path: Path) -> None:
    origins = ("https://www.example.org", "http://localhost:8000")
    assert read_event(written(tmp_path, "[form]", f"[form]\norigins = {list(origins)}")).origins == origins
    assert read_event(EVENTS / "intgov04.toml").origins == ()


def test_the_name_of_a_file_is_a_web_address(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match="name the file with lower-case letters"):
        read_event(written(tmp_path, name="My Event.toml"))


def test_no_event_at_all(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match="holds no event file; write one: make new-event"):
        read_events(tmp_path)
    with pytest.raises(EventFileError, match="there is no such folder; write one"):
        read_events(tmp_path / "events")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = written(tmp_path)
    text = path.read_text("utf-8")
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(EventFileError, match="is not in UTF-8; save it in that encoding"):
        read_event(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(EventFileError, match="cannot be read: Is a directory"):
        read_event(path)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Windows Notepad writes one."""
    path = written(tmp_path)
    without = read_event(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_event(path) == without


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("closes = 2004-02-20", 'closes = "soon"', "intake.closes"),
        ('tel = "+41 22 730 6819"', "tel = 5", "contact.tel"),
        ('code = "associate"', 'code = "Associé"', "categories.3.code"),
        ("starts = ", "start = ", "start"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, old: str, new: str, at: str) -> None:
    """Counted from one, as editors count."""
    path = written(tmp_path, old, new)
    with pytest.raises(EventFileError) as refused:
        read_event(path)
    (line,) = (number for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if new in line)
    assert f"{path}:{line}: {at}: " in str(refused.value)


def test_a_time_of_day_needs_no_seconds(tmp_path: Path) -> None:
    """TOML 1.1."""
    event = read_event(written(tmp_path, "closes = 2004-02-20", "closes = 2004-02-20T18:00  # as on the letter"))
    assert (
        event.closes_at
        == read_event(written(tmp_path, "closes = 2004-02-20", "closes = 2004-02-20T18:00:00")).closes_at
    )


def test_what_there_is_is_said_where_a_name_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match=r"contact\.phone: is not a field.*There are: name, organization"):
        read_event(written(tmp_path, 'tel = "+41 22 730 6819"', 'phone = "+41 22 730 6819"'))


def test_the_hourly_total_is_twice_the_expected_people(tmp_path: Path) -> None:
    text = (EVENTS / "intgov04.toml").read_text("utf-8")
    (tmp_path / "said.toml").write_text(text.replace("# expected = 300", "expected = 150"), "utf-8")
    assert read_event(tmp_path / "said.toml").emails_an_hour == 300
    assert read_event(EVENTS / "intgov04.toml").emails_an_hour == 600


@pytest.mark.parametrize("more", ["x = " + "[" * 5000 + "]" * 5000, "x = " + "9" * 5000], ids=["deep", "long"])
def test_what_the_parser_itself_cannot_hold_is_no_traceback(tmp_path: Path, more: str) -> None:
    with pytest.raises(EventFileError, match="is not TOML"):
        read_event(written(tmp_path, "[intake]", f"{more}\n[intake]"))


OWN = '[[form.fields]]\nname = "own"\nlabel = "Own"\n'


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (OWN + 'only_if = { nothing = ["a"] }', "only_if"),
        (OWN + '[form.fields.only_if]\nnothing = "a"', "[form.fields.only_if]"),
        (OWN + 'kind = "number"\nleast = 5\nmost = 1', "most"),
        ('[[form.sections]]\nheading = "H"\nbefore = "nothing"', "before"),
        ('[look]\n"x" = 1\ncolour = "#ffffff"', "colour"),
    ],
)
def test_a_fault_in_a_table_is_named_with_its_line(tmp_path: Path, more: str, line: str) -> None:
    needed = '[[form.fields]]\nname = "family_name"\n[[form.fields]]\nname = "email"\n'
    text = re.sub("^(required|staff_may_leave_out) = .*$", "", LETTER, flags=re.MULTILINE) + needed + more
    path = tmp_path / "second.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(EventFileError) as refused:
        read_event(path)
    numbers = re.findall(rf"^{re.escape(str(path))}:(\d+)", str(refused.value), re.MULTILINE)
    lines = [text.splitlines()[int(number) - 1] for number in numbers]
    assert any(one.startswith(line) for one in lines), lines


def test_a_fault_in_a_dotted_key_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "[intake]", 'look.colour = "#ffffff"\n[intake]')
    with pytest.raises(EventFileError, match=rf":{LETTER[: LETTER.index('[intake]')].count(chr(10)) + 1}: look.colour"):
        read_event(path)


def test_what_is_for_the_hotel_is_no_other_form(tmp_path: Path) -> None:
    conference = (EVENTS / "examples" / "conference.toml").read_text("utf-8")
    told = conference.replace('name = "diet"\n', 'name = "diet"\nfor_hotel = true\n')
    told = told.replace('name = "Hotel Lotus"\n', 'name = "Hotel Lotus"\nemail = "desk@lotus.example.org"\n')
    forms = []
    for text in (conference, told):
        path = tmp_path / "conference.toml"
        path.write_text(text, "utf-8")
        for name in ("conference-logo.svg", "conference-rules.pdf"):
            (tmp_path / name).write_bytes((EVENTS / "examples" / name).read_bytes())
        forms.append(read_event(path))
    before, after = forms
    assert after.form_version == before.form_version
    assert [one.name for one in after.fields if one.for_hotel] == ["diet"]
    assert [one.email for one in after.hotels] == ["desk@lotus.example.org", None]
