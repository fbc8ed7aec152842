"""The load balancer: one host name for the public functions, and Cloud Armor's limits per client before each.

A global external Application Load Balancer
(https://cloud.google.com/load-balancing/docs/https/setup-global-ext-https-serverless). Its parts stand in order of
creation; each is named `rollcall`, or after its function.

- Only the public functions, and `staff`, which is behind Identity-Aware Proxy, have a group of endpoints. The
  load balancer itself redirects every other address, those of private functions too, to the form.
- They accept traffic from the load balancer alone (`internal-and-gclb`): nobody bypasses the limit through a `run.app`
  address.
- Its request log holds clients' addresses and the links in e-mails. It is on, since Cloud Armor reports its refusals
  there alone, and none of it is kept: `deploy/watch.py` excludes it first, and counts the refusals.
- By http it redirects browsers; what a program posts there, readable on its way, is refused.
- It answers IPv4 alone. IPv6-only networks reach it through NAT64; an AAAA record that points elsewhere would block
  the certificate.
- It limits no body: Cloud Run does, at 32 MiB (https://cloud.google.com/run/quotas); SendGrid sends at most 30 MB. A
  backend service's timeout does not apply here: it is an hour, and the function's own decides
  (https://cloud.google.com/load-balancing/docs/negs/serverless-neg-concepts, "Limitations with backend services").
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.place import Place
from deploy.steps import Command, GcloudSet, GcloudStep, Run, Step, find_if_enabled, gcloud

_PATHS = {
    "register": ("/register", "/register/*"),
    "receive-email": ("/receive-email",),
    "record-deliveries": ("/record-deliveries",),
    "contribute": ("/contribute", "/contribute/*"),
    "pages": ("/events", "/events/*"),
    "staff": ("/staff", "/staff/*"),
}
"""The functions behind it and their paths. SendGrid follows no redirect: its two are exact."""

_HSTS = "Strict-Transport-Security: max-age=31536000; includeSubDomains"
"""A year. Below the desk's host name are SendGrid's records and nothing else (docs/deploy.md). On the backend services,
as in https://cloud.google.com/load-balancing/docs/https/setting-up-global-http-https-redirect: a header action in the
URL map does not apply to redirects either. By http it would not count (RFC 6797, 7.2)."""


def steps(place: Place) -> tuple[Step, ...]:
    """The load balancer, and Cloud Armor's limits. The functions exist already, and so does the log exclusion."""
    return (
        _address(place),
        _endpoints(place),
        _policy(place),
        _limits(place),
        _backends(place),
        _connections(place),
        _url_maps(place),
        _certificate(place),
        _tls(place),
        _https_proxy(place),
        _http_proxy(place),
        _ports(place),
    )


def address(place: Place, run: Run) -> str | None:
    """The IPv4 address for the A record; None where it is not yet reserved. Raises `StepFailed`."""
    there = find_if_enabled(run, _address(place).look)
    return str(there["address"]) if there else None


def certificate_state(place: Place, run: Run) -> str:
    """The certificate's state, in Google's words; pages open only with `ACTIVE`.

    `PROVISIONING (FAILED_NOT_VISIBLE)` until Google has seen the A record, up to an hour after it is set
    (https://cloud.google.com/load-balancing/docs/ssl-certificates/troubleshooting). Raises `StepFailed`.
    """
    there = find_if_enabled(run, _certificate(place).look)
    if there is None:
        return "not there"
    managed = there.get("managed", {})
    state, of_domain = managed.get("status", "PROVISIONING"), managed.get("domainStatus", {}).get(place.domain)
    return state if of_domain in (None, state) else f"{state} ({of_domain})"


def _address(place: Place) -> GcloudStep:
    return GcloudStep(
        "the load balancer's address, for the A record",
        look=_ask(place, "addresses describe rollcall --global"),
        create=(_do(place, "addresses create rollcall --global --ip-version=IPV4"),),
        delete=(_do(place, "addresses delete rollcall --global"),),
    )


def _endpoints(place: Place) -> GcloudSet:
    """A function of the 2nd generation is a Cloud Run service here
    (https://cloud.google.com/load-balancing/docs/negs/serverless-neg-concepts, "Supported load balancers")."""
    where = f"--region={place.region}"
    make = f"network-endpoint-groups create {{0}} {where} --network-endpoint-type=serverless --cloud-run-service={{0}}"
    return GcloudSet(
        "the endpoints of the public functions and of staff, and of no other",
        look=_ask(place, f"network-endpoint-groups list --regions={place.region}"),
        changes=lambda there: [_do(place, make.format(name)) for name in _PATHS if name not in _named(there)],
        empty=[],
        delete=lambda there: [
            _do(place, f"network-endpoint-groups delete {name} {where}") for name in _PATHS if name in _named(there)
        ],
    )


def _policy(place: Place) -> GcloudStep:
    what = "--description=Rollcall: limits per client"
    return GcloudStep(
        "the policy of the limits, at Cloud Armor",
        look=_ask(place, "security-policies describe rollcall --global"),
        create=(_do(place, "security-policies create rollcall --global", what),),
        delete=(_do(place, "security-policies delete rollcall --global"),),
    )


@dataclass(frozen=True)
class _Limit:
    """Requests a minute from one address; more are refused."""

    priority: int
    count: int
    what: str
    refusal: int
    """The status."""
    which: str
    """The flag that selects requests."""
    match: Mapping[str, Any]
    """The same, in Google's form."""

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
            f"--exceed-action=deny-{self.refusal}",
        )

    @property
    def rule(self) -> dict[str, Any]:
        """In Google's form."""
        limited = {
            "conformAction": "allow",
            "enforceOnKey": "IP",
            "exceedAction": f"deny({self.refusal})",
            "rateLimitThreshold": {"count": self.count, "intervalSec": 60},
        }
        return {"priority": self.priority, "action": "throttle", "match": self.match, "rateLimitOptions": limited}


_POST = "request.method == 'POST'"
_SENDGRIDS = "request.path == '/receive-email' || request.path == '/record-deliveries'"
_LIMITS = (
    # SendGrid posts for everyone, from many addresses that it does not list. It repeats after 502, for days, and loses
    # a form after 429 (https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/inbound-email).
    _Limit(900, 1200, "posts of SendGrid's", 502, f"--expression={_SENDGRIDS}", {"expr": {"expression": _SENDGRIDS}}),
    # A delegation of 150 behind one address, two presses each, within five minutes: 60 forms a minute.
    _Limit(1000, 60, "forms", 429, f"--expression={_POST}", {"expr": {"expression": _POST}}),
    # Pages are cheaper, and people open them more often than they send forms.
    _Limit(
        1100,
        300,
        "requests of any other kind",
        429,
        "--src-ip-ranges=*",
        {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}},
    ),
)


def _limits(place: Place) -> GcloudSet:
    """docs/who-may-do-what.md explains the numbers. They are deleted with their policy."""

    def changes(there: Any) -> Sequence[Command]:
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
        "the limits: 60 forms, 300 other requests, and 1,200 posts to SendGrid's paths, a minute from one address",
        look=_ask(place, "security-policies describe rollcall --global"),
        changes=changes,
        empty=[{}],
    )


def _backends(place: Place) -> GcloudSet:
    settings = (
        "--no-enable-cdn",
        "--enable-logging",
        "--logging-sample-rate=1.0",  # of refusals each is to be counted
        "--compression-mode=AUTOMATIC",  # of pages; no secret stands in one beside what its reader sent (BREACH)
        f"--custom-response-header={_HSTS}",
    )

    def is_current(backend: Any) -> bool:
        headers = [header.replace(" ", "") for header in backend.get("customResponseHeaders", [])]
        logs = _has(backend.get("logConfig"), {"enable": True, "sampleRate": 1.0})
        compresses = backend.get("compressionMode") == "AUTOMATIC"
        return headers == [_HSTS.replace(" ", "")] and compresses and logs and not backend.get("enableCDN")

    def changes(there: Any) -> Sequence[Command]:
        have = _named(there)
        new = "--load-balancing-scheme=EXTERNAL_MANAGED"
        return [
            _do(place, f"backend-services create {one} --global {new}", *settings) for one in _PATHS if one not in have
        ] + [
            _do(place, f"backend-services update {one} --global", *settings)
            for one in _PATHS
            if one in have and not is_current(have[one])
        ]

    return GcloudSet(
        "a backend for each of them: HTTPS alone (HSTS), compressed, its log counted and not kept, no cache",
        look=_ask(place, "backend-services list --global"),
        changes=changes,
        empty=[],
        delete=lambda there: [
            _do(place, f"backend-services delete {name} --global") for name in _PATHS if name in _named(there)
        ],
    )


def _connections(place: Place) -> GcloudSet:
    def changes(there: Any) -> Sequence[Command]:
        have = _named(there)
        group = f"--network-endpoint-group={{0}} --network-endpoint-group-region={place.region}"
        joining = [
            _do(place, f"backend-services add-backend {{0}} --global {group}".format(name))
            for name in _PATHS
            if not _has(have.get(name), {"backends": [{"group": f"networkEndpointGroups/{name}"}]})
        ]
        return joining + [
            _do(place, f"backend-services update {name} --global --security-policy=rollcall")
            for name in _PATHS
            if not _has(have.get(name), {"securityPolicy": "global/securityPolicies/rollcall"})
        ]

    return GcloudSet(
        "each function in its backend, and the limits before each",
        look=_ask(place, "backend-services list --global"),
        changes=changes,
        empty=[],
    )


def _url_maps(place: Place) -> GcloudSet:
    told = {way["name"]: way for way in (_routes(place), _to_https(place))}

    def put(name: str) -> Command:
        words = f"gcloud compute url-maps import {name} --global --project={place.project} --quiet"
        return Command(tuple(words.split()), json.dumps(told[name], indent=2))

    return GcloudSet(
        "routes: each path to its function, everything else to the form; by http, browsers to https and nobody else",
        look=_ask(place, "url-maps list --global"),
        changes=lambda there: [put(name) for name in told if not _has(_named(there).get(name), told[name])],
        empty=[],
        delete=lambda there: [_do(place, f"url-maps delete {name} --global") for name in told if name in _named(there)],
    )


_TRACES = ("traceparent", "tracestate", "X-Cloud-Trace-Context")
"""Headers by which a client would name the trace that its log entries join; Cloud Run then names one itself."""


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
        "headerAction": {"requestHeadersToRemove": list(_TRACES)},
        "hostRules": [{"hosts": [place.domain], "pathMatcher": "rollcall"}],
        "pathMatchers": [{"name": "rollcall", "defaultUrlRedirect": to_the_form, "pathRules": rules}],
    }


def _to_https(place: Place) -> dict[str, Any]:
    """301 for what browsers ask by themselves. What a program posts here gets 403 from the load balancer, so that
    somebody finds out (https://cloud.google.com/load-balancing/docs/https/traffic-management-global, "Fault injection":
    an aborted request reaches no backend, though the rule must name one)."""
    redirect = {"httpsRedirect": True, "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT"}
    posted = [
        {"prefixMatch": "/", "headerMatches": [{"headerName": ":method", "exactMatch": method}]}
        for method in ("POST", "PUT", "PATCH", "DELETE")
    ]
    backend = f"projects/{place.project}/global/backendServices/register"
    refused = {
        "faultInjectionPolicy": {"abort": {"httpStatus": 403, "percentage": 100.0}},
        "weightedBackendServices": [{"backendService": backend, "weight": 100}],
    }
    rules = [{"priority": 1, "matchRules": posted, "routeAction": refused}]
    return {
        "name": "rollcall-http",
        "defaultUrlRedirect": redirect,
        "hostRules": [{"hosts": ["*"], "pathMatcher": "programs"}],
        "pathMatchers": [{"name": "programs", "defaultUrlRedirect": redirect, "routeRules": rules}],
    }


def _certificate(place: Place) -> GcloudStep:
    """The load balancer's own kind of certificate: Google renews it and needs nothing but the A record. Certificate
    Manager would take three more things for no gain
    (https://cloud.google.com/load-balancing/docs/ssl-certificates/google-managed-certs). A certificate is
    immutable, so each host name has its own."""
    name = _certificate_name(place)
    return GcloudStep(
        f"the certificate of {place.domain}, which Google renews",
        look=_ask(place, f"ssl-certificates describe {name} --global"),
        create=(_do(place, f"ssl-certificates create {name} --global --domains={place.domain}"),),
        delete=(_do(place, f"ssl-certificates delete {name} --global"),),
    )


def _certificate_name(place: Place) -> str:
    """Names at Compute Engine begin with a letter and have at most 63 characters."""
    return f"rollcall-{place.domain.replace('.', '-')}"[:63].rstrip("-")


def _tls(place: Place) -> GcloudStep:
    settings = "--profile=MODERN --min-tls-version=1.2"
    return GcloudStep(
        "the lowest TLS version, 1.2",
        look=_ask(place, "ssl-policies describe rollcall --global"),
        create=(_do(place, f"ssl-policies create rollcall --global {settings}"),),
        is_current=lambda there: _has(there, {"profile": "MODERN", "minTlsVersion": "TLS_1_2"}),
        update=(_do(place, f"ssl-policies update rollcall --global {settings}"),),
        delete=(_do(place, "ssl-policies delete rollcall --global"),),
    )


def _https_proxy(place: Place) -> GcloudStep:
    certificate = _certificate_name(place)
    parts = f"--url-map=rollcall --ssl-certificates={certificate} --ssl-policy=rollcall"
    everywhere = "--global --global-url-map --global-ssl-certificates --global-ssl-policy"
    told = {
        "urlMap": "global/urlMaps/rollcall",
        "sslCertificates": [f"global/sslCertificates/{certificate}"],
        "sslPolicy": "global/sslPolicies/rollcall",
    }
    return GcloudStep(
        "the https proxy",
        look=_ask(place, "target-https-proxies describe rollcall-https --global"),
        create=(_do(place, f"target-https-proxies create rollcall-https {parts} {everywhere}"),),
        is_current=lambda there: _has(there, told),
        update=(_do(place, f"target-https-proxies update rollcall-https {parts} {everywhere}"),),
        delete=(_do(place, "target-https-proxies delete rollcall-https --global"),),
    )


def _http_proxy(place: Place) -> GcloudStep:
    parts = "--global --url-map=rollcall-http --global-url-map"
    return GcloudStep(
        "the http proxy, which redirects to https",
        look=_ask(place, "target-http-proxies describe rollcall-http --global"),
        create=(_do(place, f"target-http-proxies create rollcall-http {parts}"),),
        is_current=lambda there: _has(there, {"urlMap": "global/urlMaps/rollcall-http"}),
        update=(_do(place, f"target-http-proxies update rollcall-http {parts}"),),
        delete=(_do(place, "target-http-proxies delete rollcall-http --global"),),
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
        changes=lambda there: [make(speaks) for speaks in ports if f"rollcall-{speaks}" not in _named(there)],
        empty=[],
        delete=lambda there: [
            _do(place, f"forwarding-rules delete rollcall-{speaks} --global")
            for speaks in ports
            if f"rollcall-{speaks}" in _named(there)
        ],
    )


def _named(there: Any) -> dict[str, Any]:
    return {thing["name"]: thing for thing in there}


def _ask(place: Place, words: str) -> Command:
    return gcloud(f"compute {words} --format=json", project=place.project)


def _do(place: Place, words: str, *more: str) -> Command:
    return gcloud(f"compute {words}", *more, project=place.project)


def _has(there: Any, told: Any) -> bool:
    """Whether the thing matches: wanted fields of objects, whole lists in any order, the end of a thing's address."""
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
