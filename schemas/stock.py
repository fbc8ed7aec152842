"""The fields that an event file takes by name: those of the letter's Annex 1, and what other events often ask."""

import re
from dataclasses import replace

from rollcall.language import N_, NP_, Language
from rollcall.model.form import Choice, FormField
from rollcall.model.programme import HEAD_OF_DELEGATION, LISTED

_COMMA = re.compile(r"\s*[,،、，]\s*")


def _words(message: str) -> tuple[str, ...]:
    return tuple(_COMMA.split(message))


def other_words(also: tuple[str, ...], spoken: Language) -> tuple[str, ...]:
    """What forms in this language call a field or a choice of the stock, beside its label."""
    message = ", ".join(also)
    said = spoken.pgettext("other words, with commas between", message)
    return also if said == message else _words(said)


# Of Annex 1: one field holds both; the name is its first line. Its label is in the words of both fields.

LETTER = (
    FormField(
        "title",
        "choice",
        N_("Title"),
        N_("Choose your title."),
        autocomplete="honorific-prefix",
        also=_words(NP_("other words, with commas between", "Mr. / Mrs. / Ms. / Miss, Salutation")),
        choices=(
            Choice("mr", N_("Mr."), _words(NP_("other words, with commas between", "Mister"))),
            Choice("mrs", N_("Mrs."), _words(NP_("other words, with commas between", "Madam"))),
            Choice("ms", N_("Ms."), _words(NP_("other words, with commas between", "Ms"))),
            Choice("miss", N_("Miss"), _words(NP_("other words, with commas between", "Miss"))),
        ),
    ),
    FormField(
        "category",
        "choice",
        N_("You represent"),
        N_("Choose whom you represent."),
        also=_words(NP_("other words, with commas between", "Category, Representing, I represent")),
    ),
    FormField(
        "family_name",
        "name",
        N_("Family name"),
        N_("Enter your family name, or your one name."),
        100,
        N_("Or your one name, if you have only one."),
        "family-name",
        _words(NP_("other words, with commas between", "Surname, Last name, Name")),
    ),
    FormField(
        "first_name",
        "name",
        N_("First name"),
        N_("Enter your first name."),
        100,
        autocomplete="given-name",
        also=_words(
            NP_("other words, with commas between", "First names, Given name, Given names, Forename"),
        ),
    ),
    FormField(
        "organization",
        "text",
        N_("Administration or organization"),
        N_("Enter the name of your administration or organization."),
        200,
        N_("Its name in full."),
        "organization",
        _words(
            NP_(
                "other words, with commas between",
                "Name and complete address of Administration or Organization, "
                "Name and complete address of Administration or Organisation, "
                "Administration or Organisation, Name of Administration or Organization, Administration, "
                "Organization, Organisation, Name of organization, Name of organisation, Company",
            )
        ),
    ),
    FormField(
        "address",
        "lines",
        N_("Complete address"),
        N_("Enter the address of your administration or organization."),
        1000,
        N_("Of the administration or organization."),
        "street-address",
        _words(
            NP_(
                "other words, with commas between",
                "Name and complete address of Administration or Organization, "
                "Name and complete address of Administration or Organisation, "
                "Address, Full address, Postal address, Mailing address",
            )
        ),
    ),
    FormField(
        "tel",
        "tel",
        N_("Tel."),
        N_("Enter your telephone number."),
        50,
        N_("With the country code, for example +41 22 730 51 11."),
        "tel",
        _words(NP_("other words, with commas between", "Telephone, Telephone number, Phone, Phone number")),
    ),
    FormField(
        "fax",
        "tel",
        N_("Fax"),
        N_("Enter your fax number."),
        50,
        autocomplete="fax tel",
        also=_words(NP_("other words, with commas between", "Fax number, Telefax, Facsimile")),
    ),
    FormField(
        "email",
        "email",
        N_("E-mail"),
        N_("Enter your e-mail address."),
        254,
        N_("We send the confirmation here."),
        "email",
        _words(NP_("other words, with commas between", "Email, E-mail address, Email address, Mail")),
    ),
    FormField(
        "hotel",
        "text",
        N_("Hotel"),
        N_("Enter the name of your hotel."),
        200,
        N_("Where you stay. Leave it empty if you do not know yet."),
        also=_words(NP_("other words, with commas between", "Hotel name, Name of the hotel")),
    ),
    FormField(
        "hotel_tel",
        "tel",
        N_("Tel. of the hotel"),
        N_("Enter the telephone number of your hotel."),
        50,
        also=_words(
            NP_(
                "other words, with commas between",
                "Hotel tel., Tel. (hotel), Hotel telephone, Hotel phone, Telephone of the hotel",
            )
        ),
    ),
    FormField(
        "signed_on",
        "date",
        N_("Date"),
        N_("Enter the day on which you sign."),
        help=N_("Today, if you leave it empty."),
        also=_words(NP_("other words, with commas between", "Date of signature")),
    ),
    FormField(
        "signature",
        "signature",
        N_("Signature"),
        N_("Type your name: it stands for your signature."),
        200,
        N_("Your name, typed: it stands for your signature."),
        "name",
        also=_words(NP_("other words, with commas between", "Signed")),
    ),
)
"""Annex 1, top to bottom: the form of an event that says nothing else."""

_MORE = (
    FormField(
        "nationality",
        "country",
        N_("Nationality"),
        N_("Choose your nationality."),
        also=_words(NP_("other words, with commas between", "Citizenship")),
    ),
    FormField(
        "country",
        "country",
        N_("Country"),
        N_("Choose your country."),
        autocomplete="country",
        also=_words(NP_("other words, with commas between", "Country of residence")),
    ),
    FormField(
        "job_title",
        "text",
        N_("Position"),
        N_("Enter your position."),
        200,
        N_("What you do at your administration or organization."),
        "organization-title",
        _words(NP_("other words, with commas between", "Job title, Function, Post")),
    ),
    FormField(
        "diet",
        "text",
        N_("Dietary needs"),
        N_("Enter your dietary needs."),
        200,
        N_("For example vegetarian, halal, kosher, or an allergy."),
        also=_words(NP_("other words, with commas between", "Diet, Dietary requirements")),
    ),
    FormField(
        "arrival",
        "date",
        N_("Arrival"),
        N_("Enter the day of your arrival."),
        also=_words(NP_("other words, with commas between", "Date of arrival, Arrival date")),
    ),
    FormField(
        "departure",
        "date",
        N_("Departure"),
        N_("Enter the day of your departure."),
        also=_words(NP_("other words, with commas between", "Date of departure, Departure date")),
    ),
    FormField(
        "accessibility",
        "lines",
        N_("What you need to take part"),
        N_("Enter what you need to take part."),
        1000,
        N_("For example a wheelchair ramp, sign language, or large print."),
        also=_words(NP_("other words, with commas between", "Accessibility, Accessibility needs, Special needs")),
    ),
    FormField(
        "accompanying",
        "lines",
        N_("Persons who accompany you"),
        N_("Enter the names of the persons who accompany you."),
        1000,
        N_("One name a line."),
        also=_words(NP_("other words, with commas between", "Accompanying persons, Accompanying person")),
    ),
    # no other words for these two: letters say “Head of delegation: Ms. Diallo”
    FormField(
        LISTED,
        "consent",
        N_("I agree that my name, organization, country and category stand on the public list of participants."),
        "",
    ),
    FormField(
        HEAD_OF_DELEGATION,
        "consent",
        N_("I am the head of my delegation"),
        "",
    ),
)

STOCK = {field.name: field for field in (*LETTER, *_MORE)}
STOCK["tel"] = replace(STOCK["tel"], help=N_("With the country code, for example +44 20 7946 0000."))
LETTER_FIELDS = tuple(field.name for field in LETTER)
