"""Who of the staff asks for which page of which event, and what they may do there."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from flask import Request

from handlers.request_body import read_page_form
from handlers.responses import HttpProblem
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.accesses import note_access
from rollcall.language import N_, Language, language
from rollcall.model.event import Event
from rollcall.model.personal_data import Opened
from rollcall.model.registration import base32
from rollcall.model.staff import Press, Role, StaffMember

BUTTON = "_button"
"""In every form of the staff's pages."""
_VIEWER = HttpProblem(
    403, N_("You can only look"), N_("The event's file names you as a viewer. Nothing was changed; ask an editor.")
)
_OLD_PAGE = HttpProblem(
    403,
    N_("This page is too old"),
    N_("Nothing was changed. Please go back, load the page again, and press the button once more."),
)
_NO_SUCH_EVENT = HttpProblem(404, N_("No such event"), N_("There is no event at this address that names you as staff."))


@dataclass(frozen=True)
class Visit:
    """By one of the staff to a page of one event, which is in their language."""

    desk: Desk
    request: Request
    event: Event
    member: StaffMember

    @classmethod
    def of(cls, desk: Desk, request: Request, address: str, slug: str) -> "Visit":
        """Raises `HttpProblem`: 404 there is no such event, or it does not name them."""
        event = desk.events.get(slug)
        member = event.member(address) if event else None
        if event is None or member is None:
            raise _NO_SUCH_EVENT
        return cls(desk, request, event.for_member(member), member)

    @property
    def may_edit(self) -> bool:
        return self.member.role is Role.EDITOR

    @property
    def spoken(self) -> Language:
        return language(self.event.language)

    @property
    def is_post(self) -> bool:
        return self.request.method == "POST"

    def address(self, *below: str, **query: str) -> str:
        """Of a page of this event, as the browser knows it."""
        path = "/".join([root(self.request), quote(self.event.slug, safe=""), *(quote(one, safe="") for one in below)])
        return f"{path}?{urlencode(query)}" if query else path

    def opened(self, what: Opened, *registration_ids: str, about: str = "") -> None:
        """Before it is shown. `about` names no person."""
        note_access(self.desk, self.event, self.member.address, what, *registration_ids, about=about)

    def button(self) -> str:
        return self.desk.links.button(self.member.address, self.desk.intakes.now(self.event))

    def posted(self) -> tuple[Mapping[str, str], Press]:
        """What a form of these pages says, and the press of its button. Raises `HttpProblem`, as `press`."""
        typed = read_page_form(self.request).typed
        return typed, self.press(typed)

    def press(self, form: Mapping[str, str]) -> Press:
        """Raises `HttpProblem`: 403 they may only look, or somebody else's page sent the form."""
        if not self.may_edit:
            raise _VIEWER
        now = self.desk.intakes.now(self.event)
        id = self.desk.links.pressed(form.get(BUTTON, ""), self.member.address, now)
        if id is None:
            raise _OLD_PAGE
        return Press(self._press_id(id, form), self.member.address, now)

    def _press_id(self, button: str, form: Mapping[str, str]) -> str:
        """Whoever goes back finds the page with its old button: filled in otherwise it is another press."""
        filled_in = sorted((name, text) for name, text in form.items() if name != BUTTON)
        said = json.dumps([button, self.request.path, filled_in])
        return base32(hashlib.sha256(said.encode()).digest()[:15])


def events_of(desk: Desk, address: str) -> list[Event]:
    return [event for event in desk.events.values() if event.member(address)]


def root(request: Request) -> str:
    prefix = "/staff" if _parts(request)[:1] == ["staff"] else ""
    return f"{request.script_root}{prefix}"


def path_below(request: Request) -> list[str]:
    """The parts of the path below `/staff`, or of all of it if the function is alone on a host."""
    parts = _parts(request)
    return parts[1:] if parts[:1] == ["staff"] else parts


def _parts(request: Request) -> list[str]:
    return [part for part in request.path.split("/") if part]
