"""docs/personal-data.md forgets no document, no field and no e-mail, and its times are those of the code."""

import re

from deploy import firestore, storage
from rollcall.model.email import EmailKind
from rollcall.model.event import KEEP_DAYS
from rollcall.model.personal_data import ACCESSES_KEPT
from rollcall.store import documents
from schemas.stock import STOCK
from tests.support.served import ROOT

PAGE = (ROOT / "docs" / "personal-data.md").read_text("utf-8")
FIRST_CELLS = re.findall(r"^\| (.+?) \| ", PAGE, re.MULTILINE)


def named_first() -> set[str]:
    return {name for cell in FIRST_CELLS for name in re.findall(r"`([^`]+)`", cell)}


def test_every_kind_of_document_says_when_it_goes() -> None:
    stored = re.findall(r"^    ([\w…]+/\S+)  ", documents.__doc__ or "", re.MULTILINE)
    assert len(stored) > 20
    paths = {path.replace("…/", "events/{slug}/") for path in stored} | {"events/{slug}"}
    assert paths - named_first() == set()


def test_every_field_of_the_stock_says_what_it_is_for() -> None:
    assert STOCK.keys() - named_first() == set()


def test_every_e_mail_says_to_whom_it_goes() -> None:
    assert {kind.value for kind in EmailKind} - named_first() == set()


def test_the_times_are_those_of_the_code() -> None:
    assert f"`keep_days` ({KEEP_DAYS}," in PAGE
    assert f"| after {ACCESSES_KEPT.days} days; kept until" in PAGE
    assert storage._RESTORABLE_DAYS == 7
    assert PAGE.count("| seven days, by Google (") == 2
    assert firestore._KEPT_FOR == 5 * 7 * 86400
    assert "| five weeks each |" in PAGE
