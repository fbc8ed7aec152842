"""Signed links: purpose, what they open and when they expire."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from itsdangerous import BadData, URLSafeSerializer

from rollcall.model.event import Event
from rollcall.model.links import LinkDamaged, LinkExpired, LinkPurpose, Opened


@dataclass(frozen=True)
class SignedLinks:
    """Whoever has `key` can make them; making or opening one without a key raises `ValueError`."""

    key: str
    """One or several, separated by white space: the last signs, any opens."""
    pages: str
    """As `https://www.example.org/register`."""
    forms_host: str | None = None
    """Whose e-mail SendGrid's Inbound Parse receives, if any."""

    def form_page(self, event: Event) -> str:
        return f"{self.pages.rstrip('/')}/{quote(event.slug)}"

    def forms_to(self, event: Event) -> str | None:
        return f"{event.slug}@{self.forms_host}" if self.forms_host else None

    def completing(self, event: Event, inbound_id: str, place: int, until: datetime) -> str:
        return self._link(LinkPurpose.COMPLETE, event, inbound_id, place, until)

    def resolving(self, event: Event, inbound_id: str, until: datetime) -> str:
        return self._link(LinkPurpose.RESOLVE, event, inbound_id, 0, until)

    def withdrawing(self, event: Event, registration_id: str, until: datetime) -> str:
        return self._link(LinkPurpose.WITHDRAW, event, registration_id, 0, until)

    def roster(self, event: Event, file_id: str, until: datetime) -> str:
        return self._link(LinkPurpose.ROSTER, event, file_id, 0, until)

    def received(self, event: Event, registration_id: str, until: datetime, *, duplicate: bool) -> str:
        purpose = LinkPurpose.ALREADY_REGISTERED if duplicate else LinkPurpose.RECEIVED
        return self._path(purpose, event, registration_id, 0, until)

    def opened(self, purpose: LinkPurpose, token: str, now: datetime) -> Opened | LinkExpired | LinkDamaged:
        try:
            event, id, place, until = self._serializer(purpose).loads(token)
        except BadData:
            return LinkDamaged()
        return Opened(event, id, place) if now.timestamp() <= until else LinkExpired()

    def _link(self, purpose: LinkPurpose, event: Event, id: str, place: int, until: datetime) -> str:
        return f"{self.form_page(event)}/{self._path(purpose, event, id, place, until)}"

    def _path(self, purpose: LinkPurpose, event: Event, id: str, place: int, until: datetime) -> str:
        token = self._serializer(purpose).dumps([event.slug, id, place, int(until.timestamp())])
        return f"{purpose}/{token if isinstance(token, str) else token.decode()}"

    def _serializer(self, purpose: LinkPurpose) -> URLSafeSerializer:
        keys = self.key.split()
        if not keys:
            raise ValueError("there is no key to sign links with")
        return URLSafeSerializer(keys, salt=purpose)
