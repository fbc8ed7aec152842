"""Lines of plain text, in any script: their width, their breaks, their direction."""

import re
from unicodedata import bidirectional, category, east_asian_width

from rollcall.language import Language

COLUMNS = 72
"""Survives being quoted a few times."""
_WIDE, _OPENING = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60", "（《〈「『【〔“‘"
_CLOSING = "，。、；：？！）》〉」』】〕…”’"
# What is never broken, and the blanks before it: a word, or one wide letter, with the marks that no line's end may part
# from it. A no-break space is no blank.
_SHORT = "\u2068[^\u2069]{,30}\u2069"  # a telephone number: marks in two lines isolate nothing
_UNIT = rf"([ \t\r\n]*)([{_OPENING}]*(?:(?:{_SHORT}|[^ \t\r\n{_WIDE}])+|[{_WIDE}])[{_CLOSING}]*)"
"""Compiled when it is first used: it would take 3 ms of a start to the form's page, which needs it not."""


def filled(text: str, indent: str = "") -> str:
    """In lines of 72 columns, broken at blanks and between wide letters; an address is never broken."""
    lines, width = [""], 0
    for blank, unit in re.findall(_UNIT, text.strip()):
        more = f" {unit}" if blank else unit
        width += columns(more)
        if lines[-1] and width > COLUMNS:
            lines.append(indent + unit)
            width = columns(lines[-1])
        else:
            lines[-1] += more
    return "\n".join(lines)


def isolated(spoken: Language, text: str) -> str:
    """What has letters of another script, or digits, in its own order within a text from right to left."""
    # by FSI and PDI (UAX 9), but for addresses: mail programs would make these marks part of the link
    if spoken.dir == "ltr":
        return text
    return "\n".join(f"\u2068{line}\u2069" if _may_be_turned(line) else line for line in text.split("\n"))


def _may_be_turned(line: str) -> bool:
    return "@" not in line and "://" not in line and any(bidirectional(one) in ("L", "EN") for one in line)


def columns(line: str) -> int:
    """Letters of Chinese have twice the width of others; marks, as of a direction, have none."""
    if line.isascii():
        return len(line)
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in line if category(one) not in ("Cf", "Mn"))


def from_right_to_left(text: str) -> str:
    # programs give each line of a text the direction of its first letter, also where it goes on with a sentence
    return "\n".join(f"\u200f{line}" if _begins_in_another_script(line) else line for line in text.split("\n"))


def _begins_in_another_script(line: str) -> bool:
    strong = [way for way in map(bidirectional, line) if way in ("L", "R", "AL")]
    return strong[:1] == ["L"] and len(set(strong)) > 1
