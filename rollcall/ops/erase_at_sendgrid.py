"""What SendGrid keeps of people, erased there."""

import json
from collections.abc import Iterable, Iterator

from email_validator import EmailNotValidError, validate_email

from rollcall.desk.ports import Store
from rollcall.desk.scan import everyone, inbound_emails
from rollcall.model.event import Event
from rollcall.ops.commands import Answer
from rollcall.ops.connect import Refused
from rollcall.sendgrid import HOSTS, NotErased, erase_recipients, posted_as

MOST_AT_ONCE, LARGEST_REQUEST = 5_000, 256_000
"""Addresses, and bytes
(https://www.twilio.com/docs/sendgrid/api-reference/recipients-data-erasure-api/erase-recipients-email-data)."""

_MOST_INVITATIONS = 10_000


def erase_at_sendgrid(addresses: Iterable[str], key: str, host: str, agrees: bool) -> Answer:
    """Safe to repeat."""
    if not key:
        raise Refused(
            "no_key",
            "Set SENDGRID_ERASURE_KEY in the environment to a key of SendGrid's that may do this alone "
            "(recipients.erasejob.create).",
        )
    wanted = list(dict.fromkeys(map(posted_as, addresses)))
    batches = list(_batches(wanted))
    if wanted and not agrees:
        how_many = f"Addresses to be erased at SendGrid: {len(wanted)}, in requests: {len(batches)}."
        raise Refused("not_agreed", f"{how_many} Say YES=1 to do it.", addresses=len(wanted))
    jobs: list[str] = []
    for batch in batches:
        try:
            jobs.append(erase_recipients(key, host, batch))
        except NotErased as error:
            done = f"{len(jobs)} of {len(batches)} requests were accepted before; all may be repeated."
            raise Refused("not_erased", f"{error}\n{done}", jobs=jobs) from None
    text = f"SendGrid erases what it keeps of so many addresses: {len(wanted)}. Its jobs: {', '.join(jobs) or 'none'}."
    return Answer({"addresses": len(wanted), "jobs": jobs}, text)


def host_of(region: str, stand_in: str) -> str:
    if region not in HOSTS:
        raise Refused("no_such_region", f"SENDGRID_REGION={region}: is neither global nor eu")
    return stand_in or HOSTS[region]


def addresses_in(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if not (address := line.strip()):
            continue
        if not _is_address(address):
            raise Refused("not_an_address", f"Line {number} is no e-mail address. Nothing was done.")
        yield address


def addresses_of(store: Store, event: Event) -> Iterator[str]:
    """Of all to whom an e-mail may have gone, but the staff. For one that is none SendGrid refuses a whole request."""
    return (address for address in _all_of(store, event) if _is_address(address) and not event.member(address))


def _is_address(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _all_of(store: Store, event: Event) -> Iterator[str]:
    for one in everyone(store, event.slug):
        history = store.history(event.slug, one) if one.revision > 1 else ()
        for state in (one, *(made.before for made in history)):
            yield from (state.registration.email, state.new_email)
    yield from (one.sender for one in inbound_emails(store, event.slug))
    before = None
    while page := store.contributions(event.slug, 100, before):
        yield from (one.email for one in page)
        before = page[-1].number
    yield from (one.email for one in store.invitations(event.slug, _MOST_INVITATIONS))


def _batches(addresses: Iterable[str]) -> Iterator[list[str]]:
    batch, size = list[str](), 0
    for address in addresses:
        bytes_of = len(json.dumps(address)) + 2
        if batch and (len(batch) == MOST_AT_ONCE or size + bytes_of > LARGEST_REQUEST - 100):
            yield batch
            batch, size = [], 0
        batch.append(address)
        size += bytes_of
    if batch:
        yield batch
