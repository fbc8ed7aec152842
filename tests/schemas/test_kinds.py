"""The kinds of fields, and how an event file asks for them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from marshmallow import ValidationError

from handlers.request_body import _read_urlencoded
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.form import Choice
from schemas.event import EventFileError
from schemas.faults import sentences
from schemas.form import asked_of, faults_of, in_codes, in_labels, read_form, schema_for, written
from schemas.kinds import KINDS, Answer, countries
from tests.support.builders import EVENTS, an_event, an_event_asking

NEEDED = """
[[form.fields]]
name = "family_name"
[[form.fields]]
name = "email"
"""
OWN = """
[[form.fields]]
name = "own"
label = "Own"
kind = "{kind}"
"""
PERSON = {"family_name": "Diallo", "email": "amina@example.org"}


def event_with(kind: str, more: str = "") -> Event:
    return an_event_asking(NEEDED + OWN.format(kind=kind) + more)


def kept(event: Event, **answers: object) -> dict[str, str]:
    return written(read_form(event, PERSON | answers))


def faults_in(event: Event, **answers: object) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        read_form(event, PERSON | answers)
    faults = faults_of(refused.value)
    assert all(sentences(event, faults).values())
    return {name: [fault.code for fault in those] for name, those in faults.items()}


CHOICES = 'choices = ["Morning", "Afternoon", "Evening, late"]'


@pytest.mark.parametrize(
    ("kind", "more", "given", "stored", "shown"),
    [
        ("text", "", " a  b ", "a b", "a b"),
        ("lines", "", "a\r\nb", "a\nb", "a\nb"),
        ("choice", CHOICES, "afternoon", "afternoon", "Afternoon"),
        ("choice", CHOICES, "Evening, late", "evening-late", "Evening, late"),
        ("choices", CHOICES, ["evening-late", "Morning"], "morning evening-late", "Morning; Evening, late"),
        ("choices", CHOICES, "Morning, Afternoon", "morning afternoon", "Morning; Afternoon"),
        ("choices", CHOICES, "morning\nevening-late", "morning evening-late", "Morning; Evening, late"),
        ("choices", CHOICES, "Evening, late", "evening-late", "Evening, late"),
        ("yes-no", "", "Yes", "yes", "Yes"),
        ("yes-no", "", False, "no", "No"),
        ("number", "", "012.50", "12.50", "12.50"),
        ("number", "", 3, "3", "3"),
        ("number", "", "3,5", "3.5", "3.5"),
        ("number", "", "١٢٫٥", "12.5", "12.5"),
        ("date", "", "٢٠٠٤-٠٢-٢٩", "2004-02-29", "2004-02-29"),
        ("date", "", "２００４-02-29", "2004-02-29", "2004-02-29"),
        ("date", "", "2004-02-29", "2004-02-29", "2004-02-29"),
        ("email", "", "b@example.org", "b@example.org", "b@example.org"),
        ("tel", "", "+41 22 730 51 11", "+41 22 730 51 11", "+41 22 730 51 11"),
        ("country", "", "Guinea", "GN", "Guinea"),
        ("country", "", "ch", "CH", "Switzerland"),
        ("consent", "", "yes", "yes", "Yes"),
        ("consent", "", True, "yes", "Yes"),
        ("consent", "", "no", "no", "No"),
    ],
)
def test_what_is_kept_of_an_answer(kind: str, more: str, given: object, stored: str, shown: str) -> None:
    event = event_with(kind, more)
    assert kept(event, own=given)["own"] == stored
    assert in_labels(event, {"own": stored}) == {"own": shown}
    again = in_codes(event, {"own": stored})["own"]
    assert kept(event, own=again)["own"] == stored


@pytest.mark.parametrize(
    ("kind", "more", "given", "fault"),
    [
        ("choice", CHOICES, "night", "not_a_choice"),
        ("choices", CHOICES, ["morning", "night"], "not_a_choice"),
        ("choices", CHOICES, ["morning", 5], "not_text"),
        ("yes-no", "", "perhaps", "not_a_choice"),
        ("number", "", "many", "not_a_number"),
        ("number", "", "1e9", "not_a_number"),
        ("number", "", "1,000", "not_a_number"),
        ("number", "", "1,0,5", "not_a_number"),
        ("number", "", "²", "not_a_number"),
        ("number", "least = 1\nmost = 3", 0, "out_of_bounds"),
        ("number", "least = 1\nmost = 3", "3.5", "out_of_bounds"),
        ("number", "", float("inf"), "not_a_number"),
        ("date", "", "29.2.2004", "not_a_date"),
        ("number", "least = 1", 0, "too_small"),
        ("number", "most = 3", 4, "too_large"),
        ("date", "least = 2004-03-01", "2004-02-29", "too_early"),
        ("date", "most = 2004-03-01", "2004-03-02", "too_late"),
        ("date", "least = 2004-03-01\nmost = 2004-03-01", "2004-02-29", "not_in_days"),
        ("country", "", "Atlantis", "not_a_choice"),
        ("country", "", "EU", "not_a_choice"),
        ("consent", "required = true", "no", "required"),
        ("consent", "required = true", "", "required"),
        ("choices", f"required = true\n{CHOICES}", [], "required"),
    ],
)
def test_what_is_wrong_is_said(kind: str, more: str, given: object, fault: str) -> None:
    assert faults_in(event_with(kind, more), own=given) == {"own": [fault]}


@pytest.mark.parametrize(
    ("kind", "more", "given", "said"),
    [
        ("text", "max_length = 1", "ab", "Please shorten this to 1 character; it has 2."),
        ("lines", "max_length = 2000", "a" * 4001, "Please shorten this to 2,000 characters; it has 4,001."),
        ("lines", "", "a\n" * 21, "Please write this in 20 lines at the most; it has 21."),
        ("number", "least = 1000\nmost = 2000.5", 1, "This should be between 1000 and 2000.5."),
        ("date", "most = 2004-03-01", "2004-03-02", "This should not be after 1 March 2004."),
    ],
)
def test_counts_and_days_are_said_as_the_language_has_them(kind: str, more: str, given: object, said: str) -> None:
    event = event_with(kind, more)
    with pytest.raises(ValidationError) as refused:
        read_form(event, PERSON | {"own": given})
    assert sentences(event, faults_of(refused.value)) == {"own": [said]}


def test_a_fault_of_a_field_that_is_gone_is_still_said() -> None:
    assert sentences(an_event(), {"gone": [Fault("required")]}) == {"gone": ["Please fill this in."]}


DRINK = """
[[form.fields]]
name = "drink"
label = "Drink"
kind = "choice"
choices = ["Tea", "Coffee", "Water"]
"""


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ("", "optional"),
        ("required = true", ""),
        ('only_if = { drink = ["tea"] }', "optional, only if “Drink” is “Tea”"),
        ('required = true\nonly_if = { drink = ["tea", "coffee"] }', "only if “Drink” is “Tea” or “Coffee”"),
        ('required_if = { drink = ["tea"] }', "needed if “Drink” is “Tea”"),
        (
            'only_if = { drink = ["tea", "water"] }\nrequired_if = { drink = ["tea"] }',
            "only if “Drink” is “Tea” or “Water”, needed if “Drink” is “Tea”",
        ),
    ],
)
def test_when_a_field_is_asked_stands_behind_its_label(more: str, hint: str) -> None:
    event = an_event_asking(NEEDED + DRINK + OWN.format(kind="text") + more)
    assert asked_of(event)[-1].hint == hint


def test_nothing_is_kept_of_what_was_left_empty() -> None:
    for kind in KINDS:
        event = event_with(kind, CHOICES if kind in ("choice", "choices") else "")
        assert "own" not in kept(event, own="")
        assert "own" not in kept(event)


def test_no_list_of_countries_is_loaded_unless_it_is_asked_for() -> None:
    countries.cache_clear()
    schema_for(an_event())
    assert countries.cache_info().misses == 0


CONDITIONS = f"""
{NEEDED}
[[form.fields]]
name = "category"
required = true
[[form.fields]]
name = "press_card"
label = "Number of your press card"
only_if = {{ category = ["non-member", "associate"] }}
required = true
[[form.fields]]
name = "organization"
required_if = {{ category = ["member-state"] }}
"""


@pytest.mark.parametrize(
    ("answers", "faults"),
    [
        ({"category": "member-state", "organization": "O"}, {}),
        ({"category": "member-state"}, {"organization": ["required"]}),
        ({"category": "sector-member"}, {}),
        ({"category": "non-member", "press_card": "5"}, {}),
        ({"category": "Non-Member", "press_card": "5"}, {}),
        ({"category": "non-member"}, {"press_card": ["required"]}),
        ({"category": "non-member", "press_card": " "}, {"press_card": ["required"]}),
        ({"category": "sector-member", "press_card": "5"}, {"press_card": ["not_asked"]}),
        ({"press_card": "5"}, {"category": ["required"], "press_card": ["not_asked"]}),
        ({"category": "?!", "press_card": "5"}, {"category": ["not_a_choice"]}),
    ],
)
def test_conditions_hold(answers: dict[str, object], faults: dict[str, list[str]]) -> None:
    event = an_event_asking(CONDITIONS)
    if faults:
        assert faults_in(event, **answers) == faults
    else:
        kept(event, **answers)


def test_nobody_departs_before_arriving() -> None:
    event = an_event_asking(NEEDED + '[[form.fields]]\nname = "arrival"\n[[form.fields]]\nname = "departure"\n')
    kept(event, arrival="2004-02-26", departure="2004-02-26")
    assert faults_in(event, arrival="2004-02-27", departure="2004-02-26") == {"departure": ["before_arrival"]}
    assert faults_in(event, arrival="2003-12-01") == {"arrival": ["not_in_days"]}


def test_a_field_of_the_stock_is_changed_where_the_file_says() -> None:
    event = an_event_asking(
        NEEDED + '[[form.fields]]\nname = "tel"\nlabel = "Mobile"\nrequired = true\nhelp = "We may."\nmax_length = 9'
    )
    (field,) = (one for one in event.fields if one.name == "tel")
    assert (field.kind, field.label, field.required, field.help) == ("tel", "Mobile", True, "We may.")
    assert "Mobile" in field.ask
    assert faults_in(event, tel="1" * 10) == {"tel": ["too_long"]}


def test_countries_are_named_by_their_codes() -> None:
    field = event_with("country", 'choices = ["CH", "FR"]').field("own")
    assert field
    assert field.choices == (Choice("CH", "Switzerland"), Choice("FR", "France"))


def test_the_list_of_countries_can_be_narrower() -> None:
    event = event_with("country", 'choices = [{ code = "CH", label = "Suisse" }, { code = "FR", label = "France" }]')
    assert kept(event, own="FR")["own"] == "FR"
    assert faults_in(event, own="DE") == {"own": ["not_a_choice"]}


HOTELS = """
[[hotels]]
name = "Hotel Lotus"
[[hotels]]
name = "Garden Inn"
"""


def test_people_are_addressed_by_a_title_of_the_event() -> None:
    titles = (
        '[[form.fields]]\nname = "title"\nchoices = [{ code = "he", label = "H.E." }, { code = "eng", label = "Eng." }]'
    )
    event = an_event_asking(NEEDED + titles)
    assert read_form(event, PERSON | {"title": "eng"}).addressed_as == "Eng. Diallo"


def test_a_hotel_is_chosen_or_another_is_named() -> None:
    fields = NEEDED + '[[form.fields]]\nname = "hotel"\n[[form.fields]]\nname = "hotel_tel"\n'
    event = an_event_asking(fields, form='hotel = "list"', rest=HOTELS)
    assert event.hotel_of(kept(event, hotel="Garden Inn")) == "Garden Inn"
    other = kept(event, hotel="another", hotel_name="Chez Anne", hotel_tel="022 716 12 12")
    assert event.hotel_of(other) == "Chez Anne"
    assert event.hotel_of(kept(event, hotel="another")) == ""
    assert faults_in(event, hotel="garden-inn", hotel_name="Chez Anne") == {"hotel_name": ["not_asked"]}
    with pytest.raises(EventFileError, match="hotel: is list, and the form does not ask for the hotel"):
        an_event_asking(NEEDED, form='hotel = "list"', rest=HOTELS)
    none = an_event_asking(fields, form='hotel = "none"')
    assert [field.name for field in none.fields] == ["family_name", "email"]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ('[[form.fields]]\nname = "email"', "form.fields: should have family_name"),
        (NEEDED + '[[form.fields]]\nname = "email"', "form.fields.3.name: email is there twice"),
        (NEEDED + '[[form.fields]]\nname = "Own"\nlabel = "x"', "form.fields.3.name: should be lower-case letters"),
        (NEEDED + '[[form.fields]]\nname = "organisation"', "did you mean organization?"),
        (NEEDED + '[[form.fields]]\nname = "message"\nlabel = "x"', "is a name of the desk's own"),
        (NEEDED + OWN.format(kind="colour"), "kind: should be one of text, name, "),
        (NEEDED + OWN.format(kind="choice"), "choices: are missing"),
        (NEEDED + OWN.format(kind="choice") + 'choices = ["a", "A"]', "“A” stands for two of them"),
        (NEEDED + OWN.format(kind="choice") + 'choices = ["C", "C++"]', "“C++” stands for two of them"),
        (
            NEEDED + OWN.format(kind="choice") + 'choices = [{ code = "1", label = "2" }, { code = "2", label = "1" }]',
            "“2” stands for two of them",
        ),
        (NEEDED + OWN.format(kind="consent") + CHOICES, "choices: should have the codes yes and no"),
        (NEEDED + OWN.format(kind="yes-no") + CHOICES, "choices: should have the codes yes and no"),
        (NEEDED + OWN.format(kind="country") + "max_length = 1", "max_length: is for what people write"),
        (NEEDED + OWN.format(kind="number") + "least = 5\nmost = 1", "most: should not be below least, 5"),
        (NEEDED + '[[form.fields]]\nname = "arrival"\nleast = 2030-01-01', "form.fields.arrival.least: 2030-01-01 is"),
        (NEEDED + '[[form.fields]]\nname = "arrival"\nkind = "number"', "kind: should stay date"),
        (NEEDED + '[[form.fields]]\nname = "category"\nkind = "choices"\n' + CHOICES, "kind: should stay choice"),
        (NEEDED + OWN.format(kind="text") + '[[form.fields]]\nname = "b"\nlabel = "own:"', "fields.b.label: is own's"),
        (NEEDED + OWN.format(kind="text") + CHOICES, "choices: are for other kinds"),
        (NEEDED + OWN.format(kind="number") + "least = 2004-02-20", "least: should be a number"),
        (NEEDED + OWN.format(kind="choice") + CHOICES + "\nleast = 1", "least: is for numbers and dates"),
        (NEEDED + OWN.format(kind="text") + 'required = "yes"', "required: should be true or false, without"),
        (NEEDED + OWN.format(kind="text") + "max_length = 0", "max_length: should be from 1 to 5000"),
        (NEEDED + OWN.format(kind="text") + "most = 5", "most: is for numbers and dates"),
        (NEEDED + OWN.format(kind="number") + "least = 9\nmost = 10.5\n" + CHOICES, "choices: are for other kinds"),
        (NEEDED + OWN.format(kind="number") + "least = 10\nmost = 9", "most: should not be below least, 10"),
        (NEEDED + OWN.format(kind="date") + "least = 2004-02-20\nmost = 2004-02-19", "most: should not be below least"),
        (NEEDED + OWN.format(kind="text") + 'only_if = { email = ["a"] }', "form.fields.3.only_if: email is not"),
        (NEEDED + OWN.format(kind="text") + 'only_if = { category = [] }', "should name one field and its codes"),
        (CONDITIONS.replace('"non-member", "associate"', '"none"'), "none is not a code of category: member-state"),
        (NEEDED + '[[form.sections]]\nheading = "x"\nbefore = "y"', "form.sections.1.before: y is not a field"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named(fields: str, fault: str) -> None:
    with pytest.raises(EventFileError) as refused:
        an_event_asking(fields)
    assert fault in str(refused.value)


@pytest.mark.parametrize(("boxes", "fits"), [(88, True), (89, False)])
def test_a_file_asks_for_no_more_boxes_than_the_page_can_send(boxes: int, fits: bool) -> None:
    choices = f"choices = {[f'Session {place}' for place in range(boxes)]}"
    fields = NEEDED + OWN.format(kind="choices") + choices
    if fits:
        codes = " ".join(choice.code for choice in an_event_asking(fields).fields[-1].choices)
        body = urlencode(
            [*PERSON.items(), *(("own", code) for code in codes.split()), ("shown_at", ""), ("message", "")]
        )
        form = _read_urlencoded(body.encode(), None, ["own"])  # type: ignore[arg-type]
        assert kept(an_event_asking(fields), own=form.answers["own"])["own"] == codes
    else:
        with pytest.raises(EventFileError, match=r"should be 90 at the most, .*: here 91"):
            an_event_asking(fields)


@pytest.mark.parametrize(
    "wrong",
    [
        'name = "own"\nlabel = "Own"\nonly_if = { email = ["a"] }',
        'name = "own"\nlabel = "Own"\nonly_if = { no_field = ["a"] }',
        'name = "tel"\n[[form.sections]]\nheading = "x"\nbefore = "no_field"',
        'name = "tel"\n[[form.fields]]\nname = "email"',
        'name = "tel"\n[[hotel]]',
    ],
)
def test_a_fault_is_at_the_last_line(wrong: str) -> None:
    asked = f"{NEEDED}[[form.fields]]\n{wrong}"
    lines = (EVENTS / "intgov04.toml").read_text("utf-8").count("\n") + len(asked.splitlines()) + 1
    with pytest.raises(EventFileError, match=rf"\.toml:{lines}: "):
        an_event_asking(asked)


@pytest.fixture
def stars() -> Iterator[str]:
    """A kind that a newcomer added."""

    class Stars(Answer, kind="stars"):
        longest = 5
        wording = "Give stars to “%(label)s”."

        def check(self, text: str) -> None:
            if set(text) != {"*"}:
                raise ValidationError("no stars")

        def shown(self, answer: str) -> str:
            return answer.replace("*", "★")

    yield "stars"
    del KINDS["stars"]


def test_a_kind_is_one_class(stars: str) -> None:
    event = event_with(stars)
    assert kept(event, own="***")["own"] == "***"
    assert in_labels(event, {"own": "***"}) == {"own": "★★★"}
    with pytest.raises(ValidationError):
        read_form(event, PERSON | {"own": "***?"})


def test_codes_are_made_of_labels() -> None:
    event = event_with("choice", 'choices = ["Été", "夏"]')
    field: Any = event.field("own")
    assert field.choices == (Choice("t", "Été"), Choice("choice-2", "夏"))


def test_a_field_of_any_name_is_asked() -> None:
    names = ("event", "status", "query", "csrf", "fields", "context", "opts", "load", "validate", "rowid", "answers")
    event = an_event_asking(NEEDED + "".join(f'[[form.fields]]\nname = "{one}"\nlabel = "{one} x"\n' for one in names))
    answers = {name: f"{name} said" for name in names}
    assert written(read_form(event, PERSON | answers)) == PERSON | answers


def test_a_field_of_ones_own_says_what_is_missing_in_its_own_words() -> None:
    event = event_with("text", 'required = true\nask = "Say {it} in 100 %."')
    with pytest.raises(ValidationError) as refused:
        read_form(event, PERSON)
    assert sentences(event, faults_of(refused.value))["own"] == ["Say {it} in 100 %."]


def test_choices_that_are_signs_alone_are_told_apart() -> None:
    assert kept(event_with("choice", 'choices = ["+", "-"]'), own="-")["own"] == "choice-2"


def test_hotels_of_one_name_are_refused_and_no_hotel_is_taken_for_another() -> None:
    asked = NEEDED + '[[form.fields]]\nname = "hotel"\n'
    listed = 'hotel = "list"'
    with pytest.raises(EventFileError, match="hotels: should each have a name of its own"):
        an_event_asking(asked, form=listed, rest='[[hotels]]\nname = "Hilton"\n[[hotels]]\nname = "hilton"')
    event = an_event_asking(asked, form=listed, rest='[[hotels]]\nname = "Another"')
    hotel = event.field("hotel")
    assert hotel
    assert [one.code for one in hotel.choices] == ["hotel-1", "another"]
    own = '[[form.fields]]\nname = "hotel_name"\nlabel = "Z"\n'
    with pytest.raises(EventFileError, match="hotel_name is the desk's own"):
        an_event_asking(asked + own, form=listed, rest='[[hotels]]\nname = "X"')
