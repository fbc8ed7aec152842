"""An event file in several languages."""

import logging
from pathlib import Path

import pytest
from marshmallow import ValidationError

from rollcall.language import language, languages
from rollcall.model.event import Event
from schemas.event import EventFileError, read_event, read_events, read_folder, remarks_on
from schemas.faults import sentences
from schemas.form import asked_of, faults_of, in_codes, in_labels, in_words, read_form, written
from schemas.kinds import KINDS, as_compared, countries
from schemas.stock import STOCK
from tests.support.builders import EVENTS

FILE = """
title = { en = "Workshop", fr = "Atelier" }
organizer = "Office"
languages = ["en", "fr"]
time_zone = "Europe/Zurich"
starts = 2027-02-26
ends = 2027-02-27
staff = ["staff@example.org"]
bring = ["your passport", { en = "a pen", fr = "un stylo" }]

[intake]
opens = 2027-01-14
closes = 2027-02-20

[[form.fields]]
name = "family_name"

[[form.fields]]
name = "email"

[[form.fields]]
name = "country"

[[form.fields]]
name = "drink"
label = { en = "Drink", fr = "Boisson" }
kind = "choice"
choices = [
    { code = "tea", label = { en = "Tea", fr = "Thé" } },
    { code = "coffee", label = { en = "Coffee", fr = "Café" }, also = { fr = ["Expresso"] } },
]

[[form.fields]]
name = "terms"
label = { en = "I agree to the terms.", fr = "J'accepte les conditions." }
kind = "consent"

[[form.sections]]
heading.en = "More"
heading.fr = "Encore"
before = "drink"

[online]
url = "https://meet.example.org/1"

[contact]
name = "Desk"
organization = { en = "Office", fr = "Bureau" }
tel = "+41 22 000 00 00"
email = "desk@example.org"
"""
PERSON = {"family_name": "Diallo", "email": "amina@example.org"}


def written_as(folder: Path, *changes: tuple[str, str]) -> Path:
    text = FILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "workshop.toml"
    path.write_text(text, "utf-8")
    return path


def line_of(path: Path, part: str) -> int:
    return next(number for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if part in line)


@pytest.fixture
def event(tmp_path: Path) -> Event:
    return read_event(written_as(tmp_path), in_all_languages=True)


@pytest.fixture
def french(event: Event) -> Event:
    return event.in_language("fr")


def test_an_event_is_in_one_language(event: Event, french: Event) -> None:
    assert (event.title, event.bring, event.contact.organization) == ("Workshop", ("your passport", "a pen"), "Office")
    assert (french.title, french.bring) == ("Atelier", ("your passport", "un stylo"))
    assert (french.language, french.contact.organization, french.organizer) == ("fr", "Bureau", "Office")
    drink = french.field("drink")
    assert drink
    assert (drink.label, drink.section) == ("Boisson", "Encore")
    assert [(one.code, one.label, one.also) for one in drink.choices] == [
        ("tea", "Thé", ()),
        ("coffee", "Café", ("Expresso",)),
    ]
    assert french.in_language("en") == event
    assert french.in_language("ru") is french


def test_what_is_not_said_in_a_language_is_said_in_the_first(tmp_path: Path) -> None:
    event = read_event(written_as(tmp_path, ('["en", "fr"]', '["en", "fr", "ru"]'), ('{ en = "Workshop", ', "{ ")))
    assert [event.in_language(code).title for code in event.languages] == ["Atelier", "Atelier", "Atelier"]
    assert event.in_language("ru").bring == ("your passport", "a pen")


def test_a_label_of_the_stock_is_said_in_the_words_of_the_catalogues(french: Event) -> None:
    assert [field.label for field in french.fields[:2]] == [
        language("fr").gettext("Family name"),
        language("fr").gettext("E-mail"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "at", "fault"),
    [
        ('{ en = "Workshop", fr', '{ en = "Workshop", de', "title.de", "is in no language of the event: en, fr; mend"),
        ('{ en = "Workshop", fr', '{ en = "Workshop", ru', "title.ru", "is in no language of the event"),
        ('fr = "Atelier"', "fr = 5", "title.fr", "should be text, or a text in each language"),
        ('fr = "Atelier"', 'fr = ""', "title.fr", "is empty"),
        ('en = "Workshop"', 'en = ""', "title.en", "is empty"),
        ('fr = "un stylo"', 'fr = "\\u0007"', "bring.2.fr", "This holds a character"),
        ('heading.fr = "Encore"', f'heading.fr = "{"x" * 71}"', "form.sections.1.heading.fr", "should have 70"),
        ('fr = "Boisson"', f'fr = "{"x" * 301}"', "form.fields.4.label.fr", "Please shorten this to 300"),
        ('fr = "Thé"', 'fr = "Café"', "form.fields.4.choices", "“Café” stands for two of them"),
        ('= { en = "Office", fr = "Bureau" }', "= {}", "contact.organization", "should be text, or a text in each"),
        ('tel = "+41', 'tel = { fr = "+41" } # ', "contact.tel", "This should be text."),
        ("closes = 2027-02-20", "closes = { en = 2027-02-20 }", "intake.closes", "should be a date"),
        ('{ code = "tea", label = { en = "Tea", fr = "Thé" } }', '{ en = "Tea", fr = "Thé" }', "form.fields.4.choices",
            "should each have a code, since they are said in several languages"),
        ('["en", "fr"]', '["en", "fr", "en"]', "languages", "should name each once"),
        ('["en", "fr"]', '["en", "fr", "de"]', "languages.3", "de is not a language that the desk speaks"),
        ('["en", "fr"]', '"fr"', "languages", "should be a list"),
    ],
)  # fmt: skip
def test_a_fault_in_the_words_of_a_language_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, at: str, fault: str
) -> None:
    path = written_as(tmp_path, (old, new))
    with pytest.raises(EventFileError) as refused:
        read_event(path, in_all_languages=True)
    (said,) = (one for one in str(refused.value).splitlines() if f": {at}: {fault}" in one)
    line = "choices = [" if at.endswith("choices") else new.splitlines()[0]
    assert said.startswith(f"{path}:{line_of(path, line)}: ")


def test_choices_in_a_list_by_language_need_codes(tmp_path: Path) -> None:
    own = 'kind = "choice"\nchoices = { en = ["Tea"], fr = ["Thé"] }\n[[form.fields]]\nname = "x"\nlabel = "X"\n'
    with pytest.raises(EventFileError, match=r"form\.fields\.4\.choices: should each have a code"):
        read_event(written_as(tmp_path, ('kind = "choice"\n', f'{own}kind = "choice"\n')))


def test_labels_are_told_apart_in_every_language(tmp_path: Path) -> None:
    path = written_as(tmp_path, ('fr = "J\'accepte les conditions."', 'fr = "Boisson :"'))
    _, (fault,) = read_folder(tmp_path)
    assert f"{path}:{line_of(path, 'Boisson :')}: form.fields.terms.label.fr: is drink's too" in fault


def test_a_fault_of_one_language_alone_names_it(tmp_path: Path) -> None:
    written_as(
        tmp_path,
        ('label = { en = "Drink", fr = "Boisson" }', 'label = "Pays"'),
        ('name = "terms"', 'name = "pays"'),
        ('name = "country"', 'name = "country"\nlabel = {en = "Country", fr = "Pays"}'),
    )
    _, (fault,) = read_folder(tmp_path)
    assert fault.endswith("form.fields.drink.label: is country's too; give one another label (in fr)")


def test_a_function_goes_on_in_the_first_language_where_another_cannot_be_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written_as(tmp_path, ('fr = "Atelier"', "fr = 5"))
    event = read_events(tmp_path)["workshop"]
    with caplog.at_level(logging.ERROR):
        assert event.in_language("fr").title == "Workshop"
    assert "title.fr: should be text" in caplog.text
    with pytest.raises(EventFileError, match=r"title\.fr: should be text"):
        read_events(tmp_path, in_all_languages=True)


def test_texts_that_lack_a_language_are_remarked(tmp_path: Path) -> None:
    meal = 'name = "meal"\nlabel = { en = "Meal", fr = "Repas" }\nkind = "choice"\nchoices = ["Rice"]'
    path = written_as(
        tmp_path,
        ('label = { en = "Tea", fr = "Thé" }', 'label = "Tea"'),
        ('label = { en = "Drink", fr = "Boisson" }', 'label = { fr = "Boisson" }'),
        ('name = "email"', 'name = "email"\nlabel = "E-mail"\nask = "Enter your e-mail address."'),
        ('name = "country"', 'name = "country"\nhelp = "Of your passport."\nchoices=["CH", "FR"]'),
        ("[[form.sections]]", f"[[form.fields]]\n{meal}\n[[form.sections]]"),
        ("url =", 'text = "Come early."\nurl ='),
    )
    assert read_folder(tmp_path)[1] == []
    assert remarks_on(path) == [
        f"{path}:{line_of(path, part)}: {field}: is not there in {lacking}; people read it in {used}"
        for part, field, lacking, used in [
            ("bring = ", "bring.1", "fr", "en"),
            ("Of your passport.", "form.fields.country.help", "fr", "en"),
            ("label = { fr", "form.fields.drink.label", "en", "fr"),
            ("choices = [", "form.fields.drink.choices.1.label", "fr", "en"),
            ("Rice", "form.fields.meal.choices.1", "fr", "en"),
            ("Come early", "online.text", "fr", "en"),
        ]
    ]


@pytest.mark.parametrize("path", sorted(EVENTS.rglob("*.toml")), ids=lambda path: path.stem)
def test_our_own_files_lack_nothing(path: Path) -> None:
    assert remarks_on(path) == []


def test_a_choice_is_read_in_every_language_and_kept_as_its_code(event: Event, french: Event) -> None:
    for asked in (event, french):
        for said in ("tea", "Tea", "Thé", "thé"):
            assert written(read_form(asked, PERSON | {"drink": said}))["drink"] == "tea"
        for said in ("CH", "ch", "Switzerland", "Suisse"):
            assert written(read_form(asked, PERSON | {"country": said}))["country"] == "CH"
        assert in_codes(asked, {"drink": "Café"}) == {"drink": "coffee"}
    assert in_labels(french, {"drink": "tea", "country": "CH"}) == {"drink": "Thé", "country": "Suisse"}
    assert in_labels(event, {"drink": "tea", "country": "CH"}) == {"drink": "Tea", "country": "Switzerland"}


def test_a_hotel_has_the_same_code_in_every_language(tmp_path: Path) -> None:
    form = ('[[form.fields]]\nname = "family_name"', '[form]\nhotel = "list"\n[[form.fields]]\nname = "family_name"')
    asked = ('[[form.fields]]\nname = "country"', '[[form.fields]]\nname = "hotel"')
    hotels = ("[contact]", '[[hotels]]\nname = { en = "Lake Hotel", fr = "Hôtel du Lac" }\n[contact]')
    event = read_event(written_as(tmp_path, form, asked, hotels))
    french = event.in_language("fr")
    answers = written(read_form(french, PERSON | {"hotel": "Hôtel du Lac"}))
    assert answers["hotel"] == "lake-hotel"
    assert (event.hotel_of(answers), french.hotel_of(answers)) == ("Lake Hotel", "Hôtel du Lac")


def test_a_country_is_read_in_any_language_where_nobody_offers_that(tmp_path: Path) -> None:
    """A form comes by e-mail in one that the event does not offer: its labels are read."""
    event = read_event(written_as(tmp_path, ('["en", "fr"]', '["fr"]')))
    assert written(read_form(event, PERSON | {"country": "Côte d'Ivoire"}))["country"] == "CI"
    for country in ("Germany", "Alemania", "Германия", "德国", "ألمانيا"):
        assert written(read_form(event, PERSON | {"country": country}))["country"] == "DE"
    with pytest.raises(ValidationError):
        read_form(event, PERSON | {"country": "Deutschland"})


def test_a_title_is_read_by_its_english_label(tmp_path: Path) -> None:
    title = ('name = "country"', 'name = "title"\n[[form.fields]]\nname = "country"')
    french = read_event(written_as(tmp_path, ('["en", "fr"]', '["fr"]'), title))
    for said in ("Mrs.", language("fr").gettext("Mrs.")):
        assert written(read_form(french, PERSON | {"title": said}))["title"] == "mrs"


def test_a_registration_has_the_language_of_its_form(event: Event, french: Event) -> None:
    assert read_form(event, PERSON).language == "en"
    assert read_form(french, PERSON).language == "fr"


def test_the_same_form_in_another_language_is_the_same(event: Event, french: Event) -> None:
    """No conflict, and no other form."""
    answers = PERSON | {"drink": "tea", "terms": "yes", "country": "CH"}
    first, again = read_form(event, answers), read_form(french, answers)
    assert first == again
    assert first.form_version == again.form_version == event.form_version == french.form_version
    assert first.chosen["terms"] == "I agree to the terms."
    assert again.chosen["terms"] == "J'accepte les conditions."


def test_the_form_has_another_version_where_it_asks_otherwise(event: Event, tmp_path: Path) -> None:
    changed = read_event(written_as(tmp_path, ('en = "Drink"', 'en = "Beverage"')))
    assert changed.in_language("fr").form_version == changed.form_version != event.form_version


def test_a_consent_is_shown_in_its_words_where_they_are_others_now(event: Event, french: Event, tmp_path: Path) -> None:
    agreed = read_form(french, PERSON | {"terms": "yes"})
    assert in_words(event, agreed)["terms"] == language("en").gettext("Yes")
    assert in_words(french, agreed)["terms"] == language("fr").gettext("Yes")
    changed = read_event(written_as(tmp_path, ("les conditions", "toutes les conditions")))
    assert in_words(changed, agreed)["terms"] == "J'accepte les conditions."


def test_what_is_wrong_is_said_in_the_language_of_the_form(french: Event) -> None:
    with pytest.raises(ValidationError) as refused:
        read_form(french, PERSON | {"drink": "lait"})
    assert sentences(french, faults_of(refused.value))["drink"] == [
        language("fr").gettext("Please choose one of: %(choices)s.", choices="Thé ou Café")
    ]
    assert asked_of(french)[3].hint == language("fr").gettext("optional")


@pytest.mark.parametrize("code", languages())
def test_the_fields_of_the_stock_and_their_choices_are_told_apart_in_every_language(code: str) -> None:
    spoken, labels = language(code), [field.label for field in STOCK.values() if field.name != "hotel_tel"]
    assert len({as_compared(spoken.gettext(label)) for label in labels}) == len(labels)
    for field in STOCK.values():
        choices = KINDS[field.kind].choices_in(spoken, field.choices) if field.choices else ()
        assert len({as_compared(choice.label) for choice in choices}) == len(choices), field.name


@pytest.mark.parametrize("code", languages())
def test_there_are_as_many_countries_as_iso_3166_1_has(code: str) -> None:
    assert len(countries(language(code))) == 249


@pytest.mark.parametrize(
    ("code", "in_order"),
    [
        ("en", ["Åland Islands", "Albania", "Côte d’Ivoire", "Croatia", "Switzerland"]),
        ("fr", ["Égypte", "Émirats arabes unis", "Équateur", "Espagne", "États-Unis", "Suisse"]),
        ("es", ["Alemania", "Suiza"]),
        ("ru", ["Австрия", "Ямайка"]),
        ("ar", ["إسبانيا", "البرازيل", "تونس", "مصر"]),
        ("zh", ["阿尔及利亚", "巴西", "德国", "法国", "日本", "瑞士", "中国"]),
    ],
)
def test_countries_stand_in_the_order_of_the_language(code: str, in_order: list[str]) -> None:
    names = [choice.label for choice in countries(language(code))]
    assert [name for name in names if name in in_order] == in_order


def test_no_two_languages_call_different_countries_the_same() -> None:
    codes: dict[str, set[str]] = {}
    for country in (one for code in languages() for one in countries(language(code))):
        codes.setdefault(as_compared(country.label), set()).add(country.code)
    assert {name: those for name, those in codes.items() if len(those) > 1} == {}
