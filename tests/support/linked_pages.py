"""The pages behind links in our e-mails, as a test opens them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from rollcall.desk.ports import Store
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.inbound import FormStatus, InboundEmail, InboundForm, InboundStatus
from tests.support.builders import LINKS, a_form, an_event
from tests.support.served import Answer, Served

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
OPEN, CLOSED = an_event(slug="open"), an_event(slug="closed")
TOMORROW = datetime.now(UTC) + timedelta(days=1)
YESTERDAY = TOMORROW - timedelta(days=2)
COMPLETE_FORM = {name: str(value) for name, value in a_form(hotel="Hôtel <b>Cornavin</b>").items()}
INCOMPLETE = InboundForm(
    FormStatus.INCOMPLETE,
    answers={name: text for name, text in COMPLETE_FORM.items() if name != "signature"},
    faults={"signature": (Fault("required"),)},
)


@dataclass(frozen=True)
class LinkedPages:
    """The function, and its store as another process opens it."""

    served: Served
    store: Store

    def add_inbound(
        self,
        id: str,
        *forms: InboundForm,
        event: Event = OPEN,
        status: InboundStatus = InboundStatus.WAITING_FOR_SENDER,
        sender: str = "somebody@example.org",
    ) -> InboundEmail:
        """An e-mail that came in, with these forms in it."""
        self.store.add_inbound(event.slug, id)
        unread = self.inbound(id)
        read = replace(unread, due_at=None, status=status, subject="Our <i>form</i>", forms=forms)
        assert self.store.save_inbound(replace(read, sender=sender, text="What it says"))
        return self.inbound(id)

    def inbound(self, id: str) -> InboundEmail:
        """The e-mail as it is now."""
        inbound = self.store.inbound(id)
        assert inbound is not None
        return inbound

    def get(self, link: str) -> Answer:
        """Open the link."""
        return self.served.ask("GET", urlsplit(link).path, headers={"Accept": "text/html"})

    def post(self, link: str, **answers: str) -> Answer:
        """Press the button of the page behind the link."""
        address = urlsplit(link)._replace(scheme="", netloc="").geturl()
        return self.served.ask("POST", address, urlencode(answers), FORM)


def completing(id: str, place: int = 0, event: Event = OPEN, until: datetime = TOMORROW) -> str:
    return LINKS.completing(event, id, place, until)


def resolving(id: str, event: Event = OPEN, until: datetime = TOMORROW, to: str = OPEN.secretariat) -> str:
    return LINKS.resolving(event, id, to, until)
