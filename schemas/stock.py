"""The fields that an event file takes by name: those of the letter's Annex 1, and what other events often ask."""

from dataclasses import replace

from rollcall.language import N_
from rollcall.model.form import Choice, FormField


def _words(*lines: str) -> tuple[str, ...]:
    return tuple(word for line in lines for word in line.split(", "))


# Annex 1: one field holds both; the name is its first line.
_NAME_AND_ADDRESS = (
    "Name and complete address of Administration or Organization",
    "Name and complete address of Administration or Organisation",
    "Nom et adresse complète de l'administration ou de l'organisation",
    "Nombre y dirección completa de la administración u organización",
)

LETTER = (
    FormField(
        "title",
        "choice",
        N_("Title"),
        N_("Choose your title."),
        autocomplete="honorific-prefix",
        also=_words("Mr. / Mrs. / Ms. / Miss, Salutation, Civilité, Titre, Título, Tratamiento"),
        choices=(
            Choice("mr", N_("Mr."), _words("Mister, Monsieur, M., Señor, Sr.")),
            Choice("mrs", N_("Mrs."), _words("Madame, Mme, Señora, Sra.")),
            Choice("ms", N_("Ms.")),
            Choice("miss", N_("Miss"), _words("Mademoiselle, Mlle, Señorita, Srta.")),
        ),
    ),
    FormField(
        "category",
        "choice",
        N_("You represent"),
        N_("Choose whom you represent."),
        also=_words(
            "Category, Representing, Catégorie, Vous représentez, Je représente, Categoría, Usted representa",
            "Represento a",
        ),
    ),
    FormField(
        "family_name",
        "name",
        N_("Family name"),
        N_("Enter your family name, or your one name."),
        100,
        N_("Or your one name, if you have only one."),
        "family-name",
        _words("Surname, Last name, Name, Nom, Nom de famille, Apellido, Apellidos, Apellido(s)"),
    ),
    FormField(
        "first_name",
        "name",
        N_("First name"),
        N_("Enter your first name."),
        100,
        autocomplete="given-name",
        also=_words(
            "First names, Given name, Given names, Forename, Prénom, Prénoms, Prénom(s), Nombre, Nombres, Nombre(s)"
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
        N_("Complete address"),
        N_("Enter the address of your administration or organization."),
        1000,
        N_("Of the administration or organization."),
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
        N_("Tel."),
        N_("Enter your telephone number."),
        50,
        N_("With the country code, for example +41 22 730 51 11."),
        "tel",
        _words("Telephone, Telephone number, Phone, Phone number, Tél., Téléphone, Teléfono"),
    ),
    FormField(
        "fax",
        "tel",
        N_("Fax"),
        N_("Enter your fax number."),
        50,
        autocomplete="fax tel",
        also=_words("Fax number, Telefax, Facsimile, Télécopie, Télécopieur, Facsímil"),
    ),
    FormField(
        "email",
        "email",
        N_("E-mail"),
        N_("Enter your e-mail address."),
        254,
        N_("We send the confirmation here."),
        "email",
        _words(
            "Email, E-mail address, Email address, Mail, Courriel, Adresse électronique, Adresse e-mail",
            "Adresse email, Correo electrónico, Dirección de correo electrónico",
        ),
    ),
    FormField(
        "hotel",
        "text",
        N_("Hotel"),
        N_("Enter the name of your hotel."),
        200,
        N_("Where you stay. Leave it empty if you do not know yet."),
        also=_words("Hôtel, Hotel name, Name of the hotel, Nom de l'hôtel, Nombre del hotel"),
    ),
    FormField(
        "hotel_tel",
        "tel",
        N_("Tel. of the hotel"),
        N_("Enter the telephone number of your hotel."),
        50,
        also=_words(
            "Hotel tel., Tel. (hotel), Hotel telephone, Hotel phone, Telephone of the hotel",
            "Tél. de l'hôtel, Tél. (hôtel), Téléphone de l'hôtel, Tel. del hotel, Teléfono del hotel",
        ),
    ),
    FormField(
        "signed_on",
        "date",
        N_("Date"),
        N_("Enter the day on which you sign."),
        help=N_("Today, if you leave it empty."),
        also=_words("Date of signature, Date de signature, Fecha, Fecha de la firma"),
    ),
    FormField(
        "signature",
        "signature",
        N_("Signature"),
        N_("Type your name: it stands for your signature."),
        200,
        N_("Your name, typed: it stands for your signature."),
        "name",
        also=_words("Signed, Signé, Firma"),
    ),
)
"""Annex 1, top to bottom: the form of an event that says nothing else."""

_MORE = (
    FormField(
        "nationality",
        "country",
        N_("Nationality"),
        N_("Choose your nationality."),
        also=_words("Citizenship, Nationalité, Nacionalidad"),
    ),
    FormField(
        "country",
        "country",
        N_("Country"),
        N_("Choose your country."),
        autocomplete="country",
        also=_words("Country of residence, Pays, País"),
    ),
    FormField(
        "job_title",
        "text",
        N_("Position"),
        N_("Enter your position."),
        200,
        N_("What you do at your administration or organization."),
        "organization-title",
        _words("Job title, Function, Post, Fonction, Poste, Cargo, Función"),
    ),
    FormField(
        "diet",
        "text",
        N_("Dietary needs"),
        N_("Enter your dietary needs."),
        200,
        N_("For example vegetarian, halal, kosher, or an allergy."),
        also=_words("Diet, Dietary requirements, Régime alimentaire, Dieta, Régimen alimentario"),
    ),
    FormField(
        "arrival",
        "date",
        N_("Arrival"),
        N_("Enter the day of your arrival."),
        also=_words("Date of arrival, Arrival date, Date d'arrivée, Fecha de llegada, Llegada"),
    ),
    FormField(
        "departure",
        "date",
        N_("Departure"),
        N_("Enter the day of your departure."),
        also=_words("Date of departure, Departure date, Date de départ, Fecha de salida, Salida"),
    ),
    FormField(
        "accessibility",
        "lines",
        N_("What you need to take part"),
        N_("Enter what you need to take part."),
        1000,
        N_("For example a wheelchair ramp, sign language, or large print."),
        also=_words("Accessibility, Accessibility needs, Special needs, Accessibilité, Accesibilidad"),
    ),
    FormField(
        "accompanying",
        "lines",
        N_("Persons who accompany you"),
        N_("Enter the names of the persons who accompany you."),
        1000,
        N_("One name a line."),
        also=_words("Accompanying persons, Accompanying person, Personnes accompagnantes, Acompañantes"),
    ),
)

STOCK = {field.name: field for field in (*LETTER, *_MORE)}
STOCK["tel"] = replace(STOCK["tel"], help=N_("With the country code, for example +44 20 7946 0000."))
LETTER_FIELDS = tuple(field.name for field in LETTER)
