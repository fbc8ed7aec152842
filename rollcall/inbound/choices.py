"""Choices and their boxes in a line: which box is whose, which are ticked."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rollcall.model.registration import fold, normal_form

MOST_OF_CHOICES = 4000

_TICKED = "☒☑✓✔✗✘✅■●◉⦿🗹🗸√\uf0fe\uf0fd\uf0fc\uf078"
_LONE_TICKS = ("x", "X", "х", "Х", "ｘ", "Ｘ")
_UNTICKED = "☐□○◯◻❏❑▢🗆\uf0a8\uf06f\uf071\uf072\uf0a3"
"""Wingdings' too, as Word has them: the private use area from U+F000."""
_TICKS = "xXхХｘＸ×*vVｖＶ✓✔☒☑√"
"""The third and fourth are Cyrillic, the next two as wide as ideographs."""
HAS_BOX = re.compile(rf"[\[(［（【][\s_]?[{_TICKS}]?[\s_]?[\])］）】]|[{_TICKED}{_UNTICKED}]")
_TOKEN = re.compile(
    rf"(?P<ticked>[\[(［（【]\s?[{_TICKS}]\s?[\])］）】]|[{_TICKED}]\ufe0f?|(?<!\w)_{{1,4}}[xXхХ]_{{1,4}}(?!\w))"
    rf"|(?P<unticked>[\[(［（【][\s_]{{0,4}}[\])］）】]|[{_UNTICKED}]\ufe0f?|_{{2,}})"
    r"|(?P<apart>[/|,;\n，、；،؛／｜])"
    r"|(?P<wide>\t|[ \xa0]{2,}|\u3000+)"
    r"|(?P<word>[^\W_]+)"
)


class _Kept(dict[int, str]):
    """Letters and digits; a blank for all else, nothing for accents."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        accent = unicodedata.category(character) == "Mn"
        self[code] = kept = character if character.isalnum() else "" if accent else " "
        return kept


_KEPT = _Kept()


def plain(text: str) -> str:
    """For comparing: folded letters and digits, without accents."""
    letters = text.lower() if text.isascii() else normal_form("NFD", fold(text))
    return " ".join(letters.translate(_KEPT).split())


plain_word = lru_cache(maxsize=20_000)(plain)


@dataclass(frozen=True)
class _Choice:
    field: str
    code: str


@dataclass(frozen=True)
class _Apart:
    strictly: bool


_Mark = bool | str | _Choice | _Apart


@dataclass(frozen=True)
class Choices:
    by_first_word: Mapping[str, Sequence[tuple[tuple[str, ...], str, str]]]
    """Longest first: words, field, code."""

    def chosen(self, name: str, text: str, *, several: bool = False) -> str:
        """The code of the choice that is ticked or, without boxes, named; the codes, where it may be `several`; else
        the text."""
        marks = self._marks(text, name)
        choices = [mark for mark in marks if isinstance(mark, _Choice)]
        has_words = any(isinstance(mark, str) for mark in marks)
        if any(isinstance(mark, bool) for mark in marks):
            codes = _ticked(marks, name)
        else:
            codes = {choice.code for choice in choices if choice.field == name and not has_words}
        if len(codes) == 1 or (codes and several):
            return " ".join(sorted(codes))
        return text if not marks or has_words or any(choice.field != name for choice in choices) else ""

    def fields_in(self, text: str) -> tuple[str, ...]:
        """None for an ordinary line."""
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
        return any(isinstance(mark, bool) for mark in self._marks(text))

    def _marks(self, text: str, name: str = "") -> list["_Mark"]:
        """Of the field `name`, where its choices are another's too."""
        tokens = list(_TOKEN.finditer(text[:MOST_OF_CHOICES]))
        marks: list[_Mark] = []
        at = 0
        while at < len(tokens):
            kind = tokens[at].lastgroup
            if kind == "word":
                found, length = self._choice_at(tokens, at, name)
                marks.append(found)
                at += length
                continue
            marks.append(_Apart(kind == "apart") if kind in ("apart", "wide") else kind == "ticked")
            at += 1
        lone = [place for place, mark in enumerate(marks) if isinstance(mark, str) and mark in _LONE_TICKS]
        if len(lone) == sum(isinstance(mark, str) for mark in marks):  # as in: X Ms.
            for place in lone:
                marks[place] = True
        return marks

    def _choice_at(self, tokens: Sequence[re.Match[str]], at: int, name: str) -> tuple["_Mark", int]:
        longest, found = 0, list[_Choice]()
        for words, field, code in self.by_first_word.get(plain_word(tokens[at].group()), ()):
            length = _length(words, tokens, at)
            if length and length >= longest:
                longest = length
                found.append(_Choice(field, code))
        named = [one for one in found if one.field == name] or found
        return (named[0], longest) if len(set(named)) == 1 else (tokens[at].group(), 1)  # `où` is `ou` here


def choices_of(spelled: Iterable[tuple[str, str, str]]) -> Choices:
    """`spelled`: field, code, spelling."""
    found: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
    for field, code, spelling in spelled:
        if words := tuple(re.findall(r"[^\W_]+", plain(spelling))):
            found.setdefault(words[0], []).append((words, field, code))
    return Choices({first: sorted(dict.fromkeys(of), key=lambda one: -len(one[0])) for first, of in found.items()})


def _length(words: tuple[str, ...], tokens: Sequence[re.Match[str]], at: int) -> int:
    """In tokens; 0 where the words are absent."""
    place = at
    for word in words:
        while at < place < len(tokens) and _is_space(tokens[place]):
            place += 1
        if place >= len(tokens) or plain_word(tokens[place].group()) != word:
            return 0
        place += 1
    return place - at


def _is_space(token: re.Match[str]) -> bool:
    return token.lastgroup == "wide" or token.group() == "\n"


def _ticked(marks: Sequence[_Mark], name: str) -> set[str]:
    ticked: set[str] = set()
    for part in _parts(marks, strictly=True):
        choices = [mark for mark in part if isinstance(mark, _Choice)]
        told = _told(part)
        if told is None and len(choices) > 1:
            for smaller in _parts(part, strictly=False):
                ticked |= {choice.code for choice in _told(smaller) or () if choice.field == name}
        else:
            ticked |= {choice.code for choice in told or () if choice.field == name}
    return ticked


def _told(part: Sequence[_Mark]) -> list[_Choice] | None:
    """None where it is unclear whose box is whose."""
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
