"""`[form]` and `[[form.fields]]` of an event file: what the event asks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from rollcall.language import N_, Language, language, languages
from rollcall.model.event import Event
from rollcall.model.form import ANOTHER_HOTEL, HOTEL_NAME, Choice, Condition, FormField
from rollcall.model.programme import HEAD_OF_DELEGATION, LISTED
from schemas.event_tables import Names, Table, Words, is_origin, line
from schemas.kinds import KINDS, alike, as_compared
from schemas.stock import LETTER, STOCK, other_words

NEEDED = ("family_name", "email")
"""Without these the desk cannot tell people apart, nor write to them."""
NEVER_LEFT_OUT = ("family_name", "first_name", "email", "category")
_OF_ONE_KIND = (*NEEDED, "category", "signed_on", "arrival", "departure", LISTED, HEAD_OF_DELEGATION)
MOST_FIELDS = 90
"""A page's own fields come on top (handlers/request_body.py, `MOST_FIELDS`)."""
_CODE = r"[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*\Z"
_NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z"
_RESERVED = (
    *("message", "shown_at"),
    *("reference", "received", "received_at", "confirmation", "doubles", "in_time", "nights", "no_longer_asked"),
)
"""Fields of the page's own, and columns of the roster."""
_HALF_A_YEAR = timedelta(days=183)
_STAY = timedelta(days=30)


@dataclass(frozen=True)
class Section:
    heading: str
    before: str


@dataclass(frozen=True)
class FormTable:
    hotel: str = "free"
    """`list`: chosen; `free`: written; `none`: not asked."""
    required: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    staff_may_leave_out: tuple[str, ...] = ()
    fields: tuple[FormField, ...] = ()
    sections: tuple[Section, ...] = ()


class ChoiceTable(Table):
    makes = Choice
    is_text_alone = True
    says = {  # noqa: RUF012
        "code": "What is stored, and what programs send. Do not change it while the intake is open.",
        "label": "What people read.",
        "also": "Other words for it in forms that come by e-mail.",
    }
    code = line(
        validate=validate.Regexp(_CODE, error="should be letters without accents, digits and hyphens, as member-state")
    )
    label = line(Words)
    also = fields.List(line(Names), load_default=list)


class _Choices(fields.List[Any]):
    """Tables, or texts alone: then each is its own label, and its code is made of it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(fields.Nested(ChoiceTable), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if any(isinstance(one, dict) and one.keys() <= {*languages()} for one in _list(value)):
            raise ValidationError(
                "should each have a code, since they are said in several languages, as "
                '{ code = "am", label = { en = "Morning", fr = "Matin" } }'
            )
        if not isinstance(value, list) or not value:
            raise ValidationError('should be a list with a choice or more, as ["Morning", "Afternoon"]')
        if all(isinstance(one, str) for one in value):
            codes = [_code_of(one) for one in value]
            choices = tuple(
                Choice(code if code and codes.count(code) == 1 else f"choice-{place}", one)
                for place, (code, one) in enumerate(zip(codes, value, strict=True), 1)
            )
        else:
            choices = tuple(filter(None, super()._deserialize(value, attr, data, **kwargs)))
        codes_differ(choices)
        return choices


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class _Condition(fields.Field[Condition]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Condition:
        match value:
            case {**one} if len(one) == 1:
                ((field, values),) = one.items()
                if isinstance(values, list) and values and all(isinstance(code, str) for code in values):
                    return Condition(str(field), tuple(values))
        raise ValidationError('should name one field and its codes, as {category = ["member-state"]}')


class _Bound(fields.Field[str]):
    """A number or a date, as TOML has them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float | date):
            raise ValidationError("should be a number or a date, without quotation marks")
        return value.isoformat()[:10] if isinstance(value, date) else str(value)


_CHOICES = {"type": "array", "items": {"type": ["string", "object"]}}
_CONDITION = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}


class _FieldTable(Table):
    says = {  # noqa: RUF012
        "name": "A field of the stock (below), or a name of your own: lower-case letters, digits and `_`.",
        "kind": "What it takes: see “Kinds”.",
        "label": "What stands before it. A field of your own needs one.",
        "ask": "What is said where it is missing.",
        "help": "What is said below the label.",
        "required": "Whether people must answer. Without it they need not, unless `[form] required` names it.",
        "max_length": "The most characters.",
        "least": "The least number, or the first day.",
        "most": "The most, or the last day.",
        "choices": "What people choose from: texts, or tables with `code`, `label` and `also`.",
        "also": "Other labels for it in forms that come by e-mail.",
        "required_if": 'People must answer if another field has one of these answers: `{ category = ["delegate"] }`.',
        "only_if": "It is asked only if another field has one of these answers.",
        "for_hotel": "Whether the person's hotel sees the answer in its rooming list, beside names and days.",
    }
    name = line(
        validate=validate.Regexp(_NAME, error="should be lower-case letters, digits and underscores, as job_title")
    )
    kind = line(required=False, metadata={"json_schema": {"enum": list(KINDS)}})
    label = line(Words, required=False)
    ask = line(Words, required=False)
    help = line(Words, required=False)
    required = fields.Boolean(
        load_default=None,
        truthy={True},
        falsy={False},
        error_messages={"invalid": "should be true or false, without quotation marks"},
    )
    max_length = fields.Integer(
        strict=True,
        load_default=None,
        error_messages={"invalid": "should be a whole number, as 40"},
        validate=validate.Range(1, 5000, error="should be from 1 to 5000"),
    )
    least = _Bound(load_default=None, metadata={"json_schema": {"type": ["number", "string"]}})
    most = _Bound(load_default=None, metadata={"json_schema": {"type": ["number", "string"]}})
    choices = _Choices(load_default=None, metadata={"json_schema": _CHOICES})
    also = fields.List(line(Names), load_default=None)
    required_if = _Condition(load_default=None, metadata={"json_schema": _CONDITION})
    only_if = _Condition(load_default=None, metadata={"json_schema": _CONDITION})
    for_hotel = fields.Boolean(
        load_default=None,
        truthy={True},
        falsy={False},
        error_messages={"invalid": "should be true or false, without quotation marks"},
    )

    @post_load
    def _made(self, given: dict[str, Any], **_kwargs: Any) -> FormField:
        said = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        name = str(said.pop("name"))
        return _field(name, **{key: value for key, value in said.items() if value is not None})


class _SectionTable(Table):
    makes = Section
    says = {  # noqa: RUF012
        "heading": "The heading, of 70 characters at the most.",
        "before": "The name of the field that it stands above.",
    }
    heading = line(
        Words, validate=validate.Length(max=70, error="should have 70 characters at the most")
    )  # a line of text
    before = line()


class FormTableSchema(Table):
    makes = FormTable
    says = {  # noqa: RUF012
        "hotel": "`list`: people choose one of `[[hotels]]`, or another; `free`: they write it; `none`: not asked.",
        "required": "The names of the fields that people must fill in, beside those that say so themselves.",
        "origins": "Other sites whose pages may post this form from the browser (CORS), as `https://www.example.org`.",
        "staff_may_leave_out": "Fields that people must fill in, and the staff need not where they enter a form from a "
        "telephone call, a fax or paper. Never a name, the e-mail address or the category.",
        "fields": "",
        "sections": "",
    }
    hotel = fields.String(
        load_default="free",
        validate=validate.OneOf(["list", "free", "none"], error="should be list, free or none"),
        metadata={"json_schema": {"enum": ["list", "free", "none"]}},
    )
    required = fields.List(line(), load_default=list)
    origins = fields.List(line(validate=is_origin), load_default=list)
    staff_may_leave_out = fields.List(line(), load_default=list)
    fields_ = fields.List(fields.Nested(_FieldTable), load_default=list, data_key="fields", attribute="fields")
    sections = fields.List(fields.Nested(_SectionTable), load_default=list)


def codes_differ(choices: Sequence[Choice]) -> None:
    codes = [choice.code for choice in choices]
    for place, code in enumerate(codes):
        if code in codes[:place]:
            raise ValidationError(f"should each have a code of its own; {code} is there twice")
    if twice := alike(choices):
        raise ValidationError(f"“{twice}” stands for two of them; capitals and signs do not count")


def _code_of(label: str) -> str:
    return "-".join(re.findall("[a-z0-9]+", label.lower()))[:60].strip("-")


def _field(name: str, **said: Any) -> FormField:
    """One of the stock, changed as the table says, or one of the event's own. Raises `ValidationError`."""
    stock = STOCK.get(name)
    if stock is None and name in _RESERVED:
        raise ValidationError("is a name of the desk's own; choose another", "name")
    if stock is None and not said.get("label"):
        known = get_close_matches(name, STOCK, 1)
        meant = f"; did you mean {known[0]}?" if known else f": {', '.join(STOCK)}."
        raise ValidationError(f"{name} is not a field of the stock{meant} A field of your own needs a label", "name")
    kind = said.setdefault("kind", stock.kind if stock else "text")
    if kind not in KINDS:
        raise ValidationError(f"should be one of {', '.join(KINDS)}", "kind")
    if stock and name in _OF_ONE_KIND and kind != stock.kind:
        raise ValidationError(f"should stay {stock.kind}: the desk reckons with it; or name another field", "kind")
    if stock and kind != stock.kind:
        said = {"choices": (), "max_length": None, **said}
    ask = said.pop("ask", "")
    field = replace(stock, **said) if stock else FormField(name=name, ask="", **said)
    if ask or "label" in said:
        field = replace(field, ask=ask)
    KINDS[kind].see_that_it_is_complete(field)
    return field


def _worded(field: FormField, spoken: Language) -> FormField:
    """In this language, where the catalogues have its words: all of the stock are there."""
    label = spoken.gettext(field.label)
    return replace(
        field,
        label=label,
        ask=spoken.gettext(field.ask) if field.ask else spoken.gettext(KINDS[field.kind].wording, label=label),
        help=field.help and spoken.gettext(field.help),
        also=other_words(field.also, spoken),
        choices=KINDS[field.kind].choices_in(spoken, field.choices),
    )


def fields_of(form: FormTable, categories: Sequence[Choice], event: Event, first: Event) -> tuple[FormField, ...]:
    """The form of an event file, top to bottom; its codes are of the event's first language. Raises
    `ValidationError`."""
    asked = list(form.fields or LETTER)
    _see_that_names_are_right(asked, form)
    spoken = language(event.language)
    asked = [_worded(field, spoken) for field in asked]
    asked = [one for field in asked for one in _about_hotels(field, form.hotel, event, first)]
    _see_that_each_is_told_from_the_others(asked)
    headings = _headings(form.sections, [field.name for field in asked])
    bounds = _usual_bounds(event)
    made = []
    for field in asked:
        if field.name == "category" and not field.choices:
            if not categories:
                raise ValidationError("should be one or more, since the form asks for the category", "categories")
            field = replace(field, choices=tuple(categories))
        least, most = bounds.get(field.name, (None, None))
        field = replace(
            field,
            required=field.required or field.name in form.required or field.name in NEEDED,
            least=field.least or least,
            most=field.most or most,
            section=headings.get(field.name, ""),
        )
        KINDS[field.kind].see_that_it_can_be_answered(field)
        made.append(field)
    places = {field.name: place for place, field in enumerate(form.fields, 1)}
    for field in made:
        if field.name in places:
            _see_that_conditions_can_hold(field, made, f"form.fields.{places[field.name]}")
    return tuple(made)


def _see_that_names_are_right(asked: Sequence[FormField], form: FormTable) -> None:
    names = [field.name for field in asked]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ValidationError(f"{name} is there twice; remove one", f"form.fields.{place + 1}.name")
    for name in NEEDED:
        if name not in names:
            raise ValidationError(
                f'should have {name}; the desk cannot do without it: add [[form.fields]] with name = "{name}"',
                "form.fields",
            )
    for name in form.required:
        if name not in names:
            raise ValidationError(f"{name} is not a field of the form: {', '.join(names)}", "form.required")
    for place, field in enumerate(asked, 1):
        if field.name == LISTED and (field.required or field.required_if or LISTED in form.required):
            raise ValidationError("should stay optional: nobody agrees who has to", f"form.fields.{place}.required")
    for name in form.staff_may_leave_out:
        if name not in names:
            raise ValidationError(f"{name} is not a field of the form: {', '.join(names)}", "form.staff_may_leave_out")
        if name in NEVER_LEFT_OUT:
            raise ValidationError(f"{name} is what people are told apart by; remove it", "form.staff_may_leave_out")
    if form.hotel == "list" and "hotel" not in names:
        raise ValidationError("is list, and the form does not ask for the hotel; add the field hotel", "form.hotel")
    boxes = sum(len(field.choices) if KINDS[field.kind].repeats else 1 for field in asked)
    if boxes > MOST_FIELDS:
        raise ValidationError(
            f"should be {MOST_FIELDS} at the most, where each of the choices of one kind choices counts: here {boxes}",
            "form.fields",
        )


def _see_that_each_is_told_from_the_others(asked: Sequence[FormField]) -> None:
    """Two of one name would be one answer; two of one label, nobody could tell apart on the page or in an e-mail."""
    labels: dict[str, str] = {}
    names = [field.name for field in asked]
    if names.count(HOTEL_NAME) > 1:
        raise ValidationError(f"{HOTEL_NAME} is the desk's own where people choose a hotel; remove it", "form.fields")
    for field in asked:
        other = labels.setdefault(as_compared(field.label), field.name)
        # the letter's `Tel.` stands below the person's name and once more below the hotel's
        if other != field.name and {other, field.name} != {"tel", "hotel_tel"}:
            raise ValidationError(f"is {other}'s too; give one another label", f"form.fields.{field.name}.label")


def _about_hotels(field: FormField, asks: str, event: Event, first: Event) -> list[FormField]:
    """Of the field `hotel`: as it is, a choice and a field for another's name, or nothing."""
    if field.name not in ("hotel", "hotel_tel") or asks == "free":
        return [field]
    if asks == "none":
        return []
    another = Condition("hotel", (ANOTHER_HOTEL,))
    if field.name == "hotel_tel":
        return [replace(field, only_if=another)]
    if not event.hotels:
        raise ValidationError("should be one or more, since people choose from them", "hotels")
    spoken = language(event.language)
    named = [
        Choice(_code_of(of_code.name) or f"hotel-{place}", one.name)
        for place, (one, of_code) in enumerate(zip(event.hotels, first.hotels, strict=True), 1)
    ]
    choice = Choice(ANOTHER_HOTEL, spoken.gettext("Another, or not known yet"))
    for place, one in enumerate(named):
        if one.code in [ANOTHER_HOTEL, *(before.code for before in named[:place])]:
            named[place] = replace(one, code=f"hotel-{place + 1}")
    if len({as_compared(one.label) for one in (*named, choice)}) <= len(named):
        raise ValidationError("should each have a name of its own; add the street or the town", "hotels")
    ask = spoken.gettext("Choose your hotel.")
    chosen = replace(field, kind="choice", ask=ask, help="", max_length=None, choices=(*named, choice))
    other = replace(STOCK["hotel"], name=HOTEL_NAME, label=N_("Name of the other hotel"), also=(), only_if=another)
    return [chosen, _worded(other, spoken)]


def _usual_bounds(event: Event) -> Mapping[str, tuple[str, str]]:
    first, last = event.day_of(event.starts), event.day_of(event.ends)
    signed = [event.day_of(event.opens_at), event.day_of(event.closes_at), first, last]
    # nobody signs before there is a form, nor after the event; east of it the next day has begun
    days = {
        "signed_on": (min(signed) - _HALF_A_YEAR, max(signed) + timedelta(days=1)),
        "arrival": (first - _STAY, last),
        "departure": (first, last + _STAY),
    }
    return {name: (least.isoformat(), most.isoformat()) for name, (least, most) in days.items()}


def _headings(sections: Sequence[Section], names: Sequence[str]) -> Mapping[str, str]:
    for place, section in enumerate(sections, 1):
        if section.before not in names:
            raise ValidationError(
                f"{section.before} is not a field of the form: {', '.join(names)}", f"form.sections.{place}.before"
            )
    return {section.before: section.heading for section in sections}


def _see_that_conditions_can_hold(field: FormField, fields: Sequence[FormField], at: str) -> None:
    for key, condition in (("only_if", field.only_if), ("required_if", field.required_if)):
        if condition is None:
            continue
        where = f"{at}.{key}"
        before = next((one for one in fields if one.name == condition.field), None)
        if before is None or not before.choices or before.kind == "consent":
            asked = [one.name for one in fields if one.choices and one.kind != "consent"]
            raise ValidationError(
                f"{condition.field} is not a field with choices to depend on: {', '.join(asked)}", where
            )
        if fields.index(before) > fields.index(field):
            raise ValidationError(f"{field.name} should stand below {before.name}, on which it depends", where)
        if before.only_if:
            raise ValidationError(f"{before.name} depends on another field itself; name that one", where)
        codes = [choice.code for choice in before.choices]
        for value in condition.values:
            if value not in codes:
                raise ValidationError(f"{value} is not a code of {before.name}: {', '.join(codes)}", where)
