"""What an e-mail says alike to many is kept, and told to nobody for whom it is no longer so."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollcall.emails import with_website
from rollcall.model.event import Event, Hotel, Privacy
from schemas.event import read_event
from tests.emails.samples import AMINA, CLOSED, EVENT, INTAKE, confirmed, without_hotel
from tests.support.builders import EVENTS, LINKS

LATER = INTAKE.closes_at + timedelta(days=1)


def told(event: Event = EVENT, **how: Any) -> tuple[str, str]:
    email = confirmed(AMINA, event, **how)
    return " ".join(email.text.split()), " ".join(email.html.split())


@pytest.mark.parametrize(
    ("how", "said_before", "said"),
    [
        ({"intake": replace(INTAKE, closes_at=LATER)}, "the end of 20 February 2004", "the end of 21 February 2004"),
        ({"intake": replace(CLOSED, as_of=LATER)}, "change it there until", "Changes could be made there until"),
        ({"over": True}, "Was this not you?", "Reply to this e-mail, or ask"),
        ({"event": replace(EVENT, changes_until=LATER)}, "the end of 20 February 2004", "the end of 21 February 2004"),
        ({"event": replace(EVENT, fields=EVENT.fields[:6])}, "hotel", "Your details as registered"),
        ({"event": replace(EVENT, bring=("your own cup",))}, EVENT.bring[0], "your own cup"),
        ({"event": replace(EVENT, privacy=Privacy(keep_days=1))}, "26 February 2005", "28 February 2004"),
        ({"event": EVENT.in_language("fr")}, EVENT.bring[0], EVENT.in_language("fr").bring[0]),
    ],
    ids=["moved deadline", "past", "over", "changes until", "form", "bring", "privacy", "language"],
)
def test_each_is_told_what_is_so(how: dict[str, Any], said_before: str, said: str) -> None:
    for before, now in zip(told(), told(**how), strict=True):
        assert said_before.lower() in before.lower()
        assert said_before.lower() not in now.lower()
        assert said.lower() in now.lower()


def test_an_event_file_that_is_read_again_is_told_as_it_is(tmp_path: Path) -> None:
    told()
    letter = (EVENTS / "intgov04.toml").read_text("utf-8")
    (tmp_path / "intgov04.toml").write_text(letter.replace("+41 22 730", "+41 22 999"), "utf-8")
    for text in told(with_website(LINKS, read_event(tmp_path / "intgov04.toml"))):
        assert ("+41 22 999 51 11" in text, "+41 22 999 6819" in text, "+41 22 730" in text) == (True, True, False)


def test_who_named_no_hotel_is_told_those_of_this_event() -> None:
    one, another = (replace(EVENT, hotels=(Hotel(name),)) for name in ("Beau-Rivage", "Richmond"))
    assert "Beau-Rivage" in confirmed(without_hotel(), one).text
    assert "Beau-Rivage" not in confirmed(without_hotel(), another).text
