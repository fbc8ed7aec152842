"""The kinds of fields, a class each: what it accepts, and all that others need to know to show and to read it.

Each is loaded as text: choices as codes, days in ISO 8601, numbers in ASCII digits.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from itertools import chain
from typing import Any, ClassVar
from unicodedata import decimal

from marshmallow import ValidationError

from rollcall.language import N_, NP_, Language, language, languages
from rollcall.model.form import Choice, FormField
from rollcall.model.registration import fold, without_accents
from schemas.stock import other_words
from schemas.text import Lines, Name, Signature, Text, fault, messages

_NONCHARACTERS = "".join(f"{chr(plane + 0xFFFE)}-{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
_SHOWN = rf"[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufdd0-\ufdef\ufffd-\uffff{_NONCHARACTERS}]"

KINDS: dict[str, type["Answer"]] = {}
"""By the word in event files. A subclass of `Answer` that names its kind is there by that."""


class Answer(Text):
    control: ClassVar[str] = "input"
    """As templates/pages/field.html has them: `input`, `textarea`, `radios`, `checkboxes`, `select`, `tick`."""
    input_type: ClassVar[str] = "text"
    inputmode: ClassVar[str] = ""
    longest: ClassVar[int] = 200
    """Characters, where the field does not say."""
    width: ClassVar[int] = 16
    """Characters, in the roster."""
    wraps: ClassVar[bool] = True
    pattern: ClassVar[str] = f"^{_SHOWN}*$"
    """In JSON Schema's dialect (ECMA-262)."""
    repeats: ClassVar[bool] = False
    """Whether the page sends it several times."""
    says: ClassVar[str] = "A line of text."
    """For those who write event files."""
    example: ClassVar[str] = "Example"
    wording: ClassVar[str] = N_("Fill in “%(label)s”.")
    """What is said where it is missing, and the field has no words of its own."""

    def __init_subclass__(cls, kind: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if kind:
            KINDS[kind] = cls

    def __init__(self, field: FormField) -> None:
        super().__init__(
            max_length=field.max_length or self.longest,
            required=field.required and field.only_if is None,
            metadata={"label": field.label, "help": field.help},
        )
        self.field = field

    @cached_property
    def hint(self) -> str:
        """What stands in brackets behind its label."""
        form: Any = self.parent
        return str(form.hint_of(self.field))

    @classmethod
    def choices_in(cls, spoken: Language, own: tuple[Choice, ...]) -> tuple[Choice, ...]:
        """The field's own, or the kind's; by their English label too, where the catalogues have it."""
        return tuple(_translated(choice, spoken) for choice in own)

    @classmethod
    def see_that_it_is_complete(cls, field: FormField) -> None:
        """Of an event file. Raises `ValidationError`."""
        _see_that_there_are_no_choices(field)
        _see_that_there_are_no_bounds(field)

    @classmethod
    def see_that_it_can_be_answered(cls, field: FormField) -> None:
        """With the event's own bounds. Raises `ValidationError`."""

    def described(self) -> dict[str, object]:
        """In JSON Schema, beside its title and help."""
        return {"minLength": 1, "maxLength": self.max_length, "pattern": self.pattern}

    def shown(self, answer: str) -> str:
        """As people read it."""
        return answer

    def as_posted(self, text: str) -> str:
        """What the page's control holds for a text that was typed or read, right or wrong."""
        return text


def boxes_of(field: FormField) -> tuple[Choice, ...]:
    """The choices that people tick; a country is written."""
    return () if KINDS[field.kind].control == "select" else field.choices


class OfText(Answer, kind="text"):
    pass


class OfName(Name, Answer, kind="name"):
    says = "A person's name. A question mark in it is asked about: letters got lost."


class OfSignature(Signature, Answer, kind="signature"):
    says = "A person's name, typed in place of a signature."


class OfLines(Lines, Answer, kind="lines"):
    says = "Text of several lines."
    pattern = rf"^{_SHOWN}*(\r?\n{_SHOWN}*){{0,{Lines.MOST - 1}}}$"
    control = "textarea"
    longest = 1000
    width = 28


class Telephone(Answer, kind="tel"):
    says = "A telephone number."
    input_type = "tel"
    longest = 50
    width = 14
    wraps = False
    example = "+44 20 7946 0000"
    wording = N_("Enter a telephone number for “%(label)s”.")
    pattern = f"^{_SHOWN}*[0-9]{_SHOWN}*$"

    def check(self, text: str) -> None:
        if not any(character.isdigit() for character in text) or _SPREADSHEET_S.fullmatch(text):
            raise fault("not_a_telephone_number")


class EmailAddress(Answer, kind="email"):
    """RFC 5321, 6531, by email-validator; without DNS. Loaded with its domain as it is posted (UTS 46)."""

    says = "An e-mail address."
    input_type = "email"
    longest = 254
    width = 36
    example = "somebody@example.org"
    wording = N_("Enter an e-mail address for “%(label)s”.")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
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

    def described(self) -> dict[str, object]:
        return {**super().described(), "format": "idn-email"}


class OneChoice(Answer, kind="choice"):
    """Its code, its label or another word for it."""

    says = "One of `choices`."
    control = "radios"
    longest = 300
    wording = N_("Choose an answer to “%(label)s”.")

    def __init__(self, field: FormField) -> None:
        super().__init__(field)
        self.labels = {choice.code: choice.label for choice in field.choices}
        spelled = [(word, one.code) for one in field.choices for word in (one.code, one.label, *one.also)]
        self._codes = {as_compared(word): code for word, code in reversed(spelled)}

    @classmethod
    def see_that_it_is_complete(cls, field: FormField) -> None:
        if not field.choices and field.name != "category":
            raise ValidationError("are missing; add them", "choices")
        _see_that_nothing_is_written(field)

    def code_of(self, text: str) -> str | None:
        """The words of other languages count too: a form is read in one and shown in another."""
        if len(text) > self.max_length:
            return None
        form: Any = self.parent
        kinds: Iterator[OneChoice] = chain((self,), form.in_other_languages(self.field.name))
        return next((code for kind in kinds if (code := kind.meant(text)) in self.labels), None)

    def meant(self, text: str) -> str | None:
        """In its own language."""
        return self._codes.get(as_compared(text))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        code = self.code_of(super()._deserialize(value, attr, data, **kwargs))
        if code is None:
            raise fault("not_a_choice")
        return code

    def shown(self, answer: str) -> str:
        return self.labels.get(answer, answer)

    def as_chosen(self, answer: str) -> str:
        """As it is kept beside its code, for the day on which the form has it no longer."""
        return self.shown(answer)

    def as_posted(self, text: str) -> str:
        return self.code_of(text) or text

    def described(self) -> dict[str, object]:
        return {"enum": list(self.labels)}


class YesOrNo(OneChoice, kind="yes-no"):
    says = "Yes or no."

    @classmethod
    def choices_in(cls, spoken: Language, own: tuple[Choice, ...]) -> tuple[Choice, ...]:
        return super().choices_in(spoken, own or (_YES, _NO))

    @classmethod
    def see_that_it_is_complete(cls, field: FormField) -> None:
        _see_that_nothing_is_written(field)
        if field.choices and {choice.code for choice in field.choices} != {"yes", "no"}:
            raise ValidationError('should have the codes yes and no; others are for kind = "choice"', "choices")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        value = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
        return super()._deserialize(value, attr, data, **kwargs)


class Country(OneChoice, kind="country"):
    """ISO 3166-1 alpha-2."""

    says = "A country or territory of ISO 3166, or one of `choices`."
    control = "select"
    width = 20
    wording = N_("Choose a country for “%(label)s”.")

    @classmethod
    def choices_in(cls, spoken: Language, own: tuple[Choice, ...]) -> tuple[Choice, ...]:
        """Codes alone, as `["CH", "FR"]`, have their names."""
        by_code = {choice.code: choice for choice in countries(spoken)}
        named = tuple(by_code[choice.label] for choice in own if choice.label in by_code)
        return (named if len(named) == len(own) else own) or tuple(by_code.values())

    @classmethod
    def see_that_it_is_complete(cls, field: FormField) -> None:
        _see_that_nothing_is_written(field)

    def meant(self, text: str) -> str | None:
        """By its name in any language too: a form may come in one that the event does not offer."""
        return super().meant(text) or _countries_by_name().get(as_compared(text))


class SeveralChoices(OneChoice, kind="choices"):
    """Stored as codes with blanks between, in the form's order."""

    says = "One or more of `choices`."
    control = "checkboxes"
    longest = 3000
    repeats = True
    wording = N_("Choose one answer or more to “%(label)s”.")

    def described(self) -> dict[str, object]:
        return {"type": "array", "items": super().described(), "minItems": 1, "uniqueItems": True}

    def codes_of(self, text: str) -> list[str] | None:
        """None where one is no choice."""
        if len(text) > self.max_length:
            return None
        parts = [text] if self.code_of(text) else _BETWEEN.split(text) if _BETWEEN.search(text) else text.split()
        codes = {self.code_of(part) for part in parts if part.strip()}
        return None if None in codes else [code for code in self.labels if code in codes]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, list):
            if not all(isinstance(one, str) for one in value):
                raise fault("not_text")
            value = "\n".join(value)
        codes = self.codes_of(Text._deserialize(self, value, attr, data, **kwargs))
        if not codes:
            raise fault("not_a_choice")
        return " ".join(codes)

    def shown(self, answer: str) -> str:
        return "; ".join(self.labels.get(code, code) for code in answer.split())

    def as_posted(self, text: str) -> str:
        codes = self.codes_of(text)
        return " ".join(codes) if codes else text


class Consent(YesOrNo, kind="consent"):
    says = "A box to tick. The label is kept, as it was. `required`: nobody registers without it."
    control = "tick"
    longest = 1000
    wording = N_("Please tick this; without it we cannot register you.")

    def meant(self, text: str) -> str | None:
        return "yes" if text == self.field.label else super().meant(text)

    def as_chosen(self, answer: str) -> str:
        """The wording that was agreed to."""
        return self.field.label if answer == "yes" else super().as_chosen(answer)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        code = super()._deserialize(value, attr, data, **kwargs)
        if code == "no" and self.field.required:
            raise fault("required")
        return code


class Bounded(Answer):
    """Between `least` and `most` of its field, where it has them; outside them it is asked about."""

    written: ClassVar[re.Pattern[str]]
    """How it, and its bounds, are written."""
    is_none: ClassVar[str]
    """The fault of what is none."""
    is_outside: ClassVar[str]
    is_below: ClassVar[str]
    is_above: ClassVar[str]
    """Where it has the one bound alone."""

    @staticmethod
    def read(text: str) -> Any:
        """Raises `ValueError`."""
        raise NotImplementedError

    @classmethod
    def see_that_it_is_complete(cls, field: FormField) -> None:
        _see_that_there_are_no_choices(field)
        for name, bound in (("least", field.least), ("most", field.most)):
            if bound and not cls.written.fullmatch(bound):
                raise ValidationError(f"should be a {field.kind}", name)
        if cls._leaves_nothing(field):
            raise ValidationError(f"should not be below least, {field.least}", "most")

    @classmethod
    def see_that_it_can_be_answered(cls, field: FormField) -> None:
        if cls._leaves_nothing(field):
            where = f"form.fields.{field.name}.least"
            raise ValidationError(f"{field.least} is above most, {field.most}", where)

    @classmethod
    def _leaves_nothing(cls, field: FormField) -> bool:
        return bool(field.least and field.most and cls.read(field.least) > cls.read(field.most))

    def within_bounds(self, text: str) -> Any:
        """What it says, in digits of any script."""
        if not text.isascii():
            text = "".join(str(decimal(one)) if one.isdecimal() else one for one in text)
        try:
            said = self.read(text) if self.written.fullmatch(text) else None
        except ValueError:
            said = None
        if said is None:
            raise fault(self.is_none)
        least, most = self.field.least, self.field.most
        if (least and said < self.read(least)) or (most and said > self.read(most)):
            code = self.is_outside if least and most else self.is_below if least else self.is_above
            raise fault(code, **{name: bound for name, bound in (("least", least), ("most", most)) if bound})
        return said


class Number(Bounded, kind="number"):
    says = "A number, between `least` and `most`."
    inputmode = "decimal"  # an input of type `number` loses in silence what is typed beside digits
    longest = 30
    width = 10
    example = "1"
    wording = N_("Enter a number for “%(label)s”.")
    pattern = "^[+-]?[0-9]{1,15}([.][0-9]{1,10})?$"
    written = re.compile(r"[+-]?[0-9]{1,15}([.][0-9]{1,10})?")
    is_none = "not_a_number"
    is_outside = "out_of_bounds"
    is_below = "too_small"
    is_above = "too_large"

    @staticmethod
    def read(text: str) -> Decimal:
        return Decimal(text)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        text = super()._deserialize(value, attr, data, **kwargs)
        return f"{self.within_bounds(_DECIMAL_COMMA.sub('.', text)):f}"


class Day(Bounded, kind="date"):
    """ISO 8601, with hyphens."""

    says = "A date, between `least` and `most`."
    default_error_messages = messages(invalid="not_a_date")
    input_type = "date"
    longest = 40
    width = 11
    wraps = False
    example = "2004-02-20"
    wording = N_("Enter a date for “%(label)s”.")
    written = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
    is_none = "not_a_date"
    is_outside = "not_in_days"
    is_below = "too_early"
    is_above = "too_late"

    @staticmethod
    def read(text: str) -> date:
        return date.fromisoformat(text)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        day: date = self.within_bounds(super()._deserialize(value, attr, data, **kwargs))
        return day.isoformat()

    def described(self) -> dict[str, object]:
        return {"format": "date"}


_DECIMAL_COMMA = re.compile(r"(?<=\d)[,٫](?=\d{1,2}\Z)")
"""Before three digits it may stand between thousands."""
_BETWEEN = re.compile(r"[,;\n،؛、，；]")
_SPREADSHEET_S = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]+")
"""A long number as a spreadsheet shows it: its last digits are lost."""

# Nearly every address; the library accepts all of these (a test checks). Loading it costs a cold start 14 ms.
_PLAIN_ADDRESS = re.compile(
    r"(?=.{1,64}\Z)(?!.*--)[a-z0-9_+-]+(\.[a-z0-9_+-]+)*"
    r"@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+([a-z]{2}|com|edu|gov|int|net|org)",
    re.IGNORECASE | re.ASCII,
)


def _see_that_there_are_no_choices(field: FormField) -> None:
    if field.choices:
        raise ValidationError(f"are for other kinds than {field.kind}; remove them", "choices")


def _see_that_nothing_is_written(field: FormField) -> None:
    _see_that_there_are_no_bounds(field)
    if field.max_length:
        raise ValidationError("is for what people write; remove it", "max_length")


def _see_that_there_are_no_bounds(field: FormField) -> None:
    if field.least or field.most:
        raise ValidationError("is for numbers and dates; remove it", "least" if field.least else "most")


_YES = Choice("yes", N_("Yes"), tuple(NP_("other words, with commas between", "Y, True, I agree").split(", ")))
_NO = Choice("no", N_("No"), tuple(NP_("other words, with commas between", "N, False").split(", ")))
_NO_COUNTRIES = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"])
"""What CLDR has beside the countries and territories of ISO 3166-1: reserved codes, groups, and codes of its own."""


@cache
def countries(spoken: Language) -> tuple[Choice, ...]:
    """In the order of their names."""
    names = {str(code): str(name) for code, name in spoken.locale.territories.items()}
    codes = [code for code in names if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES]
    # in GB 18030 the usual Chinese characters stand in the order of how they are read
    order = "gb18030" if spoken.code == "zh" else "utf-8"
    return tuple(
        Choice(code, names[code]) for code in sorted(codes, key=lambda code: without_accents(names[code]).encode(order))
    )


@cache
def _countries_by_name() -> Mapping[str, str]:
    """In all languages, of which no two call different countries the same."""
    named = chain.from_iterable(countries(language(code)) for code in languages())
    return {as_compared(choice.label): choice.code for choice in named}


def _translated(choice: Choice, spoken: Language) -> Choice:
    label, also = spoken.gettext(choice.label), other_words(choice.also, spoken)
    return replace(choice, label=label, also=also if label == choice.label else (*also, choice.label))


_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Marks that show nothing: an address that looks like another one."""


def as_compared(text: str) -> str:
    """A label or a choice, whatever stands between its words; signs alone, as `+`, are themselves."""
    return " ".join(re.findall(r"\w+", fold(text))) or fold(text)


def alike(choices: Sequence[Choice]) -> str | None:
    """A word for two of them."""
    codes: dict[str, str] = {}
    for choice in choices:
        for word in (choice.code, choice.label, *choice.also):
            if codes.setdefault(as_compared(word), choice.code) != choice.code:
                return word
    return None
