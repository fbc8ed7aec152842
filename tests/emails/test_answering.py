"""What a reply to the sender of a message says."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from rollcall.emails.composing import compose
from rollcall.model.email import Email, reply_entry
from rollcall.model.fault import Fault
from rollcall.model.inbound import FormStatus, InboundEmail, InboundForm, Reply
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered
from schemas.form import form_fields, in_labels
from tests.support.builders import a_form, a_registration, an_event, registered

EVENT = an_event()
NOON = registered().received_at
DAY = timedelta(days=1)
INTAKE = Intake(EVENT.opens_at, EVENT.closes_at, None, as_of=NOON)
PAST = replace(INTAKE, as_of=EVENT.closes_at + DAY)
FOCAL_POINT = "focal.point@mpt.example.org"
LINK = "https://desk.example.org/register/intgov04/complete/abc.def"
FORM_PAGE = "https://desk.example.org/register/intgov04"
BODIES = pytest.mark.parametrize("part", ["text", "html"])

AMINA = registered()
REGISTERED = InboundForm(FormStatus.REGISTERED, AMINA.id)
ANSWERS = {name: str(value) for name, value in a_form().items() if name not in ("email", "signature")}
INCOMPLETE = InboundForm(
    FormStatus.INCOMPLETE,
    answers=ANSWERS | {"fax": "none yet"},
    faults={
        "email": (Fault("required"),),
        "signature": (Fault("required"),),
        "fax": (Fault("not_a_telephone_number"),),
    },
)


def a_message(*forms: InboundForm, **changes: object) -> InboundEmail:
    inbound = InboundEmail(
        "M" * 24,
        EVENT.slug,
        NOON,
        sender=FOCAL_POINT,
        subject="Registration for the workshop",
        message_id="<one@mpt.example.org>",
        forms=forms,
    )
    return replace(inbound, **changes)  # type: ignore[arg-type]


def replied(
    *forms: InboundForm,
    intake: Intake = INTAKE,
    people: tuple[Registered, ...] = (AMINA,),
    links: Mapping[int, str] | None = None,
    **changes: object,
) -> Email:
    inbound = a_message(*forms, **changes)
    if links is None:
        links = {place: LINK for place, form in enumerate(forms) if form.status is FormStatus.INCOMPLETE}
    about = Reply(inbound, {one.id: one for one in people}, links, FORM_PAGE, "intgov04@forms.example.org")
    return compose(reply_entry(inbound, FOCAL_POINT), EVENT, about, intake)


def flat(text: str) -> str:
    """The text with its line breaks as spaces."""
    return " ".join(text.split())


def test_it_is_an_answer_to_the_sender() -> None:
    message = replied(REGISTERED)
    assert (message.to, message.reply_to) == (FOCAL_POINT, "intgov04@forms.example.org")
    assert message.thread == ("<one@mpt.example.org>",)
    assert message.answers
    assert replied(REGISTERED, message_id="").answers


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Registration", "Re: Registration"),
        ("Re: Registration", "Re: Registration"),
        ("RE: re : Re[2]: Registration", "Re: Registration"),
        ("Reservation", "Re: Reservation"),
        ("More: forms, re: forum", "Re: More: forms, re: forum"),
        ("", f"Your message: {EVENT.title}"),
        ("Re:", f"Your message: {EVENT.title}"),
        (" \r\n ", f"Your message: {EVENT.title}"),
        ("Hello\r\nBcc: all@example.org\x00", "Re: Hello Bcc: all@example.org"),
    ],
)
def test_the_subject_is_theirs_with_one_re(theirs: str, ours: str) -> None:
    assert replied(REGISTERED, subject=theirs).subject == ours


def test_a_long_subject_is_cut() -> None:
    assert len(replied(REGISTERED, subject="x" * 5000).subject) == 200


@BODIES
@pytest.mark.parametrize("status", [FormStatus.REGISTERED, FormStatus.DUPLICATE])
def test_a_registered_form(part: str, status: FormStatus) -> None:
    body = getattr(replied(replace(REGISTERED, status=status)), part)
    for said in (
        *("Amina Diallo", AMINA.reference, "Registered", "amina.diallo@mpt.example.org"),
        *("Administration of ITU Member State", "Hôtel Cornavin", "Conakry", "Salle B", "26–27 February 2004"),
    ):
        assert said in body
    for not_said in ("late", "Not registered", FORM_PAGE, "Attachments", "ATTACHMENTS"):
        assert not_said not in body


@BODIES
def test_a_hotel_that_is_not_known_is_asked_for(part: str) -> None:
    answers = {name: text for name, text in a_registration().answers.items() if not name.startswith("hotel")}
    one = registered(a_registration(answers=answers))
    assert "We do not have the hotel yet" in getattr(replied(REGISTERED, people=(one,)), part)


@BODIES
def test_a_late_form(part: str) -> None:
    late = replace(AMINA, received_at=EVENT.closes_at + timedelta(microseconds=1))
    body = flat(getattr(replied(REGISTERED, people=(late,), intake=PAST), part))
    for said in ("came after the deadline", "kept as late", AMINA.reference, "the end of 20 February 2004"):
        assert said in body
    for not_said in ("Registered", "Salle B", "in time"):
        assert not_said not in body


@BODIES
def test_a_form_that_was_e_mailed_in_time(part: str) -> None:
    arrived_at, received_at = EVENT.closes_at - timedelta(minutes=2), EVENT.closes_at + timedelta(minutes=1)
    late = replace(AMINA, arrived_at=arrived_at, received_at=received_at)
    body = flat(getattr(replied(REGISTERED, people=(late,), intake=PAST), part))
    for said in ("reached us in time, at 20 February 2004, 23:58 (Zurich time)", "kept as late", "not your fault"):
        assert said in body
    assert "after the deadline" not in body


@BODIES
def test_a_different_form_changes_nothing_and_tells_nothing(part: str) -> None:
    other = registered(a_registration(answers={"hotel": "Secret Palace"}))
    form = InboundForm(FormStatus.CONFLICT, other.id, answers=ANSWERS)
    body = flat(getattr(replied(form, people=(other,)), part))
    for said in ("That one stands, and", "nothing was changed", "if you want a change, answer this mail and say which"):
        assert said in body
    assert "Amina Diallo" in body
    for not_said in ("Secret Palace", other.reference, "registered,"):
        assert not_said not in body


@BODIES
def test_an_incomplete_form_lists_only_what_is_missing_or_wrong(part: str) -> None:
    body = flat(getattr(replied(INCOMPLETE), part))
    for said in (
        "At “E-mail”: We did not find this in your message.",
        "At “Signature”: We did not find this in your message.",
        "At “Fax”: This should be a telephone number, or nothing.",
        *(LINK, "complete it by the end of 20 February 2004 (Zurich time)"),
        *("Keep what stands below, and write on top what is missing", "a colon, and your answer"),
        *("Conakry", "none yet", "Administration of ITU Member State", "Hôtel Cornavin"),
    ):
        assert said in body
    assert body.count("At “") == 3
    assert "BP 3000<br>Conakry<br>Guinée" in replied(INCOMPLETE).html
    for not_said in ("member-state", "Salle B", "Registered"):
        assert not_said not in body


def test_what_is_quoted_is_in_the_forms_words_and_nothing_else_looks_like_an_answer() -> None:
    """An answer to the mail quotes it, and the reader reads the quote."""
    labels = {field.name: field.label for field in form_fields(EVENT)}
    for message in (replied(INCOMPLETE), replied(INCOMPLETE, intake=PAST), replied(REGISTERED, INCOMPLETE)):
        for name, answer in in_labels(EVENT, INCOMPLETE.answers).items():
            said = answer.splitlines()[0]
            assert f"    {labels[name]}: {said}\n" in message.text
        looks_like_one = [
            line for line in message.text.splitlines() if line.strip().startswith(("E-mail:", "Signature:", "Fax: Th"))
        ]
        assert not [line for line in looks_like_one if "We did" in line or "should be" in line]


@BODIES
def test_an_incomplete_form_without_a_link(part: str) -> None:
    body = flat(getattr(replied(INCOMPLETE, links={}), part))
    assert "Please answer this mail" in body
    assert "The quickest way" not in body


@BODIES
def test_an_incomplete_form_after_the_deadline_is_promised_nothing(part: str) -> None:
    body = flat(getattr(replied(INCOMPLETE, intake=PAST), part))
    for said in ("At “E-mail”: We did not find this", "has passed", "the secretariat decides", "cannot promise"):
        assert said in body
    assert LINK not in body


@BODIES
def test_a_form_that_came_before_the_intake_opens(part: str) -> None:
    form = InboundForm(FormStatus.NOT_YET_OPEN, AMINA.id, answers=ANSWERS)
    before = replace(INTAKE, as_of=EVENT.opens_at - DAY)
    body = flat(getattr(replied(form, intake=before), part))
    assert "opens on 14 January 2004, 00:00 (Zurich time)" in body
    assert "it opened on 14 January 2004, 00:00 (Zurich time)" in flat(getattr(replied(form), part))
    for not_said in (AMINA.reference, "Salle B"):
        assert not_said not in body


@BODIES
def test_attachments_that_are_not_read_are_named_and_a_quicker_way_is_shown(part: str) -> None:
    body = flat(getattr(replied(not_read=("scan of the form.jpg", "fax.tif")), part))
    for said in (
        *(
            "scan of the form.jpg",
            "fax.tif",
            "A person of the secretariat will look at them",
            "Scans and faxes are pictures",
        ),
        "We could not find a form in them.",
        *(f"{FORM_PAGE}/form.pdf", f"{FORM_PAGE}/form.txt", "it is quicker"),
    ):
        assert said in body
    closed = flat(getattr(replied(not_read=("scan.jpg",), intake=PAST), part))
    assert "registration closed at the end of 20 February 2004" in closed
    assert FORM_PAGE not in closed


@BODIES
@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *(("scan.PDF", True), ("fax.tif", True), ("photo.jpeg", True), ("image/png", True), ("application/pdf", True)),
        *(("members.csv", False), ("list.xls", False), ("form.doc", False), ("pdf", False), ("", False)),
    ],
)
def test_only_pictures_are_called_so(part: str, name: str, is_one: bool) -> None:
    body = flat(getattr(replied(not_read=(name,)), part))
    assert ("Scans and faxes are pictures" in body) == is_one
    for said in ("We could not find a form in it.", f"{FORM_PAGE}/form.pdf"):
        assert said in body


@BODIES
def test_a_message_without_a_form(part: str) -> None:
    body = flat(getattr(replied(), part))
    for said in ("A person of the secretariat will read it", f"{FORM_PAGE}/form.txt", FORM_PAGE, "Robert Shaw"):
        assert said in body
    assert "forms in it" not in body


@BODIES
def test_every_standing_of_a_form_has_words(part: str) -> None:
    forms = [replace(REGISTERED, status=status) for status in FormStatus]
    body = flat(getattr(replied(*forms), part))
    assert "The confirmation goes to" in body
    assert "We had this very form already. The confirmation went to" in body
    assert f"There were {len(forms)} registration forms in it" in body


@BODIES
def test_a_delegation_of_thirty(part: str) -> None:
    people = tuple(registered(a_registration(first_name=f"Delegate{number:02}")) for number in range(29))
    forms = [InboundForm(FormStatus.REGISTERED, one.id) for one in people]
    body = getattr(replied(*forms[:10], INCOMPLETE, *forms[10:], people=people), part)
    assert "There were 30 registration forms in it" in body
    for one in people:
        assert one.reference in body
    assert body.index("Delegate09") < body.index(LINK) < body.rindex("Delegate28")


def test_hostile_text_is_only_text() -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }} \x00\x1b[31m"
    form = replace(INCOMPLETE, answers=ANSWERS | {"family_name": hostile, "hotel": "x" * 1_000_000})
    message = replied(form, subject=hostile, not_read=(hostile,))
    assert "<script>" not in message.html
    for body in (message.text, message.html, message.subject):
        assert not set("\x00\x1b") & set(body)
        assert "{{ 7*7 }}" in body
        assert len(body) < 20_000
