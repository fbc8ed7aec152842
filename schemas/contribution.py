"""A contribution's form, filled in, checked into text by field name."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from marshmallow import ValidationError, post_load

from rollcall.language import N_, language
from rollcall.model.contribution import LONGEST_ABSTRACT, LONGEST_SOURCE, LONGEST_TITLE, PaperKind
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.finding import reference_in
from rollcall.model.form import Choice, FormField
from schemas.form import FormSchema, faults_of
from schemas.kinds import Answer, Consent, EmailAddress, OfLines, OfName, OfText, OneChoice
from schemas.text import fault

SENT = ("title", "source", "item", "abstract", "name", "email", "reference", "consent")
CORRECTED = ("title", "source", "item", "abstract", "consent")
"""What may be written otherwise later."""
FURTHER = ("kind",)
"""What is asked of a further paper."""
_KINDS = {
    PaperKind.REVISION: N_("Revision: it replaces the text"),
    PaperKind.ADDENDUM: N_("Addendum: it adds to the text"),
    PaperKind.CORRIGENDUM: N_("Corrigendum: it corrects an error in the text"),
}
_CONSENT = N_(
    "I agree that this contribution, its title, its source and its abstract are published on the event’s pages."
)
_CONSENT_HELP = N_("Without this only the secretariat reads it. Your name and your e-mail address are not published.")


class _Abstract(OfLines):
    MOST = 60


class _Reference(OfText):
    """Of a registration. Nobody learns here whether there is one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        said = reference_in(super()._deserialize(value, attr, data, **kwargs))
        if said is None:
            raise fault("not_a_reference")
        return said


def read_contribution(
    event: Event, answers: Mapping[str, str], faults: Mapping[str, Sequence[Fault]] = MappingProxyType({})
) -> Mapping[str, str]:
    """What was left empty is empty; `consent` has the words agreed to. Raises marshmallow's `ValidationError`: `faults`
    in how a field was sent replace those in what it says."""
    return _read(_schema_for(event, SENT), answers, faults)


def read_correction(
    event: Event, answers: Mapping[str, str], faults: Mapping[str, Sequence[Fault]] = MappingProxyType({})
) -> Mapping[str, str]:
    """As `read_contribution`, of `CORRECTED` alone."""
    return _read(_schema_for(event, CORRECTED), answers, faults)


def read_kind(event: Event, answers: Mapping[str, str], faults: Mapping[str, Sequence[Fault]]) -> PaperKind:
    return PaperKind(_read(_schema_for(event, FURTHER), answers, faults)["kind"])


def contribution_asks(event: Event, names: Sequence[str] = SENT) -> tuple[Answer, ...]:
    return tuple(_schema_for(event, tuple(names)).fields.values())  # type: ignore[arg-type]


def in_codes(event: Event, values: Mapping[str, str]) -> dict[str, str]:
    """Unknown choices stay."""
    kinds = {one.field.name: one for one in contribution_asks(event)}
    return {name: kinds[name].as_posted(text) if name in kinds else text for name, text in values.items()}


def _read(schema: FormSchema, answers: Mapping[str, str], faults: Mapping[str, Sequence[Fault]]) -> Mapping[str, str]:
    try:
        said: Mapping[str, str] = schema.load(answers)
    except ValidationError as error:
        raise ValidationError({**faults_of(error), **faults}) from None
    if faults:
        raise ValidationError({**faults})
    return said


class _ContributionSchema(FormSchema):
    _names: tuple[str, ...]

    def in_other_languages(self, name: str) -> Iterator[OneChoice]:
        others = (code for code in self._event.languages if code != self._event.language)
        kinds = (_schema_for(self._event.in_language(code), self._names).fields.get(name) for code in others)
        return (kind for kind in kinds if isinstance(kind, OneChoice))

    @post_load
    def _made(self, given: dict[str, Any], **_kwargs: Any) -> Mapping[str, str]:
        said = {name: given.get(name, "") for name in self.fields}
        agreed = {"consent": language(self._event.language).gettext(_CONSENT)} if said.get("consent") == "yes" else {}
        return {**said, **({"consent": ""} if said.get("consent") == "no" else {}), **agreed}


@lru_cache(maxsize=100)
def _schema_for(event: Event, names: tuple[str, ...]) -> _ContributionSchema:
    checked = {answer.field.name: answer for answer in _asked(event) if answer.field.name in names}
    about = {"_event": event, "_conditional": (), "_names": names}
    schema: _ContributionSchema = type("ContributionForm", (_ContributionSchema,), {**checked, **about})()
    return schema


def _asked(event: Event) -> Iterator[Answer]:
    spoken = language(event.language)

    def field(name: str, kind: str, label: str, ask: str, **more: Any) -> FormField:
        about = spoken.gettext(more.pop("about", ""))
        return FormField(name, kind, spoken.gettext(label), spoken.gettext(ask), help=about, **more)

    title, needed = N_("Title of the contribution"), N_("Enter the title of the contribution.")
    yield OfText(field("title", "text", title, needed, max_length=LONGEST_TITLE, required=True))
    source, needed = N_("Source"), N_("Enter the administration or organization that submits it.")
    about = N_("The administration or organization that submits it.")
    more = {"about": about, "autocomplete": "organization", "max_length": LONGEST_SOURCE, "required": True}
    yield OfText(field("source", "text", source, needed, **more))
    item, needed = N_("Agenda item or question"), N_("Choose the agenda item or question.")
    if items := _items(event):
        yield OneChoice(field("item", "choice", item, needed, choices=items, required=True))
    else:
        yield OfText(field("item", "text", item, needed, max_length=LONGEST_TITLE))
    yield _Abstract(field("abstract", "lines", N_("Abstract"), N_("Abstract"), max_length=LONGEST_ABSTRACT))
    name, needed = N_("Your name"), N_("Enter your name.")
    yield OfName(field("name", "name", name, needed, autocomplete="name", required=True))
    email, needed, about = N_("Your e-mail address"), N_("Enter your e-mail address."), N_("The number goes there.")
    yield EmailAddress(field("email", "email", email, needed, about=about, autocomplete="email", required=True))
    own, about = N_("Reference of your registration"), N_("If you have registered: it stands in the confirmation.")
    yield _Reference(field("reference", "text", own, own, about=about))
    kind, choices = N_("What you send"), tuple(Choice(one, spoken.gettext(label)) for one, label in _KINDS.items())
    yield OneChoice(field("kind", "choice", kind, N_("Choose what you send."), choices=choices, required=True))
    yes_or_no = Consent.choices_in(spoken, ())
    yield Consent(field("consent", "consent", _CONSENT, _CONSENT, about=_CONSENT_HELP, choices=yes_or_no))


def _items(event: Event) -> tuple[Choice, ...]:
    """Their codes are the words of the event's first language, which are kept."""
    first, own = event.in_language(event.languages[0]).contributions, event.contributions
    if not first or not own:
        return ()
    return tuple(Choice(code, label) for code, label in zip(first.items, own.items, strict=True))
