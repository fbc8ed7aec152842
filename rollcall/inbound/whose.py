"""Whether words are about the person whose registration a letter answers, or about somebody else."""

import re
from collections.abc import Mapping

from rollcall.inbound.letter import LONGEST_LETTER, after_closing, is_footer, parted_greeting, plain

THE_PERSON = "\ufdd2"
"""A noncharacter, where the person is named."""

_MEN = ("mr", "monsieur", "m", "sr", "senor", "don", "г н", "господин", "господина", "السيد")
_WOMEN = (
    *("ms", "mrs", "miss", "madam", "madame", "mme", "mlle", "sra", "srta", "senora", "senorita", "dona"),
    *("г жа", "г жи", "госпожа", "госпожи", "السيده", "الانسه"),
)
_ANYBODY = ("dr", "prof", "professor", "eng", "h e", "الدكتور", "الدكتوره")
_TITLES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("mr",), (*_MEN, *_ANYBODY)),
    **dict.fromkeys(("mrs", "ms", "miss"), (*_WOMEN, *_ANYBODY)),
}
"""By the code of a registered title: in what other words letters say it."""
_AFTER_THE_NAME: Mapping[str, str] = {"mr": "先生", "mrs": "女士|夫人", "ms": "女士|小姐", "miss": "女士|小姐"}
_PRONOUNS = ("i", "me", "my", "he", "him", "his", "she", "her", "we", "you", "they", "it", "il", "el")
"""Family names too."""
_LONGEST_NAME = 100

_SOMEBODY_ELSE = re.compile(
    r"\b(?:colleague|coworker|his|her|him|she|he|they|them|their|wife|husband|spouse|boss)\b|^for (?!my\b|me\b|your\b)"
    # French, Spanish
    r"|\b(?:collegue|son|sa|ses|leurs?|epou[sx]|mari|femme|colega|companer\w*|esposa|marido)\b"
    # Russian, Chinese, Arabic
    r"|коллег|\b(?:его|ее|ей|ему|им|их|мужа?|жен[аыу])\b|同事|他|她|زميل|زوج"
)
_TITLED = re.compile(
    r"\b(?:mr|mrs|ms|miss|dr|mme|mlle|monsieur|madame|sr|sra|srta|senora?)\b"
    r"|\bг н|\bг жа|господин|госпож|先生|女士|السيد"
)


def speaks_of_another(letter: str, answers: Mapping[str, str]) -> bool:
    """Than the person of these answers. Who is greeted or signs is nobody else."""
    paragraphs = re.split(r"\n\s*\n", letter[:LONGEST_LETTER])
    lines = [line for one in paragraphs if not is_footer(one) for line in one.splitlines()]
    signed = max((at for at, line in enumerate(lines) if after_closing(line) is not None), default=len(lines))
    for at, line in enumerate(lines):
        said = with_the_person(plain(_without_greeting(line)), answers)
        if _SOMEBODY_ELSE.search(said) or (at < signed and _TITLED.search(said)):
            return True
    return False


def _without_greeting(line: str) -> str:
    greeting, rest = parted_greeting(line)
    while greeting:
        greeting, rest = parted_greeting(rest)
    return rest


def with_the_person(said: str, answers: Mapping[str, str]) -> str:
    """Plain text, with `THE_PERSON` where it names the person of these answers: by the family name, alone or beside the
    first name and a title that is theirs."""
    family, first = (plain(answers.get(name, "")[:_LONGEST_NAME]) for name in ("family_name", "first_name"))
    if not family:
        return said
    title = answers.get("title", "")
    before = "|".join(map(re.escape, _TITLES.get(title, _ANYBODY)))
    names = [f"{first} {family}", f"{family} {first}", f"{first}{family}", f"{family}{first}"] if first else []
    name = "|".join(map(re.escape, names if family in _PRONOUNS and names else [*names, family]))
    after = _AFTER_THE_NAME.get(title, "先生|女士")
    start, end = r"(?:(?<!\w)|(?<=[\u2e80-\uffff]))", r"(?:(?!\w)|(?=[\u2e80-\uffff]))"
    return re.sub(rf"{start}(?:(?:{before}) )?(?:{name}){end}(?: ?(?:{after}))?", THE_PERSON, said)
