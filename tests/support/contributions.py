"""Contributions that somebody sends in, each test varying one thing."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from rollcall.desk.contributions.change import By
from rollcall.desk.contributions.submit import Received, number_due, submit
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.model.contribution import Contribution, Draft, PaperFile
from rollcall.model.event import Event
from rollcall.model.programme import CallForContributions
from rollcall.model.registration import Actor, Way
from tests.support.builders import an_event, desk_with
from tests.support.desk import Postbox

DEADLINE = an_event().closes_at - timedelta(days=7)
EVENT = an_event(contributions=CallForContributions(DEADLINE), website=None)
AT_ONCE = replace(EVENT, contributions=CallForContributions(DEADLINE, publish_at_once=True))
SUBMITTER = By(Actor.REGISTRANT, Way.LINK)


def a_file(content: str = "first", **changes: Any) -> PaperFile:
    digest = hashlib.sha256(content.encode()).hexdigest()
    file = PaperFile(digest[:24].upper(), f"{content}.pdf", "application/pdf", "en", len(content), digest)
    return replace(file, **changes)


def a_draft(content: str = "first", **changes: Any) -> Draft:
    draft = Draft(
        title="Names of countries",
        source="Ministère des Postes, Guinée",
        name="Amina Diallo",
        email="amina@mpt.example.org",
        files=(a_file(content),),
        item="Domain names",
        abstract="Whose are they?\nTheirs.",
        consent="I agree.",
    )
    return replace(draft, **changes)


def a_contribution_desk(
    store: Store, folder: Path, postbox: Postbox | None = None, event: Event = EVENT, **more: Any
) -> Desk:
    return desk_with(store, (postbox or Postbox()).post, folder, events={event.slug: event}, **more)


def sent_in(desk: Desk, content: str = "first", event: Event = EVENT, **draft: Any) -> Contribution:
    outcome = submit(desk, event, a_draft(content, **draft))
    assert isinstance(outcome, Received)
    return outcome.contribution


def numbered(desk: Desk, content: str = "first", event: Event = EVENT, **draft: Any) -> Contribution:
    sent = sent_in(desk, content, event, **draft)
    list(number_due(desk))
    return kept(desk.store, sent.id)


def kept(store: Store, id: str) -> Contribution:
    there = store.contribution(id)
    assert there is not None
    return there
