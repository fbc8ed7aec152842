"""An event file to start from."""

import os
from datetime import date, timedelta
from pathlib import Path

from rollcall.ops.commands import Answer
from rollcall.ops.connect import Refused
from schemas.event import is_slug
from templates import render


def new_event(folder: Path, slug: str, today: date) -> Answer:
    """Never over a file that is there."""
    if not is_slug(slug):
        raise Refused(
            "no_slug",
            "Say how the event's web address ends, in lower-case letters, digits and hyphens: SLUG=spectrum-27",
        )
    path = folder / f"{slug}.toml"
    if path.exists():
        raise Refused("exists", f"{path} is there already. Choose another SLUG, or change that file.")
    starts = today + timedelta(days=90)
    closes, ends = starts - timedelta(days=14), starts + timedelta(days=1)
    where = "" if folder == Path("events") else f" EVENTS={folder}"
    check, schema = f"make event-check{where}", os.path.relpath("docs/event.schema.json", folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = render("event.toml", opens=today, closes=closes, starts=starts, ends=ends, check=check, schema=schema)
    path.write_text(text, "utf-8")
    return Answer(
        {"file": str(path)},
        f"{path} is there. Open it and write your event over what is in it.\nIts mistakes: {check}\n"
        f"Its page: make run{where} AT={today + timedelta(days=1)}T12:00+00:00",  # or another event's opening is now
    )
