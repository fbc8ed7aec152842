"""Answers that are no answers, by their own words."""

import re
import unicodedata
from collections.abc import Mapping

from rollcall.inbound.choices import plain
from rollcall.inbound.grouping import NAMES
from rollcall.model.inbound import Doubt, Doubts
from schemas.text import LOST, Text

_NONE = frozenset(
    map(
        plain,
        (
            *("none", "nil", "no", "na", "n a", "not applicable", "neant", "aucun", "aucune", "sans objet", "non"),
            *(
                "ninguno",
                "ninguna",
                "nada",
                "no tengo",
                "no aplica",
                "no procede",
                "keine",
                "keiner",
                "keins",
                "entfällt",
            ),
            *("нет", "не имеется", "не имею", "отсутствует", "не применимо", "无", "没有", "暂无", "不适用", "沒有"),
            *("لا", "لا يوجد", "لا توجد", "لا شيء", "لا ينطبق", "غير متوفر", "بدون"),
        ),
    )
)
_SAME = re.compile(
    r"(?:the )?same(?: \w+){0,3}|as (?:above|before)|see above|ditto|idem(?: \w+){0,2}|ibid|s a a"
    r"|(?:comme )?ci dessus"
    r"|le meme|la meme|(?:lo )?mismo(?: \w+){0,2}|igual(?: \w+){0,2}|wie oben|siehe oben|dito"
    r"|то же(?: самое)?|тот же|та же|те же|см выше|как выше|同上|同前|见上"
    r"|نفسه|نفسها|نفس \w+(?: \w+)?|كما سبق|كما هو اعلاه|مثل السابق"
)
_DIVIDES = re.compile(r"\w\s*[/&+;]\s*\w|\w\s(?:and|et|und|y|и)\s\w", re.IGNORECASE)
"""In both names: two people."""
_LONGEST_NAME = 250
"""Characters: longer ones have a fault anyway."""
_LOST = re.compile(f"{Text.lost_letters.pattern}|{LOST}")


def says_none(text: str) -> bool:
    return not plain(text) or plain(text) in _NONE


def doubts_about(answers: Mapping[str, str]) -> Doubts:
    same = tuple(name for name, text in answers.items() if _SAME.fullmatch(plain(text)) or text.strip() in ('"', "''"))
    lost = tuple(name for name, text in answers.items() if _LOST.search(text))
    found = {Doubt.SAME_AS_ABOVE: same, Doubt.LOST_LETTERS: lost}
    if _DIVIDES.search(answers.get("family_name", "")) and _DIVIDES.search(answers.get("first_name", "")):
        found[Doubt.PEOPLE_NOT_DIVIDED] = NAMES
    if _is_not_the_name(answers):
        found[Doubt.NOT_THE_NAME] = ("signature",)
    return {doubt: names for doubt, names in found.items() if names}


def _is_not_the_name(answers: Mapping[str, str]) -> bool:
    """A signature in another script may be it; initials are."""
    signature = plain(answers.get("signature", "")[:_LONGEST_NAME])
    name = plain(f"{answers.get('first_name', '')} {answers.get('family_name', '')}"[:_LONGEST_NAME])
    if not signature or not name or _script(signature) != _script(name):
        return False
    words, signed = name.split(), signature.split()
    initials = "".join(word[0] for word in words)
    if "".join(signed) in (initials, initials[::-1], initials[0] + initials[-1]):
        return False
    return not any(one in other or other in one for one in words for other in signed if min(len(one), len(other)) > 1)


def _script(text: str) -> str:
    letters = (character for character in text if character.isalpha())
    return unicodedata.name(next(letters, "?"), "?").partition(" ")[0]
