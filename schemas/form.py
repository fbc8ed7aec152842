"""The registration form: each field described once, and a filled-in form checked into a `Registration`.

The fields are those of Annex 1 of the letter. The page, the error texts, the roster's columns and the mails take their
labels and order from here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, pre_load, validate

from rollcall.model.event import Category, Event
from rollcall.model.registration import Registration
from schemas.text import Lines, Text, is_blank

TITLES = ("Mr.", "Mrs.", "Ms.", "Miss")

NAME_AND_ADDRESS = (
    "Name and complete address of Administration or Organization",
    "Name and complete address of Administration or Organisation",
    "Nom et adresse complète de l'administration ou de l'organisation",
    "Nombre y dirección completa de la administración u organización",
)
"""Labels of Annex 1, where one field holds both; the name is its first line."""


@dataclass(frozen=True)
class FormField:
    """A field of the form as people see it."""

    name: str
    label: str
    kind: str
    """`choice`, `text`, `lines`, `tel`, `email` or `date`."""
    required: bool
    choices: tuple[tuple[str, str], ...]
    """Value and label of each choice."""
    autocomplete: str
    """HTML's autofill detail token (HTML Standard, 4.10.18.7)."""
    help: str
    max_length: int | None
    also: tuple[str, ...] = ()
    """What else forms and lists call it, in English, French and Spanish. Two fields may share a name: what stands there
    then holds both."""
    choices_also: tuple[tuple[str, str], ...] = ()
    """Value and another word for it."""


class Telephone(Text):
    """A telephone or fax number, kept as it was written: the only thing it must have is a digit."""

    default_error_messages = {"no_digits": "This should be a telephone number, or nothing."}  # noqa: RUF012

    def check(self, text: str) -> None:
        """See `Text.check`."""
        if not any(character.isdigit() for character in text):
            raise self.make_error("no_digits")


_PLAIN_ADDRESS = re.compile(
    r"(?=.{1,64}\Z)(?!.*--)[a-z0-9_+-]+(\.[a-z0-9_+-]+)*"
    r"@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+([a-z]{2}|com|edu|gov|int|net|org)",
    re.IGNORECASE | re.ASCII,
)
"""What nearly every address looks like, and the library surely takes (a test asks it). It is loaded for others only: a
person waiting for a cold start would pay 14 ms for its expressions."""


class EmailAddress(Text):
    """An e-mail address (RFC 5321, 6531) by the email-validator library, without a look at the DNS."""

    default_error_messages = {"not_an_address": "This does not read as an e-mail address: {reason}"}  # noqa: RUF012

    def check(self, text: str) -> None:
        """See `Text.check`."""
        if _PLAIN_ADDRESS.fullmatch(text):
            return
        from email_validator import EmailNotValidError, validate_email

        try:
            validate_email(text, check_deliverability=False)
        except EmailNotValidError as error:
            raise self.make_error("not_an_address", reason=str(error)) from None


def schema_for(event: Event) -> Schema:
    """The form's schema for this event: its categories, and what it requires. Made once an event."""
    return _schema(event.categories, event.required, event.venue.country)


def form_fields(event: Event) -> tuple[FormField, ...]:
    """The fields of this event's form, in the form's order."""
    return tuple(_form_field(name, field) for name, field in schema_for(event).fields.items())


def read_form(event: Event, answers: Mapping[str, object]) -> Registration:
    """The filled-in form as a registration.

    Raises marshmallow's `ValidationError`, whose `messages` are lists of sentences by field name.
    """
    registration: Registration = schema_for(event).load(answers)
    return registration


def written(registration: Registration) -> dict[str, str]:
    """The registration's answers as text by field name; what was left empty is absent."""
    answers = {
        **registration.answers,
        "family_name": registration.family_name,
        "first_name": registration.first_name,
        "email": registration.email,
        "category": registration.category,
        "signed_on": registration.signed_on.isoformat() if registration.signed_on else "",
    }
    return {name: text for name, text in answers.items() if text}


class _FormSchema(Schema):
    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012
        "unknown": "The form has no such field.",
        "type": "This should be an object with the form's fields.",
    }
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


def _text(
    label: str,
    max_length: int,
    help: str = "",
    autocomplete: str = "off",
    like: type[Text] = Text,
    also: Sequence[str] = (),
) -> Text:
    described = {"label": label, "help": help, "autocomplete": autocomplete, "also": tuple(also)}
    return like(max_length=max_length, metadata=described)


def _choice(
    label: str,
    choices: Sequence[tuple[str, str]],
    autocomplete: str = "off",
    also: Sequence[str] = (),
    choices_also: Sequence[tuple[str, str]] = (),
) -> Text:
    one_of = validate.OneOf(
        [value for value, _ in choices], error="Please choose one of: {labels}.", labels=[name for _, name in choices]
    )
    described = {
        "label": label,
        "help": "",
        "autocomplete": autocomplete,
        "choices": tuple(choices),
        "also": tuple(also),
        "choices_also": tuple(choices_also),
    }
    return Text(max_length=100, validate=one_of, metadata=described)


def _fields(categories: Sequence[Category]) -> dict[str, fields.Field[Any]]:
    """The form, top to bottom. An autofill hint only for what is the registrant's own; hotels and bodies are not."""
    return {
        "title": _choice(
            "Title",
            [(title, title) for title in TITLES],
            "honorific-prefix",
            ["Mr. / Mrs. / Ms. / Miss", "Salutation", "Civilité", "Titre", "Título", "Tratamiento"],
            _TITLES_ALSO,
        ),
        "category": _choice(
            "You represent",
            [(category.code, category.label) for category in categories],
            choices_also=[(category.code, word) for category in categories for word in category.also],
            also=[
                "Category",
                "Representing",
                "Catégorie",
                "Vous représentez",
                "Je représente",
                "Categoría",
                "Usted representa",
                "Represento a",
            ],
        ),
        "family_name": _text(
            "Family name",
            100,
            "Or your one name, if you have only one.",
            "family-name",
            also=["Surname", "Last name", "Name", "Nom", "Nom de famille", "Apellido", "Apellidos", "Apellido(s)"],
        ),
        "first_name": _text(
            "First name",
            100,
            autocomplete="given-name",
            also=_words(
                "First names, Given name, Given names, Forename, Prénom, Prénoms, Prénom(s), Nombre, Nombres, Nombre(s)"
            ),
        ),
        "organization": _text(
            "Administration or organization",
            200,
            "Its name in full.",
            "organization",
            also=[*NAME_AND_ADDRESS, *_ORGANIZATION_ALSO],
        ),
        "address": _text(
            "Complete address",
            1000,
            "Of the administration or organization.",
            "street-address",
            Lines,
            [
                *NAME_AND_ADDRESS,
                *_words("Address, Full address, Postal address, Mailing address, Adresse, Adresse complète"),
                *_words("Adresse postale, Dirección, Dirección completa, Dirección postal"),
            ],
        ),
        "tel": _text(
            "Tel.",
            50,
            "With the country code, for example +41 22 730 51 11.",
            "tel",
            Telephone,
            _words("Telephone, Telephone number, Phone, Phone number, Tél., Téléphone, Teléfono"),
        ),
        "fax": _text(
            "Fax",
            50,
            like=Telephone,
            also=_words("Fax number, Telefax, Facsimile, Télécopie, Télécopieur, Facsímil"),
        ),
        "email": _text(
            "E-mail",
            254,
            "We send the confirmation here.",
            "email",
            EmailAddress,
            [
                *_words("Email, E-mail address, Email address, Mail, Courriel, Adresse électronique, Adresse e-mail"),
                *_words("Adresse email, Correo electrónico, Dirección de correo electrónico"),
            ],
        ),
        "hotel": _text(
            "Hotel",
            200,
            "Where you stay. Leave it empty if you do not know yet.",
            also=_words("Hôtel, Hotel name, Name of the hotel, Nom de l'hôtel, Nombre del hotel"),
        ),
        "hotel_tel": _text(
            "Tel. of the hotel",
            50,
            like=Telephone,
            also=[
                *_words("Hotel tel., Tel. (hotel), Hotel telephone, Hotel phone, Telephone of the hotel"),
                *_words("Tél. de l'hôtel, Tél. (hôtel), Téléphone de l'hôtel, Tel. del hotel, Teléfono del hotel"),
            ],
        ),
        "signed_on": fields.Date(
            metadata={
                "label": "Date",
                "help": "Today, if you leave it empty.",
                "autocomplete": "off",
                "also": _words("Date of signature, Date de signature, Fecha, Fecha de la firma"),
            },
            error_messages={"invalid": "This should be a date, as 2004-02-20."},
        ),
        "signature": _text(
            "Signature", 200, "Your name, typed: it stands for your signature.", also=_words("Signed, Signé, Firma")
        ),
    }


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split(", "))


_TITLES_ALSO = [
    *((TITLES[0], word) for word in _words("Mister, Monsieur, M., Señor, Sr.")),
    *((TITLES[1], word) for word in _words("Madame, Mme, Señora, Sra.")),
    *((TITLES[3], word) for word in _words("Mademoiselle, Mlle, Señorita, Srta.")),
]
_ORGANIZATION_ALSO = [
    *_words("Administration or Organisation, Name of Administration or Organization, Administration, Organization"),
    *_words("Organisation, Name of organization, Name of organisation, Company, Administration ou organisation"),
    *_words("Nom de l'administration ou de l'organisation, Société, Organisme, Organización, Administración, Empresa"),
    *_words("Entidad, Administración u organización, Nombre de la administración u organización"),
]


@lru_cache(maxsize=64)
def _schema(categories: tuple[Category, ...], required: frozenset[str], country: str) -> Schema:
    declared = _fields(categories)
    for name, field in declared.items():
        field.required = name in required
    made = type("RegistrationForm", (_FormSchema,), {**declared, "country": country})
    schema: Schema = made()
    return schema


FIELD_NAMES = tuple(_fields(()))
"""The names of all fields, in the form's order."""

_KINDS = {Text: "text", Lines: "lines", Telephone: "tel", EmailAddress: "email", fields.Date: "date"}


def _form_field(name: str, field: fields.Field[Any]) -> FormField:
    described = field.metadata
    return FormField(
        name=name,
        label=described["label"],
        kind="choice" if "choices" in described else _KINDS[type(field)],
        required=field.required,
        choices=described.get("choices", ()),
        autocomplete=described["autocomplete"],
        help=described["help"],
        max_length=getattr(field, "max_length", None),
        also=described["also"],
        choices_also=described.get("choices_also", ()),
    )


def _understood(answers: Mapping[str, str], venue_country: str) -> dict[str, str]:
    """E.164 (ITU-T) of each telephone number that can be understood. Only the hotel's country is known to us, so only
    its number may do without the country code."""
    numbers = {
        "tel": _e164(answers.get("tel"), None),
        "fax": _e164(answers.get("fax"), None),
        "hotel_tel": _e164(answers.get("hotel_tel"), venue_country),
    }
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


__all__ = ["FIELD_NAMES", "FormField", "ValidationError", "form_fields", "read_form", "schema_for", "written"]
