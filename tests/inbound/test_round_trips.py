"""What we send out and get back: blank forms filled in, and our own mails quoted or returned."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from rollcall.documents.blank_form import blank_form_pdf, blank_form_text
from rollcall.emails.confirmation import word
from rollcall.emails.wording import Ways
from rollcall.inbound.forms import Found, find_forms
from rollcall.inbound.mime import File, Parts
from rollcall.local.sample import filled_in
from rollcall.model.email import Email, confirmation
from rollcall.model.event import Hotel
from rollcall.model.intake import Intake
from rollcall.model.registration import Registration
from tests.support.blank_form import filled_in as filled_in_pdf
from tests.support.builders import a_form, a_registration, an_event, registered
from tests.support.inbound import TO

EVENT = an_event(hotels=(Hotel("Beau-Rivage", "+41 22 716 66 66", None),))
FORM = {name: str(answer) for name, answer in a_form().items()}
CASES = Path(__file__).parent.parent / "cases"
REPLY = "On Mon, 2 Feb 2004 at 10:00, Desk <desk@example.org> wrote:\n\n"
FIRST_HALF = ("title", "category", "family_name", "first_name", "organization")


def quoted(text: str) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in text.splitlines())


def only(found: Found) -> tuple[Mapping[str, str], Registration | None, bool]:
    """The answers of the one form that was found, its registration, and whether it is quoted."""
    (form,) = found.forms
    assert found.not_read == ()
    return {name: answer for name, answer in form.answers.items() if answer}, form.registration, form.quoted


def in_text(text: str) -> Found:
    return find_forms(EVENT, Parts(plain=(text,)))


def test_the_text_form_filled_in() -> None:
    assert only(in_text(filled_in(EVENT, TO, FORM))) == (FORM, a_registration(), False)


def test_the_text_of_our_form_says_nothing_to_the_staff() -> None:
    flattened = File("form.pdf", "application/pdf", (CASES / "own-form-flattened.pdf").read_bytes())
    assert in_text(filled_in(EVENT, TO, FORM)).letter == ""
    assert find_forms(EVENT, Parts(files=(flattened,))).letter == ""


def test_the_text_form_filled_in_and_quoted() -> None:
    assert only(in_text(quoted(filled_in(EVENT, TO, FORM)))) == (FORM, a_registration(), True)


def test_the_text_form_filled_in_between_the_lines_of_its_quotation() -> None:
    text = REPLY + quoted(blank_form_text(EVENT, TO))
    for name, label in (
        ("family_name", "Family name"),
        ("first_name", "First name (optional)"),
        ("organization", "Administration or organization"),
        ("address", "Complete address"),
        ("hotel_tel", "Tel. of the hotel (optional)"),
    ):
        text = text.replace(f"> {label}:\n", f"> {label}:\n{FORM[name]}\n", 1)
    written = ("family_name", "first_name", "organization", "address", "hotel_tel")
    answers, _, is_quoted = only(in_text(text))
    assert (answers, is_quoted) == ({name: FORM[name] for name in written}, False)


def test_the_text_form_filled_in_beneath_its_quotation() -> None:
    own = filled_in(EVENT, TO, FORM)
    assert only(in_text(REPLY + quoted(blank_form_text(EVENT, TO)) + "\n" + own)) == (FORM, a_registration(), False)
    assert only(in_text(f"{own}\n{REPLY}{quoted(blank_form_text(EVENT, TO))}")) == (FORM, a_registration(), False)


def test_half_of_the_text_form() -> None:
    half = {name: FORM[name] for name in FIRST_HALF}
    assert only(in_text(filled_in(EVENT, TO, half))) == (half, None, False)


def test_the_pdf_form_filled_in() -> None:
    typed = {name: f"/{answer}" if name in ("title", "category") else answer for name, answer in FORM.items()}
    file = File("form.pdf", "application/pdf", filled_in_pdf(EVENT, typed))
    assert only(find_forms(EVENT, Parts(files=(file,)))) == (FORM, a_registration(), False)


@pytest.mark.parametrize("text", [blank_form_text(EVENT, TO), REPLY + quoted(blank_form_text(EVENT, TO))])
def test_a_blank_text_is_no_form(text: str) -> None:
    assert in_text(text).forms == ()


def test_a_blank_pdf_is_no_form() -> None:
    file = File("form.pdf", "application/pdf", blank_form_pdf(EVENT, TO))
    assert find_forms(EVENT, Parts(files=(file,))) == Found((), ("form.pdf",))


WITHOUT_HOTEL = a_registration(
    answers={name: text for name, text in a_registration().answers.items() if not name.startswith("hotel")}
)


def confirmed(registration: Registration) -> Email:
    one = registered(registration)
    intake = Intake(EVENT.opens_at, EVENT.closes_at, None, as_of=EVENT.opens_at)
    return word(
        confirmation(EVENT.slug, one.id, registration.email),
        EVENT,
        one,
        intake,
        Ways("https://desk.example.org/own", "desk@example.org"),
    )


QUOTED_IN_HTML = {
    "Outlook": "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal>"
    "<b>Von:</b> Desk &lt;desk@rollcall.example&gt; <br><b>Gesendet:</b> Montag, 19. Januar 2004 10:13<br>"
    "<b>An:</b> Ada<br><b>Betreff:</b> x<o:p></o:p></p></div><p class=MsoNormal><o:p>&nbsp;</o:p></p>{}",
    "Outlook on the web": '<hr><div id="x_divRplyFwdMsg"><b>寄件者:</b> Desk<br><b>收件者:</b> Ada<br>'
    "<b>主旨:</b> x<div>&nbsp;</div></div><div>{}</div>",
    "Gmail": '<div class="gmail_quote"><div class="gmail_attr">Am Mo., 19. Jan. 2004 um 10:13 Uhr schrieb Desk &lt;'
    '<a href="mailto:d@rollcall.example">d@rollcall.example</a>&gt;:<br></div><blockquote>{}</blockquote></div>',
    "Yahoo": '<div class="ydp1yahoo_quoted"><div>Am Montag, 19. Januar 2004 um 10:13 hat Desk '
    "&lt;d@rollcall.example&gt; Folgendes geschrieben: </div><div>{}</div></div>",
    "Apple Mail": '<blockquote type="cite"><div>Am 19.01.2004 um 10:13 schrieb Desk:</div><br>{}</blockquote>',
    "Samsung": "<div>-------- Ursprüngliche Nachricht --------</div><div>Von: Desk &lt;d@rollcall.example&gt; </div>"
    "<div>Datum: 19.01.04  10:13  (GMT+01:00) </div><div>An: Ada </div><div>Betreff: x </div><div><br></div>{}",
    "Thunderbird": '<div class="moz-cite-prefix">Am 19.01.2004 um 10:13 schrieb Desk:<br></div>'
    '<blockquote type="cite">{}</blockquote>',
}


@pytest.mark.parametrize("quotation", QUOTED_IN_HTML.values(), ids=QUOTED_IN_HTML)
def test_our_confirmation_as_programs_quote_it(quotation: str) -> None:
    html = f"<div>Is there a bus to the venue?</div>{quotation.format(confirmed(a_registration()).html)}"
    found = find_forms(EVENT, Parts(html=(html,)))
    assert only(found)[1:] == (a_registration(), True)
    assert found.letter == "Is there a bus to the venue?"


@pytest.mark.parametrize("registration", [a_registration(), WITHOUT_HOTEL])
def test_our_confirmation_says_what_was_registered_and_nothing_else(registration: Registration) -> None:
    mail = confirmed(registration)
    quotation = f"Thanks!\n\n{REPLY}{quoted(mail.text)}"
    html = f"<p>Thanks!</p><blockquote>{mail.html}</blockquote>"
    assert only(in_text(quotation))[1:] == (registration, True)
    assert only(find_forms(EVENT, Parts(html=(html,))))[1:] == (registration, True)
    returned = Parts(plain=("User unknown",), within=(Parts((mail.text,), (mail.html,)),))
    assert only(find_forms(EVENT, returned))[1:] == (registration, False)
