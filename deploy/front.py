"""The front: one host name, with the paths of the local run, before the public functions; and the limit per client.

A global external Application Load Balancer
(https://cloud.google.com/load-balancing/docs/https/setup-global-ext-https-serverless). What it is made of stands in the
order in which it is made; each has the name `rollcall`, or that of the function it is for.

- Only the three public functions have a group of endpoints, and so a way in. All other addresses, those of the private
  functions among them, are answered by the load balancer itself, with the way to the form.
- The functions are deployed so that they can be reached through it alone (`internal-and-gclb`): nobody goes round the
  limit by an address of `run.app`.
- Its own request log is off: it would hold clients' addresses and the links in mails.
- It answers by IPv4 alone. Whoever has only IPv6 reaches it through their network's NAT64; an AAAA record that points
  elsewhere would keep the certificate from being issued.
- It bounds no body: Cloud Run does, at 32 MiB (https://cloud.google.com/run/quotas), and SendGrid sends 30 MB at the
  most. The time-out of a backend service does not hold here either: it is an hour, and the function's own decides
  (https://cloud.google.com/load-balancing/docs/negs/serverless-neg-concepts, "Limitations with backend services").
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.place import Place
from deploy.steps import Command, GcloudSet, GcloudStep, Run, Step, find_if_on, gcloud

_PATHS = {
    "register": ("/register", "/register/*"),
    "receive-email": ("/receive-email",),
    "record-deliveries": ("/record-deliveries",),
}
"""The public functions, and what is asked of each. SendGrid follows no redirect: it is told its two exactly."""

_HSTS = "Strict-Transport-Security: max-age=31536000"
"""A year. Without `includeSubDomains`: what is below the host name is not ours, and may not speak HTTPS. On the backend
services, as in https://cloud.google.com/load-balancing/docs/https/setting-up-global-http-https-redirect: a header
action in the URL map is for answers of a backend too, and not for redirects."""


def steps(place: Place) -> tuple[Step, ...]:
    """The load balancer, and Cloud Armor's limits before `register`. The functions are there already."""
    return (
        _address(place),
        _endpoints(place),
        _policy(place),
        _limits(place),
        _backends(place),
        _joined(place),
        _ways(place),
        _certificate(place),
        _tls(place),
        _speaks_https(place),
        _answers_http(place),
        _ports(place),
    )


def address(place: Place, run: Run) -> str | None:
    """The IPv4 address that the A record of the host name must have; None where it is not yet reserved. Raises
    `StepFailed`."""
    there = find_if_on(run, _address(place).look)
    return str(there["address"]) if there else None


def certificate_state(place: Place, run: Run) -> str:
    """How the certificate stands, in Google's words: `ACTIVE`, and nothing else, where pages can be opened.

    `PROVISIONING (FAILED_NOT_VISIBLE)` until the A record is there and Google has seen it, which takes up to an hour
    after (https://cloud.google.com/load-balancing/docs/ssl-certificates/troubleshooting). Raises `StepFailed`.
    """
    there = find_if_on(run, _certificate(place).look)
    if there is None:
        return "not there"
    managed = there.get("managed", {})
    state, of_domain = managed.get("status", "PROVISIONING"), managed.get("domainStatus", {}).get(place.domain)
    return state if of_domain in (None, state) else f"{state} ({of_domain})"


def _address(place: Place) -> GcloudStep:
    return GcloudStep(
        "the address of the front, for the A record",
        look=_ask(place, "addresses describe rollcall --global"),
        make=(_do(place, "addresses create rollcall --global --ip-version=IPV4"),),
        unmake=(_do(place, "addresses delete rollcall --global"),),
    )


def _endpoints(place: Place) -> GcloudSet:
    """A function of the 2nd generation is a Cloud Run service, and is pointed to as one
    (https://cloud.google.com/load-balancing/docs/negs/serverless-neg-concepts, "Supported load balancers")."""
    where = f"--region={place.region}"
    make = f"network-endpoint-groups create {{0}} {where} --network-endpoint-type=serverless --cloud-run-service={{0}}"
    return GcloudSet(
        "the endpoints of the public functions, and of no other",
        look=_ask(place, f"network-endpoint-groups list --regions={place.region}"),
        lacking=lambda there: [_do(place, make.format(name)) for name in _PATHS if name not in _named(there)],
        none=[],
        unmake=lambda there: [
            _do(place, f"network-endpoint-groups delete {name} {where}") for name in _PATHS if name in _named(there)
        ],
    )


def _policy(place: Place) -> GcloudStep:
    what = "--description=Rollcall: how much one client may ask of the registration form"
    return GcloudStep(
        "the policy of the limits, at Cloud Armor",
        look=_ask(place, "security-policies describe rollcall --global"),
        make=(_do(place, "security-policies create rollcall --global", what),),
        unmake=(_do(place, "security-policies delete rollcall --global"),),
    )


@dataclass(frozen=True)
class _Limit:
    """So many requests a minute from one address; what is more gets 429."""

    priority: int
    count: int
    what: str
    which: str
    """The flag that says which requests are counted."""
    match: Mapping[str, Any]
    """The same, as Google has it."""

    @property
    def flags(self) -> tuple[str, ...]:
        return (
            f"--description={self.count} {self.what} a minute from one address",
            self.which,
            "--action=throttle",
            "--enforce-on-key=ip",
            f"--rate-limit-threshold-count={self.count}",
            "--rate-limit-threshold-interval-sec=60",
            "--conform-action=allow",
            "--exceed-action=deny-429",
        )

    @property
    def rule(self) -> dict[str, Any]:
        """As Google has it."""
        limited = {
            "conformAction": "allow",
            "enforceOnKey": "IP",
            "exceedAction": "deny(429)",
            "rateLimitThreshold": {"count": self.count, "intervalSec": 60},
        }
        return {"priority": self.priority, "action": "throttle", "match": self.match, "rateLimitOptions": limited}


_POST = "request.method == 'POST'"
_LIMITS = (
    # A delegation of 150 behind one address, two presses each, within five minutes: 60 forms a minute.
    _Limit(1000, 60, "forms", f"--expression={_POST}", {"expr": {"expression": _POST}}),
    # Pages are cheaper, and are opened more often than sent.
    _Limit(
        1100,
        300,
        "requests of any other kind",
        "--src-ip-ranges=*",
        {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}},
    ),
)


def _limits(place: Place) -> GcloudSet:
    """How much one client may ask of the form; docs/who-may-do-what.md says why so much. They go with their policy."""

    def lacking(there: Any) -> Sequence[Command]:
        [policy] = there  # gcloud describes one as a list of one
        rules = {rule["priority"]: rule for rule in policy.get("rules", [])}
        return [
            _do(
                place,
                f"security-policies rules {'update' if limit.priority in rules else 'create'} {limit.priority}"
                " --security-policy=rollcall",
                *limit.flags,
            )
            for limit in _LIMITS
            if not _has(rules.get(limit.priority), limit.rule)
        ]

    return GcloudSet(
        "the limits: 60 forms, and 300 other requests, a minute from one address",
        look=_ask(place, "security-policies describe rollcall --global"),
        lacking=lacking,
        none=[{}],
    )


def _backends(place: Place) -> GcloudSet:
    settings = ("--no-enable-cdn", "--no-enable-logging", f"--custom-response-header={_HSTS}")

    def as_told(backend: Any) -> bool:
        headers = [header.replace(" ", "") for header in backend.get("customResponseHeaders", [])]
        logs = backend.get("logConfig", {}).get("enable")
        return headers == [_HSTS.replace(" ", "")] and not logs and not backend.get("enableCDN")

    def lacking(there: Any) -> Sequence[Command]:
        have = _named(there)
        new = "--load-balancing-scheme=EXTERNAL_MANAGED"
        return [
            _do(place, f"backend-services create {one} --global {new}", *settings) for one in _PATHS if one not in have
        ] + [
            _do(place, f"backend-services update {one} --global", *settings)
            for one in _PATHS
            if one in have and not as_told(have[one])
        ]

    return GcloudSet(
        "a backend for each of them: HTTPS alone (HSTS), no log of requests, no cache",
        look=_ask(place, "backend-services list --global"),
        lacking=lacking,
        none=[],
        unmake=lambda there: [
            _do(place, f"backend-services delete {name} --global") for name in _PATHS if name in _named(there)
        ],
    )


def _joined(place: Place) -> GcloudSet:
    """The limits stand before `register` alone: SendGrid posts from few addresses, for everyone. Inbound Parse sends
    again only what was answered 5xx, so that the 429 of a limit would lose a form
    (https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/inbound-email)."""

    def lacking(there: Any) -> Sequence[Command]:
        have = _named(there)
        group = f"--network-endpoint-group={{0}} --network-endpoint-group-region={place.region}"
        joining = [
            _do(place, f"backend-services add-backend {{0}} --global {group}".format(name))
            for name in _PATHS
            if not _has(have.get(name), {"backends": [{"group": f"networkEndpointGroups/{name}"}]})
        ]
        if _has(have.get("register"), {"securityPolicy": "global/securityPolicies/rollcall"}):
            return joining
        return [*joining, _do(place, "backend-services update register --global --security-policy=rollcall")]

    return GcloudSet(
        "each function in its backend, and the limits in front of register",
        look=_ask(place, "backend-services list --global"),
        lacking=lacking,
        none=[],
    )


def _ways(place: Place) -> GcloudSet:
    told = {way["name"]: way for way in (_routes(place), _TO_HTTPS)}

    def put(name: str) -> Command:
        words = f"gcloud compute url-maps import {name} --global --project={place.project} --quiet"
        return Command(tuple(words.split()), json.dumps(told[name], indent=2))

    return GcloudSet(
        "the way of each path to its function, of all else to the form, and of http to https",
        look=_ask(place, "url-maps list --global"),
        lacking=lambda there: [put(name) for name in told if not _has(_named(there).get(name), told[name])],
        none=[],
        unmake=lambda there: [_do(place, f"url-maps delete {name} --global") for name in told if name in _named(there)],
    )


def _routes(place: Place) -> dict[str, Any]:
    to_the_form = {
        "hostRedirect": place.domain,
        "pathRedirect": "/register",
        "httpsRedirect": True,
        "redirectResponseCode": "FOUND",
        "stripQuery": True,
    }
    rules = [
        {"paths": list(paths), "service": f"projects/{place.project}/global/backendServices/{function}"}
        for function, paths in _PATHS.items()
    ]
    return {
        "name": "rollcall",
        "defaultUrlRedirect": to_the_form,
        "hostRules": [{"hosts": [place.domain], "pathMatcher": "rollcall"}],
        "pathMatchers": [{"name": "rollcall", "defaultUrlRedirect": to_the_form, "pathRules": rules}],
    }


_TO_HTTPS: dict[str, Any] = {
    "name": "rollcall-http",
    "defaultUrlRedirect": {"httpsRedirect": True, "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT"},
}
"""301. https://cloud.google.com/load-balancing/docs/https/setting-up-global-http-https-redirect"""


def _certificate(place: Place) -> GcloudStep:
    """A certificate of the load balancer's own: Google renews it, and wants nothing for it but the A record that is
    needed anyhow. Certificate Manager would be three things more, and for this no better
    (https://cloud.google.com/load-balancing/docs/ssl-certificates/google-managed-certs). A certificate cannot be
    changed, so each host name has one of its own name."""
    name = _certificate_name(place)
    return GcloudStep(
        f"the certificate of {place.domain}, which Google renews",
        look=_ask(place, f"ssl-certificates describe {name} --global"),
        make=(_do(place, f"ssl-certificates create {name} --global --domains={place.domain}"),),
        unmake=(_do(place, f"ssl-certificates delete {name} --global"),),
    )


def _certificate_name(place: Place) -> str:
    """Names at Compute Engine begin with a letter and have 63 characters at the most."""
    return f"rollcall-{place.domain.replace('.', '-')}"[:63].rstrip("-")


def _tls(place: Place) -> GcloudStep:
    settings = "--profile=MODERN --min-tls-version=1.2"
    return GcloudStep(
        "the lowest TLS that is spoken, 1.2",
        look=_ask(place, "ssl-policies describe rollcall --global"),
        make=(_do(place, f"ssl-policies create rollcall --global {settings}"),),
        wanted=lambda there: _has(there, {"profile": "MODERN", "minTlsVersion": "TLS_1_2"}),
        change=(_do(place, f"ssl-policies update rollcall --global {settings}"),),
        unmake=(_do(place, "ssl-policies delete rollcall --global"),),
    )


def _speaks_https(place: Place) -> GcloudStep:
    certificate = _certificate_name(place)
    parts = f"--url-map=rollcall --ssl-certificates={certificate} --ssl-policy=rollcall"
    everywhere = "--global --global-url-map --global-ssl-certificates --global-ssl-policy"
    told = {
        "urlMap": "global/urlMaps/rollcall",
        "sslCertificates": [f"global/sslCertificates/{certificate}"],
        "sslPolicy": "global/sslPolicies/rollcall",
    }
    return GcloudStep(
        "what speaks https",
        look=_ask(place, "target-https-proxies describe rollcall-https --global"),
        make=(_do(place, f"target-https-proxies create rollcall-https {parts} {everywhere}"),),
        wanted=lambda there: _has(there, told),
        change=(_do(place, f"target-https-proxies update rollcall-https {parts} {everywhere}"),),
        unmake=(_do(place, "target-https-proxies delete rollcall-https --global"),),
    )


def _answers_http(place: Place) -> GcloudStep:
    parts = "--global --url-map=rollcall-http --global-url-map"
    return GcloudStep(
        "what answers http, and sends it on to https",
        look=_ask(place, "target-http-proxies describe rollcall-http --global"),
        make=(_do(place, f"target-http-proxies create rollcall-http {parts}"),),
        wanted=lambda there: _has(there, {"urlMap": "global/urlMaps/rollcall-http"}),
        change=(_do(place, f"target-http-proxies update rollcall-http {parts}"),),
        unmake=(_do(place, "target-http-proxies delete rollcall-http --global"),),
    )


def _ports(place: Place) -> GcloudSet:
    ports = {"https": 443, "http": 80}
    way = "--load-balancing-scheme=EXTERNAL_MANAGED --network-tier=PREMIUM --address=rollcall --global-address"

    def make(speaks: str) -> Command:
        target = f"--target-{speaks}-proxy=rollcall-{speaks} --global-target-{speaks}-proxy --ports={ports[speaks]}"
        return _do(place, f"forwarding-rules create rollcall-{speaks} --global {way} {target}")

    return GcloudSet(
        "ports 443 and 80 of the address",
        look=_ask(place, "forwarding-rules list --global"),
        lacking=lambda there: [make(speaks) for speaks in ports if f"rollcall-{speaks}" not in _named(there)],
        none=[],
        unmake=lambda there: [
            _do(place, f"forwarding-rules delete rollcall-{speaks} --global")
            for speaks in ports
            if f"rollcall-{speaks}" in _named(there)
        ],
    )


def _named(there: Any) -> dict[str, Any]:
    """Things by their names."""
    return {thing["name"]: thing for thing in there}


def _ask(place: Place, words: str) -> Command:
    return gcloud(f"compute {words} --format=json", project=place.project)


def _do(place: Place, words: str, *more: str) -> Command:
    return gcloud(f"compute {words}", *more, project=place.project)


def _has(there: Any, told: Any) -> bool:
    """Whether what is there is as it was told: of things, what was told of them; of lists, all that is in them, in any
    order. An address of another thing is there in full, and was told by its end."""
    match told:
        case dict():
            return isinstance(there, dict) and all(name in there and _has(there[name], told[name]) for name in told)
        case list():
            return (
                isinstance(there, list)
                and len(there) == len(told)
                and all(any(_has(item, wanted) for item in there) for wanted in told)
            )
        case str():
            return isinstance(there, str) and (there == told or there.endswith(f"/{told}"))
    return bool(there == told)
