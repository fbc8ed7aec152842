"""An event with pages of its own, whose form asks who agrees to be listed; and what is published of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

from rollcall.desk.contribution_ports import Published
from rollcall.desk.contributions.change import publish as publish_paper
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Files, Store
from rollcall.desk.register import Accepted, register
from rollcall.model.contribution import Contribution
from rollcall.model.programme import CallForContributions, Site
from rollcall.model.registration import Registration, new_id
from rollcall.model.staff import Press
from rollcall.record import from_json
from schemas.form import read_form
from tests.support.builders import an_event_asking, desk_with
from tests.support.contributions import kept, numbered
from tests.support.desk import Postbox
from tests.support.hooks import Hooked, Hooks

_NAMES = ("category", "family_name", "first_name", "organization", "country", "email", "listed", "head_of_delegation")
_FIELDS = "".join(f'[[form.fields]]\nname = "{name}"\n' for name in _NAMES)
ASKING = an_event_asking(_FIELDS, rest="[participants]\nfrom = 2004-02-01\n")
EVENT = replace(ASKING, contributions=CallForContributions(ASKING.closes_at - timedelta(days=7)))


def a_press() -> Press:
    return Press(new_id(), "spumail@itu.int", EVENT.opens_at)


def a_publishing_desk(store: Store, folder: Path) -> Desk:
    return desk_with(store, Postbox().post, folder, events={EVENT.slug: EVENT})


def a_participant(name: str, *, listed: bool = True, **answers: str) -> Registration:
    said = {"family_name": name, "first_name": "A.", "email": f"{name.lower()}@example.org", "category": "associate"}
    return read_form(EVENT, {**said, **({"listed": "yes"} if listed else {}), **answers})


def comes(desk: Desk, name: str, *, listed: bool = True, **answers: str) -> str:
    outcome = register(desk, EVENT, a_participant(name, listed=listed, **answers))
    assert isinstance(outcome, Accepted)
    return outcome.id


def a_paper(desk: Desk, content: str) -> Contribution:
    """Numbered, with its file where it should be; not published."""
    one = numbered(desk, content, EVENT)
    for file in one.papers[0].files:
        desk.files().put(file.id, content.encode())
    return one


def published_paper(desk: Desk, content: str) -> Contribution:
    one = a_paper(desk, content)
    publish_paper(desk, EVENT, one.id, one.revision, [0], a_press())
    return kept(desk.store, one.id)


def site_of(desk: Desk) -> Site:
    found = desk.published().site(EVENT.slug)
    assert found is not None
    site: Site = from_json(Site, found[0])
    return site


def listed_in(site: Site) -> list[str]:
    return [one.name.removeprefix("A. ") for one in site.participants or ()]


def files_in(folder: Path) -> dict[str, bytes]:
    """What everybody may read, by name."""
    return {path.name: path.read_bytes() for path in (folder / "published" / "files").glob("*") if path.is_file()}


class Killed(BaseException):
    """As kill -9: nothing that comes after it is done."""


def killed_at(desk: Desk, step: int) -> Desk:
    """Dies at this one of the hook points around each step in store, files, and what is published."""
    passed = 0

    def passing(name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == step:
            raise Killed(name)

    return hooked(desk, passing)


def hooked(desk: Desk, passing: Callable[[str], None]) -> Desk:
    hooks = Hooks(passing)
    store, files, published = (Hooked(one, hooks) for one in (desk.store, desk.files(), desk.published()))
    return replace(
        desk,
        store=cast(Store, store),
        files=lambda: cast(Files, files),
        published=lambda: cast(Published, published),
    )
