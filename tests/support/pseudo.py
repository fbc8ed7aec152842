"""A desk that also speaks a language whose messages have no letter of ours, for an event in Greek: whatever Latin word
is then on a page, in an e-mail or a document did not pass through a catalogue.

The desk is the source itself, by symbolic links, beside one more catalogue: nothing is replaced. Its dates are Greek.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from string import ascii_letters

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CODE = "el"
ROOT = Path(__file__).parents[2]
_LETTERS = str.maketrans(ascii_letters, "àƀçđéƒĝĥîĵķļɱñöþǫŕšţûṽŵχýžÀƁÇĐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴΧÝŽ")
_PLACEHOLDER = re.compile(r"(%\(\w+\)s)")
ASKS_ALL = "all"
"""The event whose form has a field of every kind."""

_EVENT = """
title = "Εργαστήριο διαδικτύου"
reference = "ΔΜ-1108"
organizer = "Μονάδα στρατηγικής"
website = "http://www.itu.int/"
languages = ["el"]
staff_language = "el"
time_zone = "Europe/Zurich"
starts = 2004-02-26
ends = 2004-02-27
bring = ["το διαβατήριό σας"]
staff = ["spumail@itu.int"]
[intake]
opens = 2004-01-14
closes = 2004-02-20
[form]
{form}
{fields}
[[categories]]
code = "member-state"
label = "Κράτος μέλος"
[[categories]]
code = "associate"
label = "Συνεργάτης"
[venue]
room = "Αίθουσα Β"
building = "Έδρα"
address = ["Πλατεία των Εθνών", "Γενεύη"]
country = "CH"
tel = "+41 22 730 51 11"
fax = "+41 22 733 72 56"
email = "itumail@itu.int"
website = "http://www.itu.int/"
[contact]
name = "Ρόμπερτ"
organization = "Μονάδα στρατηγικής"
tel = "+41 22 730 6819"
fax = "+41 22 730 6453"
email = "spumail@itu.int"
"""
_OF_EVERY_KIND = """
[[form.fields]]
name = "family_name"
[[form.fields]]
name = "first_name"
[[form.fields]]
name = "email"
[[form.fields]]
name = "tel"
[[form.fields]]
name = "nationality"
[[form.fields]]
name = "arrival"
[[form.fields]]
name = "departure"
[[form.fields]]
name = "hotel"
[[form.fields]]
name = "guests"
label = "Συνοδοί"
kind = "number"
least = 0
most = 5
[[form.fields]]
name = "sessions"
label = "Συνεδρίες"
kind = "choices"
choices = ["Πρώτη", "Δεύτερη"]
[[form.fields]]
name = "excursion"
label = "Εκδρομή"
kind = "yes-no"
required = true
[[form.fields]]
name = "meal"
label = "Γεύμα"
only_if = { excursion = ["yes"] }
required = true
[[form.fields]]
name = "photos"
label = "Φωτογραφίες"
kind = "consent"
required = true
[[form.sections]]
heading = "Διαμονή"
before = "arrival"
"""
_HOTELS = """
[privacy]
text = "Οι απαντήσεις διαγράφονται."
link = "https://www.example.org/privacy"
[online]
url = "https://meet.example.org/1"
text = "Ανοίγει νωρίς."
[[hotels]]
name = "Ξενοδοχείο"
tel = "+41 22 716 12 12"
website = "https://hotel.example.org/"
rates = "95 ευρώ"
block_code = "1234"
book_by = 2004-02-10
"""


def pseudo(message: str) -> str:
    """In brackets, without our letters, a third longer."""
    parts = (part if _PLACEHOLDER.fullmatch(part) else part.translate(_LETTERS) for part in _PLACEHOLDER.split(message))
    return f"‹{''.join(parts)}{'·' * (len(message) // 3)}›"


def make_desk(folder: Path) -> None:
    """The source, one more catalogue, and events in Greek."""
    for name in ("main.py", "handlers", "schemas", "rollcall", "tests", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "templates" / "locales").mkdir(parents=True)
    for path in (ROOT / "templates").iterdir():
        if path.name != "locales":
            (folder / "templates" / path.name).symlink_to(path)
    for path in (ROOT / "templates" / "locales").glob("??"):
        (folder / "templates" / "locales" / path.name).symlink_to(path)
    (folder / "events").mkdir()
    every_kind = _EVENT.format(form='hotel = "list"', fields=_OF_EVERY_KIND) + _HOTELS
    (folder / "events" / f"{ASKS_ALL}.toml").write_text(every_kind, "utf-8")
    (folder / "events" / "intgov04.toml").write_text(_EVENT.format(form="", fields=""), "utf-8")  # that of tests
    template = folder / "rollcall.pot"
    extract = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "--output-file", str(template)]
    subprocess.run(extract, cwd=ROOT, check=True)
    with template.open("rb") as file:
        catalogue = read_po(file, locale=CODE)
    for message in catalogue:
        if message.id:
            one_or_more = message.id
            message.string = pseudo(one_or_more) if isinstance(one_or_more, str) else tuple(map(pseudo, one_or_more))
    compiled = folder / "templates" / "locales" / CODE / "LC_MESSAGES" / "rollcall.mo"
    compiled.parent.mkdir(parents=True)
    with compiled.open("wb") as file:
        catalogue.fuzzy = False
        write_mo(file, catalogue)


def everything_said(folder: Path) -> dict[str, str]:
    """By place, as that desk says it, in a process of its own."""
    make_desk(folder)
    ran = subprocess.run(
        [sys.executable, "-m", "tests.support.everything_said"],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    said: dict[str, str] = json.loads(ran.stdout.splitlines()[-1])
    return said
