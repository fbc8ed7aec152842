"""Every sentence that a person can see comes from the catalogues."""

import re

import pytest

from tests.emails.samples import REFUSES, ROOM
from tests.support.builders import a_form
from tests.support.pseudo import everything_said

NO_WORDS = re.compile(
    r"[\w.+-]+@[\w.-]+|(?:https?:|\b\w+)?/\S+|\b[\w.-]+\.(?:csv|docx|exe|ics|jpg|org|pdf|tif|txt|xlsx)\b|\b[0-9a-f]{16,}\b"
    r"|\bRe: "
)
"""Addresses, types, files' names, checksums."""
ANNOUNCED = [
    r"\s+".join(map(re.escape, NO_WORDS.sub("", one).split()))
    for one in (ROOM.subject, *ROOM.text.split("\n\n"), *REFUSES.splitlines())
]
"""What the staff wrote, however its lines are broken."""
IN_SAMPLES = re.compile(
    "|".join(
        (
            *("Registration for the workshop", "Dear colleagues,", "please find our form attached.", "Our form"),
            *("Happy New Year to you all!", "550 no such mailbox", "550 no", "Job title", "Mr. +Camara", "Fatou Ba"),
            *("E-mail, Signature", "nothing, but it came before registration opened", "Hotel Royal", "Beau-Rivage"),
            *(r"\bwww.{0,9}example.{0,9}org", r"\bArrival\b", *ANNOUNCED),
            *(r"\b(Ministère des Postes|Conakry|Guinée|scan of the form.jpg)\b", "SendGrid", "none yet"),
            *(r"Whose\s+names\?\s+On\s+country\s+codes", r"Country-code\s+top-level\s+domains", r"\bRev\."),
            *(
                r"\bNames\W+numbers\b",
                r"\bgouvernance\W+\w*\W*docx",
                r"\bNames,\s+numbers",
                r"\bNames\b",
                r"\bMali\b",
                r"\bContribution\b",
            ),
            *(
                r"The\s+second\s+file\s+is\s+empty\.",
                r"Please send it again\.",
                r"It\s+says\s+nothing\s+on\s+the\s+agenda",
            ),
        )
    )
)
"""What people wrote there."""
ANSWERS = {word for text in a_form().values() for word in re.findall(r"\w+", str(text))}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return everything_said(tmp_path_factory.mktemp("desk"))


def left_in_english(text: str) -> list[str]:
    """Words with two letters of ours, one of them small: headings of texts are once more in HTML."""
    text = IN_SAMPLES.sub("", NO_WORDS.sub("", IN_SAMPLES.sub("", text)))
    words = re.findall(r"[^\W\d_]+", text)
    return [word for word in words if re.search("[A-Za-z][a-z]|[a-z][A-Z]", word) and word not in ANSWERS]


@pytest.mark.slow
def test_no_sentence_passes_the_catalogues_by(said: dict[str, str]) -> None:
    left = {place: words for place, text in said.items() if (words := left_in_english(text))}
    assert left == {}


@pytest.mark.slow
def test_everything_is_said_in_that_language(said: dict[str, str]) -> None:
    """Or nothing would be found. A reply's subject is that of the e-mail that it answers; an announcement's is written
    by the staff."""
    others = [place for place, text in said.items() if "‹" not in text]
    assert [place for place in others if not re.fullmatch("e-mail (reply-|announcement).*, subject", place)] == []
    assert len(said) > 150


def test_what_passes_by_is_found() -> None:
    assert left_in_english("‹Ŕéĝîšţéŕ› Diallo, a@example.org, ÉVÉNEMENT: Please register, 20 Φεβρουαρίου") == [
        "Please",
        "register",
    ]
