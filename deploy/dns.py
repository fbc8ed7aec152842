"""The DNS records of the domain, and which are missing (`make deploy-check`). dnspython comes with email-validator."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dns.exception import DNSException
from dns.name import from_text
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from deploy.place import Place
from deploy.sendgrid import Api, AuthenticatedDomain, authenticated_domain, receives_inbound, retry_transient, validate
from deploy.steps import say

UNKNOWN = "(not known yet: run make deploy)"
"""For a value that only a finished deployment knows."""
_LIFETIME = 10.0
"""Seconds, for all servers together."""


class Kind(StrEnum):
    A = "A"
    CNAME = "CNAME"
    MX = "MX"
    TXT = "TXT"


@dataclass(frozen=True)
class Record:
    """A record to set."""

    name: str
    kind: Kind
    value: str
    """As in a zone file, without the final dot."""
    why: str
    """For whoever keeps the zone."""


@dataclass(frozen=True)
class Missing:
    """A record that is missing or different."""

    record: Record
    says: tuple[str, ...]
    """What is there instead."""
    unanswered: str = ""
    """The error, where DNS did not answer."""


def records(place: Place, address: str | None, domain: AuthenticatedDomain | None) -> tuple[Record, ...]:
    """The records to set: five for pages and outgoing e-mail, a sixth for forms sent by e-mail. `address` is the load
    balancer's (IPv4)."""
    sendgrid = domain.cnames if domain else ((f"(three names below {place.domain})", UNKNOWN),)
    return (
        Record(place.domain, Kind.A, address or UNKNOWN, "the pages, and SendGrid's webhooks"),
        *(Record(host, Kind.CNAME, value, "SendGrid signs our e-mails (DKIM, SPF)") for host, value in sendgrid),
        Record(place.domain, Kind.MX, "10 mx.sendgrid.net", "forms sent by e-mail"),
        Record(f"_dmarc.{place.domain}", Kind.TXT, "v=DMARC1; p=none", "Gmail and others want it (DMARC)"),
    )


def table(all: Sequence[Record]) -> str:
    """The records as a table."""
    rows = [("name", "type", "value", "what for"), *((one.name, str(one.kind), one.value, one.why) for one in all)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join("  ".join([*map(str.ljust, row, widths), row[3]]) for row in rows)


def missing(all: Sequence[Record], resolver: Resolver) -> tuple[Missing, ...]:
    """The records that are missing or different. A second value beside ours would split traffic."""
    found = []
    for record in all:
        try:
            says = _ask(record, resolver)
        except DNSException as error:
            found.append(Missing(record, (), str(error) or type(error).__name__))
            continue
        if says != (_plain(record.value),):
            found.append(Missing(record, says))
    return tuple(found)


def check(place: Place, address: str | None, sendgrid: Api, resolver: Resolver) -> bool:
    """Report each record, and SendGrid's view of them. Whether all is complete."""
    domain = retry_transient(lambda: authenticated_domain(place, sendgrid), sendgrid.wait)
    wanted = records(place, address, domain)
    lacking = {one.record: one for one in missing(wanted, resolver)}
    for record in wanted:
        say(f"{record.name} {record.kind} {record.value}: {_standing(lacking.get(record))}")
    at_sendgrid = _sendgrid_agrees(place, domain, sendgrid)
    return not lacking and at_sendgrid


def _sendgrid_agrees(place: Place, domain: AuthenticatedDomain | None, sendgrid: Api) -> bool:
    if domain is None:
        say(f"SendGrid does not know {place.domain}: run make deploy")
        return False
    valid, why = validate(domain, sendgrid)
    say(f"SendGrid finds {place.domain} " + ("authenticated" if valid else f"not authenticated yet: {why}"))
    inbound = retry_transient(lambda: receives_inbound(place, sendgrid), sendgrid.wait)
    say("SendGrid posts e-mails, signed" if inbound else "SendGrid posts no e-mails yet: run make deploy")
    return valid and inbound


def _standing(lacks: Missing | None) -> str:
    if lacks is None:
        return "there"
    if lacks.unanswered:
        return f"DNS did not answer: {lacks.unanswered}"
    return f"something else is there: {', '.join(lacks.says)}" if lacks.says else "not there yet"


def _ask(record: Record, resolver: Resolver) -> tuple[str, ...]:
    if record.kind is Kind.TXT:
        return (_plain(record.value),) if _has_dmarc(record.name, resolver) else ()
    return tuple(sorted(_plain(one) for one in _says(record.name, record.kind, resolver)))


def _has_dmarc(name: str, resolver: Resolver) -> bool:
    """Whichever policy it says; a domain above may have it for all below (RFC 7489, 6.6.3)."""
    label, _, domain = name.partition(".")
    while "." in domain:
        if any(text.lower().startswith("v=dmarc1") for text in _says(f"{label}.{domain}", Kind.TXT, resolver)):
            return True
        domain = domain.partition(".")[2]
    return False


def _says(name: str, kind: Kind, resolver: Resolver) -> list[str]:
    try:
        answer = resolver.resolve(from_text(name), str(kind), lifetime=_LIFETIME)
    except (NXDOMAIN, NoAnswer):
        return []
    return [_text(one) for one in answer]


def _text(data: object) -> str:
    match data:
        case MX():
            return f"{data.preference} {data.exchange}"
        case TXT():
            return b"".join(data.strings).decode("utf-8", "replace")
    return str(data)


def _plain(value: str) -> str:
    return value.rstrip(".").lower()
