"""The records of the domain's zone, asked of a small DNS server."""

import json
import socketserver
from collections.abc import Iterator
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from dns.resolver import Resolver

from deploy.__main__ import Outside, main
from deploy.dns import Kind, Missing, Record, check, missing, records, table
from deploy.iap import Answer
from deploy.sendgrid import authenticated_domain, steps
from deploy.steps import Command, Completed
from tests.support.sendgrid_settings import Account, sendgrid_account
from tests.support.sendgrid_steps import DOMAIN, PLACE, Kept, api_of, apply_all, no_command
from tests.support.threaded import at_work

ADDRESS = "192.0.2.10"


@dataclass
class Zone:
    """What a name server says, and a resolver that asks it."""

    resolver: Resolver
    held: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, type and value of each record."""
    fails: bool = False
    """Whether it answers SERVFAIL."""


@pytest.fixture(name="zone")
def dns_server() -> Iterator[Zone]:
    resolver = Resolver(configure=False)
    zone = Zone(resolver)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked, socket = self.request
            socket.sendto(_answer(zone, dns.message.from_wire(asked)).to_wire(), self.client_address)

    server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
    with at_work(server):
        yield zone


def _answer(zone: Zone, asked: dns.message.Message) -> dns.message.Message:
    answer = dns.message.make_response(asked)
    answer.flags |= dns.flags.AA
    if zone.fails:
        answer.set_rcode(dns.rcode.SERVFAIL)
        return answer
    name, wanted = asked.question[0].name.to_text(omit_final_dot=True).lower(), asked.question[0].rdtype.name
    known = False
    while True:
        here = [one for one in zone.held if one[0].lower() == name]
        known = known or bool(here)
        values = [value for _, kind, value in here if kind == wanted]
        if values:
            answer.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", wanted, values))
        alias = next((value for _, kind, value in here if kind == "CNAME"), None)
        if values or alias is None:
            break
        answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", alias))
        name = alias.rstrip(".").lower()
    if not known:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer


@pytest.fixture
def account() -> Iterator[Account]:
    with sendgrid_account() as account:
        yield account
    assert account.faults == []


@pytest.fixture
def wanted(account: Account) -> tuple[Record, ...]:
    """The records once SendGrid's side is there."""
    apply_all(account, Kept())
    return records(PLACE, ADDRESS, authenticated_domain(PLACE, api_of(account)))


def set_all(zone: Zone, wanted: tuple[Record, ...]) -> None:
    written = {Kind.A: "{}", Kind.TXT: '"{}"'}
    zone.held += [(one.name, one.kind, written.get(one.kind, "{}.").format(one.value)) for one in wanted]


def test_there_are_five_records_and_a_sixth_for_email(wanted: tuple[Record, ...]) -> None:
    assert [(one.name, one.kind, one.value) for one in wanted] == [
        (DOMAIN, "A", ADDRESS),
        (f"em1.{DOMAIN}", "CNAME", "mail_cname.u7.wl.sendgrid.net"),
        (f"s1._domainkey.{DOMAIN}", "CNAME", "dkim1.u7.wl.sendgrid.net"),
        (f"s2._domainkey.{DOMAIN}", "CNAME", "dkim2.u7.wl.sendgrid.net"),
        (DOMAIN, "MX", "10 mx.sendgrid.net"),
        (f"_dmarc.{DOMAIN}", "TXT", "v=DMARC1; p=none"),
    ]


def test_the_table_can_be_handed_on(wanted: tuple[Record, ...]) -> None:
    lines = table(wanted).splitlines()

    assert len(lines) == 7
    assert [line.split()[:3] for line in lines[1:]] == [[one.name, one.kind, *one.value.split()][:3] for one in wanted]
    assert {line.index(one.why) for line, one in zip(lines[1:], wanted, strict=True)} == {lines[0].index("what for")}


def test_the_table_says_what_is_not_known_before_the_deployment() -> None:
    assert table(records(PLACE, None, None)).count("(not known yet: run make deploy)") == 2


def test_an_empty_zone_has_none(zone: Zone, wanted: tuple[Record, ...]) -> None:
    assert missing(wanted, zone.resolver) == tuple(Missing(one, ()) for one in wanted)


def test_a_zone_as_it_should_be_has_all(zone: Zone, wanted: tuple[Record, ...]) -> None:
    set_all(zone, wanted)
    zone.held.append((DOMAIN, "TXT", '"anything"'))

    assert missing(wanted, zone.resolver) == ()


@pytest.mark.parametrize(
    ("name", "text", "is_there"),
    [
        (f"_dmarc.{DOMAIN}", "v=DMARC1; p=reject; rua=mailto:dmarc@example.org", True),
        (f"_dmarc.{DOMAIN.partition('.')[2]}", "v=DMARC1; p=quarantine", True),  # the organisation's own
        (f"_dmarc.{DOMAIN}", "p=none", False),
        (DOMAIN, "v=DMARC1; p=none", False),
    ],
)
def test_any_dmarc_policy_will_do(zone: Zone, wanted: tuple[Record, ...], name: str, text: str, is_there: bool) -> None:
    set_all(zone, wanted)
    zone.held = [one for one in zone.held if one[1] != Kind.TXT] + [(name, "TXT", f'"{text}"')]
    assert [one.record.kind for one in missing(wanted, zone.resolver)] == ([] if is_there else [Kind.TXT])


def test_capitals_do_not_matter(zone: Zone, wanted: tuple[Record, ...]) -> None:
    zone.held += [(name, kind, value.upper()) for name, kind, value in _set(zone, wanted)]

    assert missing(wanted, zone.resolver) == ()


def _set(zone: Zone, wanted: tuple[Record, ...]) -> list[tuple[str, str, str]]:
    set_all(zone, wanted)
    held = list(zone.held)
    zone.held.clear()
    return held


@pytest.mark.parametrize(
    ("index", "instead", "says"),
    [
        (0, ["192.0.2.99"], ("192.0.2.99",)),
        (0, [ADDRESS, "192.0.2.99"], (ADDRESS, "192.0.2.99")),
        (1, ["elsewhere.example.net."], ("elsewhere.example.net",)),
        (4, ["10 mail.example.net."], ("10 mail.example.net",)),
        (4, ["10 mx.sendgrid.net.", "20 mail.example.net."], ("10 mx.sendgrid.net", "20 mail.example.net")),
        (4, [], ()),
    ],
)
def test_says_what_is_there_instead(
    zone: Zone, wanted: tuple[Record, ...], index: int, instead: list[str], says: tuple[str, ...]
) -> None:
    held = _set(zone, wanted)
    name, kind, _ = held.pop(index)
    zone.held += [*held, *((name, kind, value) for value in instead)]

    assert missing(wanted, zone.resolver) == (Missing(wanted[index], says),)


def test_an_alias_that_leads_to_the_address_will_do(zone: Zone, wanted: tuple[Record, ...]) -> None:
    zone.held += [(DOMAIN, "CNAME", "front.example.net."), ("front.example.net", "A", ADDRESS)]

    assert missing(wanted[:1], zone.resolver) == ()


def test_a_server_that_fails_is_no_missing_record(zone: Zone, wanted: tuple[Record, ...]) -> None:
    zone.fails = True

    lacking = missing(wanted, zone.resolver)
    assert [one.record for one in lacking] == list(wanted)
    assert all(one.says == () and "SERVFAIL" in one.unanswered for one in lacking)


def test_check_goes_from_nothing_to_everything(
    zone: Zone, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    api, secrets = api_of(account), Kept()
    account.insists_on_records = True

    assert not check(PLACE, None, api, zone.resolver)
    assert f"SendGrid does not know {DOMAIN}: run make deploy" in capsys.readouterr().out

    for step in steps(PLACE, api, secrets):
        step.apply(no_command)
    capsys.readouterr()
    assert not check(PLACE, ADDRESS, api, zone.resolver)
    said = capsys.readouterr().out
    assert said.count("not there yet") == 6
    assert "not authenticated yet: Expected CNAME" in said
    assert "SendGrid posts no e-mails yet" in said

    wanted = records(PLACE, ADDRESS, authenticated_domain(PLACE, api))
    set_all(zone, wanted[:4])
    account.records_are_set = True
    assert not check(PLACE, ADDRESS, api, zone.resolver)
    said = capsys.readouterr().out
    assert said.count(": there\n") == 4
    assert f"{DOMAIN} MX 10 mx.sendgrid.net: not there yet" in said
    assert f"SendGrid finds {DOMAIN} authenticated" in said

    set_all(zone, wanted[4:])
    assert not check(PLACE, ADDRESS, api, zone.resolver)  # SendGrid refused the setting of Inbound Parse before
    for step in steps(PLACE, api, secrets):
        step.apply(no_command)
    capsys.readouterr()
    assert check(PLACE, ADDRESS, api, zone.resolver)
    assert capsys.readouterr().out.count(": there\n") == 6


@pytest.mark.parametrize("lacks", ["the address", "an MX alone", "SendGrid's word", "the signature"])
def test_check_is_not_content_while_anything_is_missing(zone: Zone, account: Account, lacks: str) -> None:
    apply_all(account, Kept())
    wanted = records(PLACE, ADDRESS, authenticated_domain(PLACE, api_of(account)))
    set_all(zone, wanted)
    account.records_are_set = lacks != "SendGrid's word"
    if lacks == "the signature":
        del account.parse[DOMAIN]["security_policy"]
    if lacks == "an MX alone":
        zone.held.append((DOMAIN, "MX", "20 mail.example.net."))

    assert not check(PLACE, None if lacks == "the address" else ADDRESS, api_of(account), zone.resolver)


@pytest.mark.usefixtures("gcloud_is_there")
@pytest.mark.parametrize(
    ("records_are_set", "certificate", "budgets", "code"),
    [
        (True, "ACTIVE", [{"thresholdRules": [{"thresholdPercent": 0.9}]}], 0),
        (True, "ACTIVE", [{"thresholdRules": [{}], "budgetFilter": {"projects": [f"projects/{PLACE.number}"]}}], 0),
        (True, "ACTIVE", None, 0),  # who may not see the billing account is told so
        (True, "ACTIVE", [], 1),
        (True, "ACTIVE", [{"thresholdRules": [{}], "budgetFilter": {"projects": ["projects/1"]}}], 1),
        (True, "ACTIVE", [{"budgetFilter": {}}], 1),  # it warns nobody
        (True, "PROVISIONING", None, 1),
        (True, None, None, 1),
        (False, "ACTIVE", None, 1),
    ],
)
def test_the_command_is_content_once_records_certificate_and_budget_are_there(
    zone: Zone,
    account: Account,
    wanted: tuple[Record, ...],
    records_are_set: bool,
    certificate: str | None,
    budgets: list[object] | None,
    code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    account.records_are_set = True
    if records_are_set:
        set_all(zone, wanted)
    answers = {
        "projects describe": {"projectNumber": PLACE.number},
        "beta monitoring": [{"userLabels": {"made-by": "rollcall"}, "labels": {"email_address": PLACE.on_call}}],
        "compute addresses": {"address": ADDRESS},
        "billing projects": {"billingAccountName": "billingAccounts/0-0-0"},
        "billing budgets": budgets,
        "compute ssl-certificates": certificate and {"managed": {"status": certificate}},
    }

    def google(command: Command) -> Completed:
        there = answers.get(" ".join(command.argv[1:3]))
        return Completed(there is not None, json.dumps(there), "not found")

    settings = {"PROJECT": PLACE.project, "REGION": PLACE.region, "DOMAIN": DOMAIN}
    asked_to_sign_in = Answer(302, "https://accounts.google.com/o/oauth2/v2/auth?client_id=x", by_iap=True)
    outside = Outside(google, api_of(account), lambda: zone.resolver, fetch=lambda _: asked_to_sign_in)
    assert main("check", settings, outside) == code
    said = capsys.readouterr().out
    assert "SendGrid's region: global (https://api.sendgrid.com)" in said
    assert f"The certificate of {DOMAIN}: {certificate or 'not there'}" in said
    asked = "unknown: you may not see it" if budgets is None else "there"
    assert f"A budget that warns of the costs: {asked}" in said or code == 1
