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
from typing import Any

from deploy.place import Place
from deploy.steps import Command, GcloudStep, Run, Step, gcloud

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
        *(_endpoints(place, function) for function in _PATHS),
        *_limits(place),
        *(step for function in _PATHS for step in _backend(place, function)),
        _limited(place),
        _url_map(place, "the way of each path to its function", _routes(place)),
        _certificate(place),
        _tls(place),
        *_https(place),
        _url_map(place, "the way from http to https", _TO_HTTPS),
        *_http(place),
    )


def address(place: Place, run: Run) -> str | None:
    """The IPv4 address that the A record of the host name must have; None where it is not yet reserved."""
    ran = run(_address(place).look)
    return str(json.loads(ran.output)["address"]) if ran.ok else None


def certificate_state(place: Place, run: Run) -> str:
    """How the certificate stands, in Google's words: `ACTIVE`, and nothing else, where pages can be opened.

    `PROVISIONING (FAILED_NOT_VISIBLE)` until the A record is there and Google has seen it, which takes up to an hour
    after (https://cloud.google.com/load-balancing/docs/ssl-certificates/troubleshooting).
    """
    ran = run(_certificate(place).look)
    if not ran.ok:
        return "not there"
    managed = json.loads(ran.output).get("managed", {})
    state, of_domain = managed.get("status", "PROVISIONING"), managed.get("domainStatus", {}).get(place.domain)
    return state if of_domain in (None, state) else f"{state} ({of_domain})"


def _address(place: Place) -> GcloudStep:
    return GcloudStep(
        "the address of the front, for the A record",
        look=_ask(place, "addresses describe rollcall --global"),
        make=(_do(place, "addresses create rollcall --global --ip-version=IPV4"),),
        unmake=(_do(place, "addresses delete rollcall --global"),),
    )


def _endpoints(place: Place, function: str) -> GcloudStep:
    """A function of the 2nd generation is a Cloud Run service, and is pointed to as one
    (https://cloud.google.com/load-balancing/docs/negs/serverless-neg-concepts, "Supported load balancers")."""
    thing = f"{function} --region={place.region}"
    service = f"--network-endpoint-type=serverless --cloud-run-service={function}"
    return GcloudStep(
        f"the endpoint of {function}",
        look=_ask(place, f"network-endpoint-groups describe {thing}"),
        make=(_do(place, f"network-endpoint-groups create {thing} {service}"),),
        unmake=(_do(place, f"network-endpoint-groups delete {thing}"),),
    )


def _limits(place: Place) -> tuple[GcloudStep, ...]:
    """How much one client may ask of the form; docs/who-may-do-what.md says why so much. It stands before `register`
    alone: SendGrid posts from few addresses, for everyone, and takes the 429 of a limit as final, so that a form or a
    report would be lost."""
    policy = GcloudStep(
        "the policy of limits",
        look=_ask(place, "security-policies describe rollcall --global"),
        make=(
            _do(
                place,
                "security-policies create rollcall --global",
                "--description=Rollcall: how much one client may ask of the registration form",
            ),
        ),
        unmake=(_do(place, "security-policies delete rollcall --global"),),
    )
    return (
        policy,
        # A delegation of 150 behind one address, two presses each, within five minutes: 60 forms a minute.
        _limit(
            place,
            1000,
            60,
            "forms",
            "--expression=request.method == 'POST'",
            {"expr": {"expression": "request.method == 'POST'"}},
        ),
        # Pages are cheaper, and are opened more often than sent.
        _limit(
            place,
            1100,
            300,
            "requests of any other kind",
            "--src-ip-ranges=*",
            {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}},
        ),
    )


def _limit(place: Place, priority: int, count: int, what: str, whose: str, match: dict[str, Any]) -> GcloudStep:
    told = (
        f"--description={count} {what} a minute from one address",
        whose,
        "--action=throttle",
        "--enforce-on-key=ip",
        f"--rate-limit-threshold-count={count}",
        "--rate-limit-threshold-interval-sec=60",
        "--conform-action=allow",
        "--exceed-action=deny-429",
    )
    limited = {
        "conformAction": "allow",
        "enforceOnKey": "IP",
        "exceedAction": "deny(429)",
        "rateLimitThreshold": {"count": count, "intervalSec": 60},
    }
    rule = f"{priority} --security-policy=rollcall"
    return GcloudStep(
        f"the limit of {count} {what} a minute",
        look=_ask(place, f"security-policies rules describe {rule}"),
        make=(_do(place, f"security-policies rules create {rule}", *told),),
        # `describe` prints a list of the one rule.
        wanted=lambda rules: _has(rules[0], {"action": "throttle", "match": match, "rateLimitOptions": limited}),
        change=(_do(place, f"security-policies rules update {rule}", *told),),
        # It goes with the policy.
    )


def _backend(place: Place, function: str) -> tuple[GcloudStep, ...]:
    look = _ask(place, f"backend-services describe {function} --global")
    settings = ("--no-enable-cdn", "--no-enable-logging", f"--custom-response-header={_HSTS}")
    group = f"--network-endpoint-group={function} --network-endpoint-group-region={place.region}"
    return (
        GcloudStep(
            f"the backend of {function}",
            look=look,
            make=(
                _do(
                    place,
                    f"backend-services create {function} --global --load-balancing-scheme=EXTERNAL_MANAGED",
                    *settings,
                ),
            ),
            wanted=lambda there: (
                [header.replace(" ", "") for header in there.get("customResponseHeaders", [])]
                == [_HSTS.replace(" ", "")]
                and not there.get("enableCDN")
                and not there.get("logConfig", {}).get("enable")
            ),
            change=(_do(place, f"backend-services update {function} --global", *settings),),
            unmake=(_do(place, f"backend-services delete {function} --global"),),
        ),
        # A step of its own: where the one before was made and this failed, the next run goes on here.
        GcloudStep(
            f"{function} in its backend",
            look=look,
            wanted=lambda there: (
                [backend["group"].rpartition("/")[2] for backend in there.get("backends", [])] == [function]
            ),
            change=(_do(place, f"backend-services add-backend {function} --global {group}"),),
        ),
    )


def _limited(place: Place) -> GcloudStep:
    return GcloudStep(
        "the limits before register",
        look=_ask(place, "backend-services describe register --global"),
        wanted=lambda there: there.get("securityPolicy", "").endswith("/global/securityPolicies/rollcall"),
        change=(_do(place, "backend-services update register --global --security-policy=rollcall"),),
    )


def _routes(place: Place) -> dict[str, Any]:
    to_the_form = {
        "hostRedirect": place.domain,
        "pathRedirect": "/register",
        "httpsRedirect": True,
        "redirectResponseCode": "FOUND",
        "stripQuery": True,
    }
    return {
        "name": "rollcall",
        "defaultUrlRedirect": to_the_form,
        "hostRules": [{"hosts": [place.domain], "pathMatcher": "rollcall"}],
        "pathMatchers": [
            {
                "name": "rollcall",
                "defaultUrlRedirect": to_the_form,
                "pathRules": [
                    {
                        "paths": list(paths),
                        "service": f"projects/{place.project}/global/backendServices/{function}",
                    }
                    for function, paths in _PATHS.items()
                ],
            }
        ],
    }


_TO_HTTPS: dict[str, Any] = {
    "name": "rollcall-http",
    "defaultUrlRedirect": {"httpsRedirect": True, "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT"},
}
"""301. https://cloud.google.com/load-balancing/docs/https/setting-up-global-http-https-redirect"""


def _url_map(place: Place, makes: str, told: dict[str, Any]) -> GcloudStep:
    name = told["name"]
    put = Command(
        ("gcloud", "compute", "url-maps", "import", name, "--global", f"--project={place.project}", "--quiet"),
        json.dumps(told, indent=2),
    )
    return GcloudStep(
        makes,
        look=_ask(place, f"url-maps describe {name} --global"),
        make=(put,),
        wanted=lambda there: _has(there, told),
        change=(put,),
        unmake=(_do(place, f"url-maps delete {name} --global"),),
    )


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


def _https(place: Place) -> tuple[GcloudStep, ...]:
    certificate = _certificate_name(place)
    parts = f"--url-map=rollcall --ssl-certificates={certificate} --ssl-policy=rollcall"
    everywhere = "--global --global-url-map --global-ssl-certificates --global-ssl-policy"
    return (
        GcloudStep(
            "what speaks https",
            look=_ask(place, "target-https-proxies describe rollcall-https --global"),
            make=(_do(place, f"target-https-proxies create rollcall-https {parts} {everywhere}"),),
            wanted=lambda there: _has(
                {"sslPolicy": "", **there},
                {
                    "urlMap": "global/urlMaps/rollcall",
                    "sslCertificates": [f"global/sslCertificates/{certificate}"],
                    "sslPolicy": "global/sslPolicies/rollcall",
                },
            ),
            change=(_do(place, f"target-https-proxies update rollcall-https {parts} {everywhere}"),),
            unmake=(_do(place, "target-https-proxies delete rollcall-https --global"),),
        ),
        _port(place, "rollcall-https", 443),
    )


def _http(place: Place) -> tuple[GcloudStep, ...]:
    parts = "--url-map=rollcall-http --global-url-map"
    return (
        GcloudStep(
            "what answers http",
            look=_ask(place, "target-http-proxies describe rollcall-http --global"),
            make=(_do(place, f"target-http-proxies create rollcall-http --global {parts}"),),
            wanted=lambda there: _has(there, {"urlMap": "global/urlMaps/rollcall-http"}),
            change=(_do(place, f"target-http-proxies update rollcall-http --global {parts}"),),
            unmake=(_do(place, "target-http-proxies delete rollcall-http --global"),),
        ),
        _port(place, "rollcall-http", 80),
    )


def _port(place: Place, name: str, port: int) -> GcloudStep:
    speaks = name.removeprefix("rollcall-")
    way = "--load-balancing-scheme=EXTERNAL_MANAGED --network-tier=PREMIUM --address=rollcall --global-address"
    target = f"--target-{speaks}-proxy={name} --global-target-{speaks}-proxy --ports={port}"
    return GcloudStep(
        f"port {port}",
        look=_ask(place, f"forwarding-rules describe {name} --global"),
        make=(_do(place, f"forwarding-rules create {name} --global {way} {target}"),),
        unmake=(_do(place, f"forwarding-rules delete {name} --global"),),
    )


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
