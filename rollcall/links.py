"""The links that we give out: what they were made for is signed (the itsdangerous library), and holds for a time."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from itsdangerous import BadData, URLSafeSerializer

from rollcall.model.event import Event
from rollcall.model.inbound import Opened

COMPLETING = "completing"
RESOLVING = "dealing_with"
ROSTER = "roster"


@dataclass(frozen=True)
class SignedLinks:
    """`Links` below the address of the form's pages. Whoever has `key` can make them; where it is empty, making or
    opening one raises `ValueError`."""

    key: str
    """One or several, with white space between: links are made with the last, and those made with any are opened."""
    pages: str
    """The address of `register`, as `https://www.example.org/register`."""
    forms_host: str | None = None
    """The host whose mail SendGrid's Inbound Parse receives; None where it receives none."""

    def form_page(self, event: Event) -> str:
        """See `Links`."""
        return f"{self.pages.rstrip('/')}/{quote(event.slug)}"

    def forms_to(self, event: Event) -> str | None:
        """See `Links`: the event's slug at the host."""
        return f"{event.slug}@{self.forms_host}" if self.forms_host else None

    def completing(self, event: Event, inbound_id: str, place: int, until: datetime) -> str:
        """See `Links`."""
        return f"{self.form_page(event)}/complete/{self._signed(COMPLETING, event, inbound_id, place, until)}"

    def resolving(self, event: Event, inbound_id: str, until: datetime) -> str:
        """See `Links`."""
        return f"{self.form_page(event)}/dealt-with/{self._signed(RESOLVING, event, inbound_id, 0, until)}"

    def roster(self, event: Event, file_id: str, until: datetime) -> str:
        """See `Links`."""
        return f"{self.form_page(event)}/roster/{self._signed(ROSTER, event, file_id, 0, until)}"

    def opened(self, purpose: str, token: str, now: datetime) -> Opened | None:
        """See `Links`."""
        try:
            event, id, place, until = self._serializer(purpose).loads(token)
        except BadData:
            return None
        return Opened(event, id, place) if now.timestamp() <= until else None

    def _signed(self, purpose: str, event: Event, id: str, place: int, until: datetime) -> str:
        token = self._serializer(purpose).dumps([event.slug, id, place, int(until.timestamp())])
        return token if isinstance(token, str) else token.decode()

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        """A link that was made for one thing opens no other."""
        keys = self.key.split()
        if not keys:
            raise ValueError("there is no key to sign links with")
        return URLSafeSerializer(keys, salt=purpose)
