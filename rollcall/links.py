"""Signed links: purpose, what they open, when they expire, and which of the staff they are for."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from itsdangerous import BadData, Signer, URLSafeSerializer

from rollcall.model.contribution import EMAILED_TO, Contribution, PaperDoubt, Upload
from rollcall.model.event import Event
from rollcall.model.invitation import Invitation
from rollcall.model.links import (
    BUTTON_VALID_FOR,
    SHORTEST_KEY,
    TO_EDITORS,
    TO_STAFF,
    LinkDamaged,
    LinkExpired,
    LinkPurpose,
    LinkRevoked,
    NoLink,
    Opened,
)
from rollcall.model.registration import Registered, base32, new_id, normalized_address
from rollcall.model.staff import Role, StaffMember

_HMAC_SHA256: dict[str, Any] = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
"""For the key of each salt too; itsdangerous' own are SHA-1 (its page "Concepts")."""


@dataclass(frozen=True)
class SignedLinks:
    """Whoever has `key` can make them; making or opening one without a key that is long enough raises `ValueError`."""

    key: str
    """One or several, separated by white space: the last signs, any opens."""
    pages: str
    """As `https://www.example.org/register`."""
    forms_host: str | None = None
    """Whose e-mail SendGrid's Inbound Parse receives, if any."""

    def form_page(self, event: Event) -> str:
        return f"{self.pages.rstrip('/')}/{_in_language(event)}"

    def forms_to(self, event: Event) -> str | None:
        return f"{event.slug}@{self.forms_host}" if self.forms_host else None

    def pages_of(self, event: Event) -> str:
        return self._below("events", event)

    def contribute(self, event: Event) -> str:
        return self._below("contribute", event)

    def contribution(self, event: Event, one: Contribution) -> str:
        token = self._path(LinkPurpose.CONTRIBUTION, event, one.id, one.link, event.over_at)
        return f"{self.contribute(event)}/{token}"

    def completing_papers(self, event: Event, inbound_id: str, until: datetime) -> str:
        return f"{self.contribute(event)}/{self._path(LinkPurpose.PAPERS, event, inbound_id, 0, until)}"

    def submitted(self, event: Event, contribution_id: str, until: datetime, *, before: bool) -> str:
        return self._path(LinkPurpose.SUBMITTED, event, contribution_id, int(before), until)

    def upload(self, event: Event, file: Upload) -> str:
        told = [event.slug, file.id, file.name, file.size, file.type, file.sha256, file.doubt]
        return _text(self._uploads().dumps(told))

    def uploaded(self, event: Event, token: str) -> Upload | None:
        try:
            slug, id, name, size, type, sha256, doubt = self._uploads().loads(token)
        except BadData:
            return None
        return Upload(id, name, size, type, sha256, doubt and PaperDoubt(doubt)) if slug == event.slug else None

    def contributions_to(self, event: Event) -> str | None:
        return f"{event.slug}+{EMAILED_TO}@{self.forms_host}" if self.forms_host else None

    def completing(self, event: Event, inbound_id: str, place: int, until: datetime) -> str:
        return self._link(LinkPurpose.COMPLETE, event, inbound_id, place, until)

    def resolving(self, event: Event, inbound_id: str, to: str, until: datetime) -> str:
        return self._link(LinkPurpose.RESOLVE, event, inbound_id, 0, until, to)

    def amending(self, event: Event, inbound_id: str, place: int, to: str, until: datetime) -> str:
        return self._link(LinkPurpose.AMEND, event, inbound_id, place, until, to)

    def own(self, event: Event, registered: Registered) -> str:
        return self._link(LinkPurpose.OWN, event, registered.id, registered.link, event.keep_until)

    def confirming_address(self, event: Event, registered: Registered) -> str:
        return self._link(LinkPurpose.ADDRESS, event, registered.id, 0, event.over_at, registered.new_email)

    def roster(self, event: Event, file_id: str, to: str, until: datetime) -> str:
        return self._link(LinkPurpose.ROSTER, event, file_id, 0, until, to)

    def late(self, event: Event, invitation: Invitation) -> str:
        return self._link(LinkPurpose.LATE, event, invitation.id, 0, invitation.until)

    def received(self, event: Event, registration_id: str, until: datetime, *, duplicate: bool) -> str:
        purpose = LinkPurpose.ALREADY_REGISTERED if duplicate else LinkPurpose.RECEIVED
        return self._path(purpose, event, registration_id, 0, until)

    def opened(self, event: Event, purpose: LinkPurpose, token: str, now: datetime) -> Opened | NoLink:
        try:
            slug, id, number, until, recipient = self._serializer(purpose).loads(token)
        except BadData:
            return LinkDamaged()
        if slug != event.slug:
            return LinkDamaged()
        if now.timestamp() > until:
            return LinkExpired()
        found = Opened(slug, id, number, recipient)
        if purpose in TO_STAFF:
            member = self.member(event, found)
            if member is None or (purpose in TO_EDITORS and member.role is not Role.EDITOR):
                return LinkRevoked()
        return found

    def member(self, event: Event, opened: Opened) -> StaffMember | None:
        return next((one for one in event.staff if self.is_for(opened, one.address)), None)

    def is_for(self, opened: Opened, address: str) -> bool:
        return self._recipients().verify_signature(normalized_address(address), opened.recipient)

    def mark(self, *said: str) -> str:
        signature = Signer(self._keys(), salt="mark", **_HMAC_SHA256).get_signature("\x1f".join(said))
        return base32(hashlib.sha256(signature).digest()[:15])

    def button(self, member: str, now: datetime) -> str:
        return _text(self._buttons().dumps([new_id(), int(now.timestamp()), self._recipient(member)]))

    def pressed(self, button: str, member: str, now: datetime) -> str | None:
        try:
            id, made_at, recipient = self._buttons().loads(button)
        except BadData:
            return None
        is_fresh = now.timestamp() <= made_at + BUTTON_VALID_FOR.total_seconds()
        is_theirs = self._recipients().verify_signature(normalized_address(member), recipient)
        return str(id) if is_fresh and is_theirs else None

    def _below(self, function: str, event: Event) -> str:
        """Beside `register`, on the same host."""
        root = self.pages.rstrip("/").removesuffix("/register")
        return f"{root}/{function}/{_in_language(event)}"

    def _link(self, purpose: LinkPurpose, event: Event, id: str, number: int, until: datetime, to: str = "") -> str:
        return f"{self.form_page(event)}/{self._path(purpose, event, id, number, until, to)}"

    def _path(self, purpose: LinkPurpose, event: Event, id: str, number: int, until: datetime, to: str = "") -> str:
        recipient = self._recipient(to) if to else ""
        token = self._serializer(purpose).dumps([event.slug, id, number, int(until.timestamp()), recipient])
        return f"{purpose}/{_text(token)}"

    def _recipient(self, address: str) -> str:
        return self._recipients().get_signature(normalized_address(address)).decode()

    def _buttons(self) -> URLSafeSerializer:
        return URLSafeSerializer(self._keys(), salt="button", signer_kwargs=_HMAC_SHA256)

    def _uploads(self) -> URLSafeSerializer:
        return URLSafeSerializer(self._keys(), salt="upload", signer_kwargs=_HMAC_SHA256)

    def _recipients(self) -> Signer:
        """Nobody without the key can tell, or try, whose address a link names."""
        return Signer(self._keys(), salt="recipient", **_HMAC_SHA256)

    def _serializer(self, purpose: LinkPurpose) -> URLSafeSerializer:
        return URLSafeSerializer(self._keys(), salt=purpose, signer_kwargs=_HMAC_SHA256)

    def _keys(self) -> list[str]:
        keys = self.key.split()
        if not keys or min(map(len, keys)) < SHORTEST_KEY:
            raise ValueError(f"links need a key of {SHORTEST_KEY} characters at the least")
        return keys


def _in_language(event: Event) -> str:
    several = event.language in event.languages and len(event.languages) > 1
    return quote(event.slug) + (f"/{event.language}" if several else "")


def _text(token: str | bytes) -> str:
    return token if isinstance(token, str) else token.decode()


def id_in(token: str) -> str | None:
    """`Opened.id`, read without the key: nobody vouches for it. None where it is no id of ours."""
    _, told = URLSafeSerializer("").loads_unsafe(token)
    id = told[1] if isinstance(told, list) and len(told) > 1 else None
    return id if isinstance(id, str) and re.fullmatch("[0-9A-Z]+", id) else None
