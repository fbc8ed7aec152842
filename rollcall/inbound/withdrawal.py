"""Whether a letter withdraws the registration, or the contribution, that it answers, clearly, and says nothing else.

Each sentence has to be wholly of phrases that are known: some withdraw, others say no more. A word that is not known
makes a person look; so conditions, parts, negations, questions and other people need no list of their own.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from rollcall.inbound.labels import STRUCK_OUT
from rollcall.inbound.letter import (
    QUESTION_MARKS,
    after_closing,
    is_footer,
    is_of_device,
    is_signature_dashes,
    our_subjects,
    parted_greeting,
    plain,
)
from rollcall.inbound.quoting import times_forwarded
from rollcall.inbound.whose import THE_PERSON, with_the_person
from rollcall.inbound.withdrawal_words import (
    SPEAKS,
    THE_EVENT,
    THE_PAPER,
    in_short,
    papers,
    saying_no_more,
    saying_no_more_of_papers,
    subjects,
    withdrawing,
    withdrawing_papers,
)
from rollcall.model.event import Event
from rollcall.model.inbound import FormStatus, InboundForm

_LONGEST = 1000
"""Characters, without the signature block."""
_LONGEST_SUBJECT = 300
_MOST_LINES = 100
_MOST_SIGNATURE_LINES = 15
_MOST_SIGNATURE_WORDS = 12
_FEWEST_TITLE_LETTERS = 4

_TITLE = re.compile(r"\b(Mr|Ms|Mrs|Dr|Sr|Sra|Srta|Prof)\.", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!;。！；\n]+")
_CONTRACTED = re.compile(r"\bi (?:m|ll|ve)\b")
_IN_FULL = {"i m": "i am", "i ll": "i will", "i ve": "i have"}
_LINK = re.compile(r"<[^<>]*>|https?://\S+")
_SPEAKS_OF_WITHDRAWING = re.compile("withdr|retract|retir|отоз|отзыв|снима|снять|撤|سحب")
_REPLIES = frozenset(["re", "aw", "rep", "ответ", "на", "回复", "答复", "回覆", "رد", "sv", "ext", "external"])


@dataclass(frozen=True)
class Known:
    """What a letter may name."""

    event: Event
    registered: InboundForm
    reference: str
    sender: str
    """From, with the name."""

    def marked(self, text: str) -> str:
        """Plain and in short, with noncharacters where it names the person, the registration, the event."""
        said = _CONTRACTED.sub(lambda found: _IN_FULL[found.group()], plain(text))
        if self.reference:
            said = said.replace(plain(self.reference), THE_PERSON)
        for title in sorted(_titles(self.event), key=len, reverse=True):
            said = said.replace(title, THE_EVENT)
        return in_short(with_the_person(said, self.registered.answers))

    @property
    def names(self) -> set[str]:
        answers = self.registered.answers
        said = (self.sender.partition("<")[0], answers.get("family_name", ""), answers.get("first_name", ""))
        return {word for one in said for word in plain(one).split()}


def withdraws(subject: str, letters: Iterable[Sequence[str]], known: Known) -> bool:
    """`letters`: the lines that the sender typed, in each version of the text."""
    written = [letter for letter in letters if any(map(str.strip, letter))]
    if not written:
        return False
    phrases = _Phrases(known.marked, withdrawing(), saying_no_more())
    return all(_withdraws(letter, known.names, phrases) for letter in written) and _is_about_it(subject, known)


def withdraws_paper(event: Event, subject: str, letters: Iterable[Sequence[str]], sender: str) -> bool:
    """As `withdraws`; which contribution, the numbers in it say, or the e-mail that it answers."""
    written = [letter for letter in letters if any(map(str.strip, letter))]
    said = " ".join([subject, *chain.from_iterable(written)])[: 10 * _LONGEST]
    if not _SPEAKS_OF_WITHDRAWING.search(plain(said)):
        return False  # to compile all phrases takes half a second
    known = Known(event, InboundForm(FormStatus.REGISTERED), "", sender)
    number = re.compile(rf"\b(?:{re.escape(plain(event.slug))} )?c \d{{1,6}}\b")

    def marked(text: str) -> str:
        said = known.marked(number.sub(THE_PERSON, plain(text)))
        for pattern in papers():
            said = pattern.sub(THE_PAPER, said)
        return said

    phrases = _Phrases(marked, withdrawing_papers(), saying_no_more_of_papers())
    is_answer = plain(subject.partition(":")[0]) in _REPLIES or bool(phrases.withdraw(subject))
    return bool(written) and is_answer and all(_withdraws(letter, known.names, phrases) for letter in written)


@dataclass(frozen=True)
class _Phrases:
    marked: Callable[[str], str]
    withdrawing: Sequence[re.Pattern[str]]
    no_more: Sequence[re.Pattern[str]]

    def withdraw(self, sentence: str) -> bool | None:
        """Whether one of them withdraws; None where something else is said."""
        said, withdrawn, at = self.marked(sentence), False, 0
        while at < len(said):
            clear, other = _end(self.withdrawing, said, at), _end(self.no_more, said, at)
            if max(clear, other) <= at:
                return None
            withdrawn = withdrawn or clear >= other
            at = max(clear, other)
            at += len(said[at:]) - len(said[at:].lstrip())
        return withdrawn


def _withdraws(letter: Sequence[str], names: set[str], phrases: _Phrases) -> bool:
    if len(letter) > _MOST_LINES:
        return False
    lines = [line.strip() for line in letter if not is_of_device(line)]
    body, signature = _parted(lines, names)
    said = "\n\n".join("\n".join(paragraph) for paragraph in _paragraphs(body))
    if len(said) > _LONGEST or STRUCK_OUT in said or any(mark in said for mark in QUESTION_MARKS):
        return False
    if not _is_signature(signature):
        return False
    found = [phrases.withdraw(sentence) for sentence in _sentences(said)]
    return all(one is not None for one in found) and any(found)


def _parted(lines: Sequence[str], names: set[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The letter's body, and what stands below it."""
    end = next((at for at, line in enumerate(lines) if is_signature_dashes(line)), len(lines))
    closings = [at for at, line in enumerate(lines[:end]) if _ends(line)]
    if closings:
        first = closings[-1]
        while first and (_ends(lines[first - 1]) or not lines[first - 1]):
            first -= 1
        return lines[:first], lines[closings[-1] + 1 :]
    paragraphs = _paragraphs(lines[:end])
    while paragraphs and is_footer("\n".join(paragraphs[-1])):
        paragraphs.pop()
    body = [line for paragraph in paragraphs for line in (*paragraph, "")]
    while body and set(plain(body[-1]).split()) <= names:
        body.pop()
    return body, lines[end:]


def _ends(line: str) -> bool:
    rest = after_closing(line)
    return rest is not None and not SPEAKS.search(rest)


def _paragraphs(lines: Sequence[str]) -> list[list[str]]:
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return [paragraph for paragraph in paragraphs if paragraph]


def _is_signature(lines: Sequence[str]) -> bool:
    """Names, places, numbers; no sentence."""
    left = [line for one in _paragraphs(lines) if not is_footer("\n".join(one)) for line in one]
    return len(left) <= _MOST_SIGNATURE_LINES and not any(map(_speaks, left))


def _speaks(line: str) -> bool:
    said = plain(_LINK.sub(" ", line))
    asks = any(mark in line for mark in QUESTION_MARKS)
    return asks or len(said.split()) > _MOST_SIGNATURE_WORDS or SPEAKS.search(said) is not None


def _sentences(body: str) -> Iterator[str]:
    for number, paragraph in enumerate(_TITLE.sub(r"\1", body).split("\n\n")):
        lines = paragraph.splitlines()
        if number == 0 and lines:
            greeting, rest = parted_greeting(lines[0])
            lines[0] = lines[0] if SPEAKS.search(plain(greeting)) else rest
        yield from filter(str.strip, _SENTENCE.split(" ".join(lines)))


def _end(phrases: Sequence[re.Pattern[str]], said: str, at: int) -> int:
    """Of the longest that begins here."""
    return max((found.end() for phrase in phrases if (found := phrase.match(said, at))), default=at)


def _is_about_it(subject: str, known: Known) -> bool:
    """It replies to ours, or withdraws; and forwards nothing."""
    if times_forwarded(subject) or len(subject) > _LONGEST_SUBJECT:
        return False
    ours = {word for one in our_subjects(known.event, known.reference) for word in known.marked(one).split()}
    may_say = ours | known.names | _REPLIES
    said, at = known.marked(subject), 0
    while at < len(said):
        end = max(_end(phrases, said, at) for phrases in (subjects(), withdrawing(), saying_no_more()))
        word = said[at:].partition(" ")[0]
        if end <= at and not (word in may_say or word.strip(f"{THE_EVENT}{THE_PERSON}") in may_say | {""}):
            return False
        at = max(end, at + len(word))
        at += len(said[at:]) - len(said[at:].lstrip())
    return True


def _titles(event: Event) -> set[str]:
    """And their halves, as `Workshop on Internet Governance`."""
    titles = [event.in_language(code).title for code in event.languages]
    said = {plain(part) for title in titles for part in (title, *re.split("[:：]", title))}
    return {one for one in said if len(one.split()) > 1 or len(one) > _FEWEST_TITLE_LETTERS}
