"""What makes a form doubtful, in a text and in its answers."""

import pytest

from rollcall.inbound.doubts import doubts_about, says_none
from rollcall.inbound.forms import About, Found, find_forms
from rollcall.inbound.labels import STRUCK_OUT
from rollcall.inbound.mime import File, Parts
from rollcall.model.inbound import Certainty, Doubt, Doubts, ParsedForm, certainty
from tests.support.builders import a_form_in_text, a_registration, an_event

EVENT = an_event()
FORM = a_form_in_text()


def found(text: str, **parts: tuple[str, ...] | tuple[File, ...] | tuple[Doubt, ...]) -> Found:
    return find_forms(EVENT, Parts(plain=(text,), **parts))  # type: ignore[arg-type]


def doubts(text: str) -> Doubts:
    (form,) = found(text).forms
    return form.doubts


def test_a_form_alone_is_certain() -> None:
    (form,) = found(FORM).forms
    assert (form.registration, form.doubts) == (a_registration(), {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{FORM}Tel.: +1 613 555 0100\n", {Doubt.TWO_ANSWERS: ("tel",)}),
        (f"{FORM}Job title: Director\n", {Doubt.UNKNOWN_LABEL: ("Job title",)}),
        (f"{FORM}Passport No. ..... X0\n", {Doubt.UNKNOWN_LABEL: ("Passport No.",)}),
        (FORM.replace("Hotel: ", f"Hotel: {STRUCK_OUT}"), {Doubt.STRUCK_OUT: ("hotel",)}),
        (FORM.replace("First name: Amina", "First name: Am?na"), {Doubt.LOST_LETTERS: ("first_name",)}),
        (FORM.replace("Hotel: Hôtel Cornavin", "Hotel: same as above"), {Doubt.SAME_AS_ABOVE: ("hotel",)}),
        (FORM.replace("Signature: Amina Diallo", "Signature: Ministry"), {Doubt.NOT_THE_NAME: ("signature",)}),
        (FORM.replace("Family name: Diallo", "Family name: Diallo\tCamara"), {Doubt.PEOPLE_NOT_DIVIDED: ()}),
        (
            FORM.replace("First name: Amina", "First name: Amina / Fatou").replace("Diallo", "Diallo / Camara"),
            {Doubt.PEOPLE_NOT_DIVIDED: ("family_name", "first_name")},
        ),
        (f"Workshop on Spam\n\n{FORM}", {Doubt.ANOTHER_EVENT: ()}),
    ],
)
def test_what_makes_a_form_doubtful(text: str, expected: Doubts) -> None:
    assert doubts(text) == expected


@pytest.mark.parametrize(
    "above",
    ["Tel.: 1\nE-mail: a@example.org\n\n", "Ministry\nTel.: 1\nE-mail: a@example.org\n\nDear Sirs,\n\n"],
)
@pytest.mark.parametrize("below", ["\nRegards\nBob\nTel.: 2\nFax: 2\n", "\n-- \nTel.: 2\nE-mail: b@example.org\n", ""])
def test_a_letterhead_and_a_signature_block_change_no_form(above: str, below: str) -> None:
    (form,) = found(above + FORM + below).forms
    assert (form.registration, form.doubts) == (a_registration(), {})


def without(label: str) -> str:
    return "".join(line for line in FORM.splitlines(keepends=True) if not line.startswith(label))


def test_a_blank_stays_blank() -> None:
    text = f"{without('Tel.')}Tel.:\n\nRegards\nBob\nTel.: 2\n"
    (form,) = found(text).forms
    assert (form.answers.get("tel"), form.doubts) == (None, {})


def test_a_contact_line_that_the_form_lacks_is_asked_about() -> None:
    assert doubts(f"{without('Tel.:')}\nBob\nTel.: 2\n") == {Doubt.OUTSIDE_THE_FORM: ("tel",)}


def test_a_letterheads_hotel_does_not_fill_a_blank() -> None:
    text = f"Hotel: Ritz\n\n{FORM.replace('Hotel: Hôtel Cornavin', 'Hotel:')}"
    (form,) = found(text).forms
    assert (form.answers.get("hotel"), form.doubts) == (None, {Doubt.OUTSIDE_THE_FORM: ("hotel",)})


def test_a_remark_below_the_form_is_no_signature_of_the_greeting_above() -> None:
    assert found(f"Best regards\n\n{FORM}\nVegetarian please\n").letter == "Vegetarian please"


def test_an_answer_that_asks_is_shown() -> None:
    assert found(FORM.replace("Hôtel Cornavin", "Can you recommend one?")).letter == "Can you recommend one?"


def test_one_person_with_two_addresses_is_asked_about() -> None:
    forms = found(f"{FORM}\n{a_form_in_text(email='other@mpt.example.org')}").forms
    assert [form.doubts for form in forms] == [{Doubt.VERSIONS_DIFFER: ("email",)}] * 2


def test_a_name_that_is_no_form_is_shown() -> None:
    assert "Camara" in found(f"{FORM}\nName: Camara\nE-mail: c@example.org\n").letter


def test_two_rows_that_are_not_read_are_two() -> None:
    rows = "Title\tFamily name\tFirst name\nMs.\tDiallo\tAmina\nMr.\tx\ty\tz\nMr.\tx\ty\tw\n"
    assert [Doubt.ROW_NOT_READ in form.doubts for form in found(rows).forms] == [False, True, True]


def test_a_list_may_count_its_people() -> None:
    rows = "No  Title  Family name  First name\n1   Ms.    Diallo       Amina\n2   Mr.    Camara\n"
    first, second = found(rows).forms
    assert (first.answers["family_name"], first.answers["first_name"], first.doubts) == ("Diallo", "Amina", {})
    assert (second.answers["title"], second.answers["family_name"]) == ("mr", "Camara")


def test_a_letterhead_without_an_empty_line_below_is_asked_about() -> None:
    (form,) = found(f"E-mail: info@example.org\n{FORM}").forms
    assert (form.answers["email"], form.doubts) == ("amina.diallo@mpt.example.org", {Doubt.TWO_ANSWERS: ("email",)})


def test_what_the_subject_asks_is_shown() -> None:
    read = find_forms(EVENT, Parts(plain=(f"{FORM}\nRegards\nBob\n",)), About("Form - is there a visa letter?"))
    assert "visa letter" in read.letter


def test_two_versions_that_differ_are_asked_about() -> None:
    other = FORM.replace("Cornavin", "Beau-Rivage")
    (html,) = found(FORM, html=(other.replace("\n", "<br>"),)).forms
    (file,) = found(FORM, files=(File("form.txt", "text/plain", other.encode()),)).forms
    assert html.doubts == file.doubts == {Doubt.VERSIONS_DIFFER: ("hotel",)}
    (same,) = found(FORM, html=(FORM.replace("\n", "<br>"),)).forms
    assert same.doubts == {}


def test_the_doubts_of_a_text_are_its_forms() -> None:
    (form,) = found(FORM, doubts=(Doubt.CHARSET_GUESSED,)).forms
    assert form.doubts == {Doubt.CHARSET_GUESSED: ()}


def test_a_form_quoted_below_another_is_asked_about() -> None:
    quoted = "".join(f"> {line}\n" for line in a_form_in_text(family_name="Camara", email="c@example.org").splitlines())
    own, other = found(f"{FORM}\nOn Monday, Bob wrote:\n{quoted}").forms
    assert (own.doubts, list(other.doubts)) == ({}, [Doubt.QUOTED])


@pytest.mark.parametrize(
    ("signature", "doubted"),
    [
        *(("Amina Diallo", False), ("A. Diallo", False), ("DIALLO", False), ("AD", False), ("a.d.", False)),
        *(("أمينة ديالو", False), ("Best regards", True), ("Sent from my iPhone", True), ("Beispiel AG", True)),
    ],
)
def test_a_signature_is_the_name(signature: str, doubted: bool) -> None:
    answers = {"family_name": "Diallo", "first_name": "Amina", "signature": signature}
    assert bool(doubts_about(answers)) is doubted


@pytest.mark.parametrize(
    ("text", "none"),
    [("none", True), ("N/A", True), ("néant", True), ("-", True), ("нет", True), ("无", True), ("Nanterre", False)],
)
def test_words_for_nothing(text: str, none: bool) -> None:
    assert says_none(text) is none


@pytest.mark.parametrize(
    ("form", "refuses", "expected"),
    [
        (ParsedForm({}, a_registration()), False, Certainty.CERTAIN),
        (ParsedForm({}, a_registration()), True, Certainty.REVIEW),
        (ParsedForm({}, None), False, Certainty.ASK),
        (ParsedForm({}, a_registration(), doubts={Doubt.TWO_ANSWERS: ()}), False, Certainty.ASK),
        (ParsedForm({}, None, doubts={Doubt.ROW_NOT_READ: ()}), False, Certainty.REVIEW),
        (ParsedForm({}, a_registration(), doubts={Doubt.RIGHT_TO_LEFT_PDF: ()}), False, Certainty.REVIEW),
    ],
)
def test_one_function_decides(form: ParsedForm, refuses: bool, expected: Certainty) -> None:
    assert certainty(form, refuses=refuses) is expected
