"""Labels and choices of a form, recognised in whatever spelling, case and punctuation they are written.

A `Vocabulary` is made from the form's fields. `text` asks it what a piece of a line is called, `attached` what the
columns of a list and the fields of a PDF are; both have it understand what is answered there. In a choice's line it
sees marks (boxes, choices, other words) and tells which box is whose.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rollcall.model.event import Event
from rollcall.model.registration import fold
from schemas.form import FormField, form_fields

LONGEST_LABEL = 120
"""Characters in which a label is looked for, its hints included."""

MOST_OF_CHOICES = 4000
"""Characters in which choices are looked for."""

_HINT = re.compile(r"\([^()]*\)")
_LEADERS = "_.…·"
_DECORATION = re.compile(rf"[\s{_LEADERS}*]*[_…·*][\s{_LEADERS}*]*|\.{{2,}}\s*")
_LINK = re.compile(r"(?<!\s)\s*[<\[(](?:mailto|tel):[^<>\[\]()\s]*[>\])]", re.IGNORECASE)

_NAMED_ADDRESS = re.compile(r"[^<>]*<\s*([^<>\s]+@[^<>\s]+)\s*>[\s,;.]*")

_TICKED = "☒☑✓✔✗✘✅■●◉⦿🗹🗸\uf0fe\uf0fd\uf0fc\uf078"
_UNTICKED = "☐□○◯◻❏❑▢🗆\uf0a8\uf06f\uf071\uf072\uf0a3"
"""Boxes as Unicode has them, and those of Wingdings as Word keeps them, in the private use area from U+F000."""
_HAS_BOX = re.compile(rf"[\[(][\s_]?[xX*vV✓✔☒☑]?[\s_]?[\])]|[{_TICKED}{_UNTICKED}]")
_TOKEN = re.compile(
    rf"(?P<ticked>[\[(]\s?(?:[xX*vV✓✔☒☑])\s?[\])]|[{_TICKED}]\ufe0f?|(?<!\w)_{{1,4}}[xX]_{{1,4}}(?!\w))"
    rf"|(?P<unticked>[\[(][\s_]{{0,4}}[\])]|[{_UNTICKED}]\ufe0f?|_{{2,}})"
    r"|(?P<apart>[/|,;\n])"
    r"|(?P<wide>\t|[ \xa0]{2,})"
    r"|(?P<word>[^\W_]+)"
)


@dataclass(frozen=True)
class Vocabulary:
    """The words of one form."""

    fields: Mapping[str, FormField]
    """By name."""
    labels: Mapping[str, tuple[str, ...]]
    """Names of the fields that a label stands for, by the label in plain words; most stand for one."""
    last_words: frozenset[str]
    """The last words of all labels, in plain words."""
    choices: Mapping[str, Sequence[tuple[tuple[str, ...], str, str]]]
    """By a choice's first word, the longest first: all its words, its field's name and its value."""

    def called(self, text: str) -> tuple[str, ...]:
        """The fields that this label stands for; none where it is no label.

        Hints in brackets are passed over, and of `Nom / Family name` the first that is a label counts.
        """
        if len(text) > LONGEST_LABEL or _HAS_BOX.search(text):
            return ()
        for said in _sayings(text):
            if names := self.labels.get(plain(said)):
                return names
        return ()

    def explains(self, names: tuple[str, ...], text: str) -> bool:
        """Whether the text is what the form itself says below the label of one of these fields, or a line of that."""
        said = plain(text)
        return bool(said) and any(said in plain(self.fields[name].help) for name in names)

    def answers(self, said: Iterable[tuple[str, str]]) -> dict[str, str]:
        """The answers in pairs of a field's name or label and what stands there; what has another name is left out."""
        answers: dict[str, str] = {}
        for label, text in said:
            names = (label,) if label in self.fields else self.called(label)
            for name, answer in self.shared_out(names, value_in(text)):
                if answer:
                    answers.setdefault(name, answer)
        return answers

    def shared_out(self, names: tuple[str, ...], text: str) -> Iterator[tuple[str, str]]:
        """What stands at a label, by field, as it is understood: of a label that stands for two, the first line is the
        first one's or, where there is no other, what stands before the first comma."""
        if len(names) == 2:
            first, _, rest = text.partition("\n" if "\n" in text else ",")
            yield names[0], first.strip().rstrip(",;")
            yield names[1], rest.strip()
        elif names:
            yield names[0], self._understood(self.fields[names[0]], text)

    def _understood(self, field: FormField, text: str) -> str:
        """The value of the choice that the text is of, or the address in `Amina Diallo <amina@example.org>`; the text
        itself where it is not one."""
        if field.kind == "email":
            return address[1] if (address := _NAMED_ADDRESS.fullmatch(text)) else text
        return self._chosen(field.name, text) if field.kind == "choice" else text

    def _chosen(self, name: str, text: str) -> str:
        """The one choice of the field that is ticked in the text or, where nothing has a box, that is named in it.

        Where that is none or are several: the text itself, or nothing where it is only the choices and their boxes.
        """
        marks = self._marks(text)
        choices = [mark for mark in marks if isinstance(mark, _Choice)]
        has_words = any(isinstance(mark, str) for mark in marks)
        if any(isinstance(mark, bool) for mark in marks):
            values = _ticked(marks, name)
        else:
            values = {choice.value for choice in choices if choice.field == name and not has_words}
        if len(values) == 1:
            return values.pop()
        return text if not marks or has_words or any(choice.field != name for choice in choices) else ""

    def choice_fields(self, text: str) -> tuple[str, ...]:
        """The fields whose choices a line of text is of: it has nothing but them and their boxes, or a box beside one.

        None where it is an ordinary line.
        """
        marks = self._marks(text)
        named = [mark for mark in marks if isinstance(mark, _Choice)]
        if not named:
            return ()
        if any(isinstance(mark, str) for mark in marks):
            solid = [mark for mark in marks if not isinstance(mark, _Apart)]
            beside = any({type(one), type(other)} == {bool, _Choice} for one, other in pairwise(solid))
            if not beside:
                return ()
        return tuple(dict.fromkeys(mark.field for mark in named))

    def has_box(self, text: str) -> bool:
        """Whether the line of choices has a box, ticked or not."""
        return any(isinstance(mark, bool) for mark in self._marks(text))

    def _marks(self, text: str) -> list["_Mark"]:
        tokens = list(_TOKEN.finditer(text[:MOST_OF_CHOICES]))
        marks: list[_Mark] = []
        at = 0
        while at < len(tokens):
            kind = tokens[at].lastgroup
            if kind == "word":
                found, length = self._choice_at(tokens, at)
                marks.append(found)
                at += length
                continue
            marks.append(_Apart(kind == "apart") if kind in ("apart", "wide") else kind == "ticked")
            at += 1
        lone = [place for place, mark in enumerate(marks) if mark in ("x", "X")]
        if len(lone) == sum(isinstance(mark, str) for mark in marks):  # as in: X Ms.
            for place in lone:
                marks[place] = True
        return marks

    def _choice_at(self, tokens: Sequence[re.Match[str]], at: int) -> tuple["_Mark", int]:
        """The choice that begins at this token, or the word there, and how many tokens it takes."""
        for words, field, value in self.choices.get(_plain_word(tokens[at].group()), ()):
            length = _length(words, tokens, at)
            if length:
                return _Choice(field, value), length
        return tokens[at].group(), 1


@dataclass(frozen=True)
class _Choice:
    field: str
    value: str


@dataclass(frozen=True)
class _Apart:
    """What stands between two choices."""

    strictly: bool
    """Rather than only looks so."""


_Mark = bool | str | _Choice | _Apart
"""A box (ticked or not), a word that is no choice's, a choice, or what stands between."""


def _length(words: tuple[str, ...], tokens: Sequence[re.Match[str]], at: int) -> int:
    """How many tokens from there are these words, line breaks between them included; 0 where they are not."""
    place = at
    for word in words:
        while at < place < len(tokens) and _is_space(tokens[place]):
            place += 1
        if place >= len(tokens) or _plain_word(tokens[place].group()) != word:
            return 0
        place += 1
    return place - at


def _is_space(token: re.Match[str]) -> bool:
    return token.lastgroup == "wide" or token.group() == "\n"


def _ticked(marks: Sequence[_Mark], name: str) -> set[str]:
    """The field's choices whose box is ticked."""
    ticked: set[str] = set()
    for part in _parts(marks, strictly=True):
        choices = [mark for mark in part if isinstance(mark, _Choice)]
        told = _told(part)
        if told is None and len(choices) > 1:
            for smaller in _parts(part, strictly=False):
                ticked |= {choice.value for choice in _told(smaller) or () if choice.field == name}
        else:
            ticked |= {choice.value for choice in told or () if choice.field == name}
    return ticked


def _told(part: Sequence[_Mark]) -> list[_Choice] | None:
    """The choices in a part of a line whose boxes are ticked; None where it cannot be told whose box is whose."""
    solid = [mark for mark in part if isinstance(mark, bool | _Choice)]
    choices = [mark for mark in solid if isinstance(mark, _Choice)]
    if len(choices) == 1:
        return choices if True in solid else []
    if not choices or not any(isinstance(mark, bool) for mark in solid):
        return []
    before, after = isinstance(solid[0], bool), isinstance(solid[-1], bool)
    if before == after:
        return None
    pairs = pairwise(solid)
    if before:
        return [choice for box, choice in pairs if box is True and isinstance(choice, _Choice)]
    return [choice for choice, box in pairs if box is True and isinstance(choice, _Choice)]


def _parts(marks: Sequence[_Mark], *, strictly: bool) -> Iterator[Sequence[_Mark]]:
    part: list[_Mark] = []
    for mark in marks:
        if isinstance(mark, _Apart) and (mark.strictly or not strictly):
            yield part
            part = []
        else:
            part.append(mark)
    yield part


def vocabulary(event: Event) -> Vocabulary:
    """The words of this event's form. Made once for forms that are alike."""
    return _vocabulary(form_fields(event))


@lru_cache(maxsize=64)
def _vocabulary(fields: tuple[FormField, ...]) -> Vocabulary:
    labels: dict[str, tuple[str, ...]] = {}
    choices: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
    for field in fields:
        for label in {plain(label) for label in (field.label, *field.also)}:
            labels[label] = (*labels.get(label, ()), field.name)
        spelled = [*((value, value) for value, _ in field.choices), *field.choices, *field.choices_also]
        for value, spelling in spelled:
            words = tuple(re.findall(r"[^\W_]+", plain(spelling)))
            if words:
                choices.setdefault(words[0], []).append((words, field.name, value))
    last_words = frozenset(label.rpartition(" ")[2] for label in labels)
    by_length = {first: sorted(dict.fromkeys(of), key=lambda one: -len(one[0])) for first, of in choices.items()}
    return Vocabulary({field.name: field for field in fields}, labels, last_words, by_length)


def plain(text: str) -> str:
    """The text's letters and digits, folded and without accents, a space between words: for comparing labels."""
    letters = unicodedata.normalize("NFD", fold(text))
    kept = "".join(
        character if character.isalnum() else " " for character in letters if unicodedata.category(character) != "Mn"
    )
    return " ".join(kept.split())


_plain_word = lru_cache(maxsize=20_000)(plain)


def _sayings(text: str) -> Iterator[str]:
    yield text
    without = _HINT.sub(" ", text)
    if without != text:
        yield without
    if "/" in without:
        yield from without.split("/", 4)


def value_in(text: str) -> str:
    """What is written on a form's line: without leaders and asterisks around it, and without what mail programs add to
    an address or a number to make it a link. Empty where only such is there."""
    written = _LINK.sub("", text) if "<" in text or "[" in text or "(" in text else text
    if not written.strip():
        written = re.sub(r"(?i)(?:mailto|tel):", "", text).strip().strip("<>[]()")
    written = _shorn(written)
    if written.startswith("<") and written.endswith(">"):
        written = written[1:-1].strip()
    return "" if _says_nothing(written) else written


def _shorn(text: str) -> str:
    start, end = 0, len(text)
    leading = _DECORATION.match(text)
    if leading:
        start = leading.end()
    while end > start and (text[end - 1] in "_…·*" or text[end - 1].isspace() or _formats(text[end - 1])):
        end -= 1
    while end - start > 1 and text[end - 2 : end] == "..":
        end -= 1
        while end > start and text[end - 1] in _LEADERS:
            end -= 1
    while start < end and (text[start].isspace() or _formats(text[start])):
        start += 1
    return text[start:end].strip()


def _formats(character: str) -> bool:
    return unicodedata.category(character) == "Cf"


def _says_nothing(text: str) -> bool:
    return all(unicodedata.category(character)[0] in "PZC" for character in text)
