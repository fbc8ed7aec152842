"""A filled-in form, checked into a `Registration` by the fields of the event's file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from marshmallow import RAISE, Schema, post_load, pre_load, validates_schema
from marshmallow import ValidationError as ValidationError  # for those who call `read_form`

from rollcall.language import N_, Language, language
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.form import Condition, FormField
from rollcall.model.registration import Registration
from rollcall.model.registration import written as written  # beside those below
from schemas.kinds import KINDS, Answer, OneChoice, SeveralChoices, boxes_of
from schemas.text import is_blank


@lru_cache(maxsize=1000)
def schema_for(event: Event) -> Schema:
    checked = {one.name: KINDS[one.kind](one) for one in event.fields}
    conditional = [one for one in event.fields if one.only_if or one.required_if]
    about = {"_event": event, "_conditional": conditional}
    schema: Schema = type("RegistrationForm", (FormSchema,), checked | about)()
    return schema


def read_form(
    event: Event, answers: Mapping[str, object], faults: Mapping[str, Sequence[Fault]] = MappingProxyType({})
) -> Registration:
    """Accepts a choice's code, label or another word for it. Raises marshmallow's `ValidationError`: `faults` in how a
    field was sent replace those in what it says."""
    try:
        registration: Registration = schema_for(event).load(answers)
    except ValidationError as error:
        raise ValidationError({**faults_of(error), **faults}) from None
    if faults:
        raise ValidationError({**faults})
    return registration


def read_address(event: Event, typed: str) -> str:
    """An e-mail address alone. Raises marshmallow's `ValidationError`."""
    registration: Registration = _address_schema(event).load({"email": typed})
    return registration.email


def address_asked(event: Event) -> Answer:
    answer: Answer = _address_schema(event).fields["email"]  # type: ignore[assignment]
    return answer


@lru_cache(maxsize=1000)
def _address_schema(event: Event) -> Schema:
    (field,) = (one for one in event.fields if one.name == "email")
    field = replace(field, required=True, only_if=None, help="")
    about = {"email": KINDS[field.kind](field), "_event": event, "_conditional": ()}
    schema: Schema = type("AddressForm", (FormSchema,), about)()
    return schema


def faults_of(error: ValidationError) -> dict[str, tuple[Fault, ...]]:
    """By field name."""
    found: Mapping[object, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
    return {str(name): tuple(faults) for name, faults in found.items()}


def in_labels(event: Event, answers: Mapping[str, str]) -> dict[str, str]:
    kinds = _kinds(event)
    return {name: kinds[name].shown(text) if name in kinds else text for name, text in answers.items()}


def in_words(event: Event, registration: Registration) -> dict[str, str]:
    """What a registration says, by field name; a choice that is gone as it was called, and a consent in its words of
    that day where they are others now."""
    answers = written(registration)
    words = in_labels(event, answers)
    asked = event.in_language(registration.language).fields
    agreed = {one.name: one.label for one in asked if one.kind == "consent" and answers.get(one.name) == "yes"}
    gone = {
        name: text
        for name, text in registration.chosen.items()
        if words.get(name) == answers.get(name) or agreed.get(name, text) != text
    }
    return {**words, **gone}


def in_codes(event: Event, answers: Mapping[str, str]) -> dict[str, str]:
    """Unknown choices stay."""
    kinds = _kinds(event)
    return {name: kinds[name].as_posted(text) if name in kinds else text for name, text in answers.items()}


# an expression of them all would take 3 ms of each start to compile
_PRINTED: list[tuple[str, str]] = re.findall(
    "(.)-(.)",
    "\u0000-\u02af\u0370-\u03e1\u0400-\u0479\u048a-\u052f\u0590-\u05ee\u0620-\u063c\u0640-\u06d5\u06fa-\u06ff"
    "\u0900-\u0970\u0972-\u0977\u0979-\u097f\u0e00-\u0e7f\u10d0-\u10ff\u1e00-\u1e29\u1e2c-\u1e99\u1e9b-\u1e9b"
    "\u1e9e-\u1e9e\u1ea0-\u1ef9\u1f00-\u1fff\u3000-\u312f\u3400-\u4db5\u4e00-\u9fef\uac00-\ud7af\uff00-\uffef",
)
"""First and last of each range of letters that the fonts of the blank form's PDF have."""


@lru_cache(maxsize=1000)
def can_be_printed(event: Event) -> bool:
    """As PDF: all letters of its blank form, in its language."""
    words = [text for one in event.fields for text in (one.section, one.label, one.help)]
    words += [choice.label for answer in asked_of(event) for choice in boxes_of(answer.field)]
    words += [event.venue.inside, *event.venue.address] if event.venue else []
    words += [event.title, event.organizer, event.contact.organization]
    return all(is_printed(letter) for letter in set("".join(words)) if letter.isalpha())


def is_printed(letter: str) -> bool:
    return any(first <= letter <= last for first, last in _PRINTED)


def names_sent_several_times(event: Event) -> list[str]:
    return [answer.field.name for answer in asked_of(event) if answer.repeats]


def asked_of(event: Event) -> tuple[Answer, ...]:
    return tuple(_kinds(event).values())


def _kinds(event: Event) -> Mapping[str, Answer]:
    return schema_for(event).fields  # type: ignore[return-value]


class FormSchema(Schema):
    class Meta:
        unknown = RAISE

    error_messages = {"unknown": Fault("no_such_field"), "type": Fault("not_an_object")}  # type: ignore[dict-item] # noqa: RUF012
    _event: Event
    """No field has a name with a line before it."""
    _conditional: Sequence[FormField]

    def hint_of(self, field: FormField) -> str:
        spoken = language(self._event.language)
        only, needed = (self._said_of(one, spoken) for one in (field.only_if, field.required_if))
        if only and needed:
            message = N_("only if “%(field)s” is %(choices)s, needed if “%(other)s” is %(others)s")
            return spoken.gettext(message, **only, other=needed["field"], others=needed["choices"])
        if needed:
            return spoken.gettext("needed if “%(field)s” is %(choices)s", **needed)
        if only and field.required:
            return spoken.gettext("only if “%(field)s” is %(choices)s", **only)
        if only:
            return spoken.gettext("optional, only if “%(field)s” is %(choices)s", **only)
        return "" if field.required else spoken.gettext("optional")

    def _said_of(self, condition: Condition | None, spoken: Language) -> dict[str, str] | None:
        field = self._event.field(condition.field) if condition else None
        if not condition or not field:
            return None
        labels = [choice.label for choice in field.choices if choice.code in condition.values]
        return {
            "field": field.label,
            "choices": spoken.either([spoken.gettext("“%(text)s”", text=one) for one in labels]),
        }

    def in_other_languages(self, name: str) -> Iterator[OneChoice]:
        """This choice, as long as it is one there."""
        others = (code for code in self._event.languages if code != self._event.language)
        kinds = (schema_for(self._event.in_language(code)).fields.get(name) for code in others)
        return (kind for kind in kinds if isinstance(kind, OneChoice))

    @pre_load
    def _blank_is_not_given(self, answers: Any, **_kwargs: Any) -> Any:
        if not isinstance(answers, Mapping):
            return answers
        return {name: value for name, value in answers.items() if not self._is_blank(name, value)}

    def _is_blank(self, name: str, value: object) -> bool:
        kind = self.fields.get(name)
        nothing = value is None or (isinstance(value, str) and is_blank(value))
        return kind is not None and (nothing or (value == [] and isinstance(kind, SeveralChoices)))

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def _asked_by_conditions(self, given: dict[str, Any], answers: Any, **_kwargs: Any) -> None:
        """A condition on a field with a fault of its own is not judged."""
        if not isinstance(answers, Mapping):
            return
        faults: dict[str, list[Fault]] = {}
        looked_at = answers if self._conditional else {}
        answered = {name for name, value in looked_at.items() if not self._is_blank(name, value)}
        for field in self._conditional:
            conditions = [one for one in (field.only_if, field.required_if) if one]
            if any(one.field in answered and one.field not in given for one in conditions):
                continue
            if field.name in answered and not field.applies(given):
                faults[field.name] = [Fault("not_asked")]
            elif field.name not in answered and field.must_be_answered(given):
                faults[field.name] = [Fault("required")]
        if given.get("departure", "9") < given.get("arrival", ""):
            faults["departure"] = [Fault("before_arrival")]
        if faults:
            raise ValidationError(faults)

    @post_load
    def _made(self, given: dict[str, Any], **_kwargs: Any) -> Any:
        signed_on, category = given.pop("signed_on", None), given.pop("category", "")
        return Registration(
            family_name=given.pop("family_name", ""),
            first_name=given.pop("first_name", ""),
            email=given.pop("email", ""),
            category=category,
            signed_on=date.fromisoformat(signed_on) if signed_on else None,
            answers=given,
            language=self._event.language,
            chosen=self._chosen(given | {"category": category}),
            form_version=self._event.form_version,
        )

    def _chosen(self, given: Mapping[str, str]) -> dict[str, str]:
        kinds = {name: kind for name, kind in self.fields.items() if isinstance(kind, OneChoice)}
        return {name: kind.as_chosen(given[name]) for name, kind in kinds.items() if given.get(name)}
