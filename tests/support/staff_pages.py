"""One of the staff at their pages, in the test's own process."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from handlers.staff import staff
from handlers.staff.visit import BUTTON
from rollcall.desk.desk import Desk
from rollcall.model.event import Event
from tests.support.desk import EVENT
from tests.support.in_process import ask
from tests.support.served import Answer

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class StaffPages:
    desk: Desk
    address: str
    event: Event = EVENT

    def get(self, path: str = "") -> Answer:
        """`path`: below the event's desk."""
        return self.ask("GET", self.path(path))

    def post(self, path: str, button: str | None = None, **fields: str) -> Answer:
        """By a button of their own, or this one once more."""
        body = urlencode({BUTTON: button if button is not None else self.button(), **fields})
        return self.ask("POST", self.path(path), body, FORM)

    def button(self) -> str:
        return self.desk.links.button(self.address, self.desk.store.now())

    def path(self, below: str) -> str:
        return f"/staff/{self.event.slug}/{below}".rstrip("/")

    def ask(self, method: str, path: str, body: bytes | str = b"", headers: Mapping[str, str] | None = None) -> Answer:
        return ask(lambda request: staff(self.desk, lambda _: self.address, request), method, path, body, headers)
