"""The registration form: each field of the letter's Annex 1, and a filled-in form checked into a `Registration`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from marshmallow import RAISE, Schema, fields, post_load, pre_load
from marshmallow import ValidationError as ValidationError  # for those who call `read_form`

from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.registration import TITLES, Registration, fold
from schemas.text import Lines, Name, Signature, Text, fault, is_blank, messages


@dataclass(frozen=True)
class FormField:
    name: str
    kind: str
    """`choice`, `text`, `lines`, `tel`, `email` or `date`."""
    label: str
    ask: str
    """What is said where it is missing."""
    max_length: int | None = None
    help: str = ""
    autocomplete: str = ""
    """Autofill detail tokens (HTML Standard, 4.10.18.7), for the registrant's own data; never `off`, or Back loses what
    was typed there."""
    also: tuple[str, ...] = ()
    """Other labels, in English, French and Spanish. A label of two fields holds both."""
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    """Code and label."""
    choices_also: tuple[tuple[str, str], ...] = ()
    """Code and another word."""


def _words(*lines: str) -> tuple[str, ...]:
    return tuple(word for line in lines for word in line.split(", "))


# Annex 1: one field holds both; the name is its first line.
_NAME_AND_ADDRESS = (
    "Name and complete address of Administration or Organization",
    "Name and complete address of Administration or Organisation",
    "Nom et adresse complète de l'administration ou de l'organisation",
    "Nombre y dirección completa de la administración u organización",
)

STOCK = (
    FormField(
        "title",
        "choice",
        "Title",
        "Choose your title.",
        autocomplete="honorific-prefix",
        also=_words("Mr. / Mrs. / Ms. / Miss, Salutation, Civilité, Titre, Título, Tratamiento"),
        choices=tuple(TITLES.items()),
        choices_also=(
            *(("mr", word) for word in _words("Mister, Monsieur, M., Señor, Sr.")),
            *(("mrs", word) for word in _words("Madame, Mme, Señora, Sra.")),
            *(("miss", word) for word in _words("Mademoiselle, Mlle, Señorita, Srta.")),
        ),
    ),
    FormField(
        "category",
        "choice",
        "You represent",
        "Choose whom you represent.",
        also=_words(
            "Category, Representing, Catégorie, Vous représentez, Je représente, Categoría, Usted representa",
            "Represento a",
        ),
    ),
    FormField(
        "family_name",
        "text",
        "Family name",
        "Enter your family name, or your one name.",
        100,
        "Or your one name, if you have only one.",
        "family-name",
        _words("Surname, Last name, Name, Nom, Nom de famille, Apellido, Apellidos, Apellido(s)"),
    ),
    FormField(
        "first_name",
        "text",
        "First name",
        "Enter your first name.",
        100,
        autocomplete="given-name",
        also=_words(
            "First names, Given name, Given names, Forename, Prénom, Prénoms, Prénom(s), Nombre, Nombres, Nombre(s)"
        ),
    ),
    FormField(
        "organization",
        "text",
        "Administration or organization",
        "Enter the name of your administration or organization.",
        200,
        "Its name in full.",
        "organization",
        _words(
            *_NAME_AND_ADDRESS,
            "Administration or Organisation, Name of Administration or Organization, Administration",
            "Organization, Organisation, Name of organization, Name of organisation, Company",
            "Administration ou organisation, Nom de l'administration ou de l'organisation, Société, Organisme",
            "Organización, Administración, Empresa, Entidad, Administración u organización",
            "Nombre de la administración u organización",
        ),
    ),
    FormField(
        "address",
        "lines",
        "Complete address",
        "Enter the address of your administration or organization.",
        1000,
        "Of the administration or organization.",
        "street-address",
        _words(
            *_NAME_AND_ADDRESS,
            "Address, Full address, Postal address, Mailing address, Adresse, Adresse complète",
            "Adresse postale, Dirección, Dirección completa, Dirección postal",
        ),
    ),
    FormField(
        "tel",
        "tel",
        "Tel.",
        "Enter your telephone number.",
        50,
        "With the country code, for example +41 22 730 51 11.",
        "tel",
        _words("Telephone, Telephone number, Phone, Phone number, Tél., Téléphone, Teléfono"),
    ),
    FormField(
        "fax",
        "tel",
        "Fax",
        "Enter your fax number.",
        50,
        autocomplete="fax tel",
        also=_words("Fax number, Telefax, Facsimile, Télécopie, Télécopieur, Facsímil"),
    ),
    FormField(
        "email",
        "email",
        "E-mail",
        "Enter your e-mail address.",
        254,
        "We send the confirmation here.",
        "email",
        _words(
            "Email, E-mail address, Email address, Mail, Courriel, Adresse électronique, Adresse e-mail",
            "Adresse email, Correo electrónico, Dirección de correo electrónico",
        ),
    ),
    FormField(
        "hotel",
        "text",
        "Hotel",
        "Enter the name of your hotel.",
        200,
        "Where you stay. Leave it empty if you do not know yet.",
        also=_words("Hôtel, Hotel name, Name of the hotel, Nom de l'hôtel, Nombre del hotel"),
    ),
    FormField(
        "hotel_tel",
        "tel",
        "Tel. of the hotel",
        "Enter the telephone number of your hotel.",
        50,
        also=_words(
            "Hotel tel., Tel. (hotel), Hotel telephone, Hotel phone, Telephone of the hotel",
            "Tél. de l'hôtel, Tél. (hôtel), Téléphone de l'hôtel, Tel. del hotel, Teléfono del hotel",
        ),
    ),
    FormField(
        "signed_on",
        "date",
        "Date",
        "Enter the day on which you sign.",
        help="Today, if you leave it empty.",
        also=_words("Date of signature, Date de signature, Fecha, Fecha de la firma"),
    ),
    FormField(
        "signature",
        "text",
        "Signature",
        "Type your name: it stands for your signature.",
        200,
        "Your name, typed: it stands for your signature.",
        "name",
        also=_words("Signed, Signé, Firma"),
    ),
)
"""Top to bottom; an event says which it requires."""

FIELD_NAMES = tuple(field.name for field in STOCK)
_HALF_A_YEAR = timedelta(days=183)


@lru_cache(maxsize=1000)
def form_fields(event: Event) -> tuple[FormField, ...]:
    choices = tuple((category.code, category.label) for category in event.categories)
    also = tuple((category.code, word) for category in event.categories for word in category.also)
    stock = (replace(one, choices=choices, choices_also=also) if one.name == "category" else one for one in STOCK)
    return tuple(replace(one, required=one.name in event.required) for one in stock)


@lru_cache(maxsize=1000)
def schema_for(event: Event) -> Schema:
    days = [event.day_of(one) for one in (event.opens_at, event.closes_at, event.starts, event.ends)]
    # nobody signs before there is a form, nor after the event; east of it the next day has begun
    first, last = min(days) - _HALF_A_YEAR, max(days) + timedelta(days=1)
    checked = {one.name: _checked(one, first, last) for one in form_fields(event)}
    schema: Schema = type("RegistrationForm", (_FormSchema,), {**checked, "country": event.venue.country})()
    return schema


def read_form(event: Event, answers: Mapping[str, object]) -> Registration:
    """Accepts a choice's code, label or another word for it. Raises marshmallow's `ValidationError`."""
    registration: Registration = schema_for(event).load(answers)
    return registration


def faults_of(error: ValidationError) -> dict[str, tuple[Fault, ...]]:
    """By field name."""
    found: Mapping[object, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
    return {str(name): tuple(faults) for name, faults in found.items()}


def written(registration: Registration) -> dict[str, str]:
    """Text by field name; choices as codes; empty answers absent."""
    answers = {
        **registration.answers,
        "family_name": registration.family_name,
        "first_name": registration.first_name,
        "email": registration.email,
        "category": registration.category,
        "signed_on": registration.signed_on.isoformat() if registration.signed_on else "",
    }
    return {name: text for name, text in answers.items() if text}


def in_labels(event: Event, answers: Mapping[str, str]) -> dict[str, str]:
    labels = {field.name: dict(field.choices) for field in form_fields(event) if field.kind == "choice"}
    return {name: labels.get(name, {}).get(text, text) for name, text in answers.items()}


def in_codes(event: Event, answers: Mapping[str, str]) -> dict[str, str]:
    """Unknown choices stay."""
    choices = {name: field for name, field in schema_for(event).fields.items() if isinstance(field, Choice)}
    codes = {name: choices[name].code_of(text) for name, text in answers.items() if name in choices}
    return {**answers, **{name: code for name, code in codes.items() if code}}


class Choice(Text):
    """Loaded as its code."""

    def __init__(self, field: FormField, **kwargs: Any) -> None:
        super().__init__(max_length=300, **kwargs)
        self.codes = tuple(code for code, _ in field.choices)
        spelled = [*((code, code) for code in self.codes), *field.choices, *field.choices_also]
        self._codes = {_letters(spelling): code for code, spelling in reversed(spelled)}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        code = self.code_of(super()._deserialize(value, attr, data, **kwargs))
        if code is None:
            raise fault("not_a_choice")
        return code

    def code_of(self, text: str) -> str | None:
        return self._codes.get(_letters(text)) if len(text) <= self.max_length else None


def _letters(text: str) -> str:
    return " ".join(re.findall(r"\w+", fold(text)))


_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SPREADSHEET_S = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]+")
"""A long number as a spreadsheet shows it: its last digits are lost."""


class Telephone(Text):
    def check(self, text: str) -> None:
        if not any(character.isdigit() for character in text) or _SPREADSHEET_S.fullmatch(text):
            raise fault("not_a_telephone_number")


# Nearly every address; the library accepts all of these (a test checks). Loading it costs a cold start 14 ms.
_PLAIN_ADDRESS = re.compile(
    r"(?=.{1,64}\Z)(?!.*--)[a-z0-9_+-]+(\.[a-z0-9_+-]+)*"
    r"@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+([a-z]{2}|com|edu|gov|int|net|org)",
    re.IGNORECASE | re.ASCII,
)


_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Marks that show nothing: an address that looks like another one."""


class EmailAddress(Text):
    """RFC 5321, 6531, by email-validator; without DNS. Loaded with its domain as it is posted (UTS 46)."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if _PLAIN_ADDRESS.fullmatch(text):
            return text
        from email_validator import EmailNotValidError, validate_email

        try:
            address = validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError:
            raise fault("not_an_email_address") from None
        if _UNSEEN.search(address):
            raise fault("not_an_email_address")
        return address


class Day(fields.Date):
    """ISO 8601, with hyphens. A day on which nobody can have signed is asked about."""

    default_error_messages = messages(invalid="not_a_date")

    def __init__(self, first: date, last: date, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first, self.last = first, last

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value.strip()):
            raise fault("not_a_date")
        day = super()._deserialize(value.strip(), attr, data, **kwargs)
        if not self.first <= day <= self.last:
            raise fault("not_when_signed", first=self.first.isoformat(), last=self.last.isoformat())
        return day


class _FormSchema(Schema):
    class Meta:
        unknown = RAISE

    error_messages = {"unknown": Fault("no_such_field"), "type": Fault("not_an_object")}  # type: ignore[dict-item] # noqa: RUF012
    country = ""

    @pre_load
    def _blank_is_not_given(self, answers: Any, **_kwargs: Any) -> Any:
        if not isinstance(answers, Mapping):
            return answers
        return {name: value for name, value in answers.items() if name not in self.fields or not _blank(value)}

    @post_load
    def _registration(self, given: dict[str, Any], **_kwargs: Any) -> Registration:
        return Registration(
            family_name=given.pop("family_name", ""),
            first_name=given.pop("first_name", ""),
            email=given.pop("email", ""),
            category=given.pop("category", ""),
            signed_on=given.pop("signed_on", None),
            answers=given,
            e164=_understood(given, self.country),
        )


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and is_blank(value))


_TEXTS: Mapping[str, Callable[..., Text]] = {
    "text": Text,
    "family_name": Name,
    "first_name": Name,
    "signature": Signature,
    "lines": Lines,
    "tel": Telephone,
    "email": EmailAddress,
}


def _checked(field: FormField, first: date, last: date) -> fields.Field[Any]:
    told: dict[str, Any] = {"required": field.required, "metadata": {"label": field.label, "help": field.help}}
    match field.kind:
        case "choice":
            return Choice(field, **told)
        case "date":
            return Day(first, last, **told)
        case kind:
            return _TEXTS.get(field.name, _TEXTS[kind])(max_length=field.max_length, **told)


def _understood(answers: Mapping[str, str], venue_country: str) -> dict[str, str]:
    """E.164 (ITU-T). Only the hotel's country is known: only its number may omit the country code."""
    countries = {"tel": None, "fax": None, "hotel_tel": venue_country}
    numbers = {name: _e164(answers.get(name), country) for name, country in countries.items()}
    return {name: number for name, number in numbers.items() if number}


def _e164(text: str | None, country: str | None) -> str | None:
    if not text:
        return None
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
