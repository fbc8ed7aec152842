"""The front as it is made, found again and taken away, by the real gcloud against the stand-in for Google."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.front import address, certificate_state, steps
from deploy.place import Place
from deploy.steps import Result, Run, apply_all
from tests.support.google_api import NUMBER, PROJECT, Asked, GoogleApi

pytestmark = pytest.mark.slow
PLACE = Place(PROJECT, NUMBER, "europe-west6", "registration.example.org", "on-call@example.org")
PUBLIC = ["register", "receive-email", "record-deliveries", "contribute", "pages", "staff"]
PRIVATE = ["send-mail", "send-due-mail", "close-intake"]
WAYS = {
    "/register": "register",
    "/register/*": "register",
    "/receive-email": "receive-email",
    "/record-deliveries": "record-deliveries",
    "/contribute": "contribute",
    "/contribute/*": "contribute",
    "/events": "pages",
    "/events/*": "pages",
    "/staff": "staff",
    "/staff/*": "staff",
}
HSTS = "Strict-Transport-Security: max-age=31536000; includeSubDomains"


@dataclass(frozen=True)
class Front:
    """The front, made."""

    google: GoogleApi
    run: Run
    before: tuple[str | None, str]
    """The address and how the certificate stood, while nothing was there."""
    made: tuple[Asked, ...]
    """What was asked of Google to make it, without what only reads."""

    def created(self, kind: str) -> dict[str, Any]:
        """What was created of a kind: the bodies, by name."""
        posts = [asked for asked in self.made if asked.method == "POST" and asked.path.endswith(f"/{kind}")]
        return {asked.body["name"]: asked.body for asked in posts}

    def there(self, kind: str, name: str) -> dict[str, Any]:
        """A thing as Google has it."""
        return self.google.resources[f"compute projects/{PROJECT}/global/{kind}/{name}"]


@pytest.fixture(scope="module")
def front(google: GoogleApi, tmp_path_factory: pytest.TempPathFactory) -> Front:
    run = google.runs(tmp_path_factory.mktemp("gcloud"))
    before = address(PLACE, run), certificate_state(PLACE, run)
    apply_all(steps(PLACE), run)
    return Front(google, run, before, tuple(deepcopy(google.changes())))


def test_each_path_reaches_its_function_and_others_the_form(front: Front) -> None:
    routes = front.created("urlMaps")["rollcall"]
    [hosts] = routes["hostRules"]
    [paths] = routes["pathMatchers"]
    assert hosts == {"hosts": ["registration.example.org"], "pathMatcher": paths["name"]}
    assert ways(routes) == WAYS
    for place in (routes, paths):
        assert place["defaultUrlRedirect"] == {
            "hostRedirect": "registration.example.org",
            "pathRedirect": "/register",
            "httpsRedirect": True,
            "redirectResponseCode": "FOUND",
            "stripQuery": True,
        }
        assert not {"defaultService", "defaultRouteAction", "routeRules"} & set(place)


def ways(routes: dict[str, Any]) -> dict[str, str]:
    """Which path leads to which function."""
    rules = [rule for paths in routes["pathMatchers"] for rule in paths["pathRules"]]
    return {path: rule["service"].rpartition("/")[2] for rule in rules for path in rule["paths"]}


def test_no_client_says_which_trace_its_entries_join(front: Front) -> None:
    removed = front.there("urlMaps", "rollcall")["headerAction"]["requestHeadersToRemove"]
    assert {name.lower() for name in removed} >= {"traceparent", "x-cloud-trace-context"}


def test_nothing_leads_to_a_private_function(front: Front) -> None:
    groups = front.created("networkEndpointGroups")
    assert {name: group["cloudRun"] for name, group in groups.items()} == {name: {"service": name} for name in PUBLIC}
    assert {group["networkEndpointType"] for group in groups.values()} == {"SERVERLESS"}
    asked = json.dumps([[asked.path, asked.body] for asked in front.made])
    assert not [name for name in PRIVATE if name in asked]


def test_backends_send_hsts_compress_log_all_and_do_not_cache(front: Front) -> None:
    assert list(front.created("backendServices")) == PUBLIC
    for name in PUBLIC:
        backend = front.there("backendServices", name)
        assert backend["customResponseHeaders"] == [HSTS]
        assert backend["loadBalancingScheme"] == "EXTERNAL_MANAGED"
        assert backend["logConfig"] == {"enable": True, "sampleRate": 1.0}  # what is kept of it: test_watch.py
        assert backend["enableCDN"] is False
        assert backend["compressionMode"] == "AUTOMATIC"
        assert [group["group"].partition("/projects/")[2] for group in backend["backends"]] == [
            f"{PROJECT}/regions/europe-west6/networkEndpointGroups/{name}"
        ]


def test_https_uses_no_old_tls(front: Front) -> None:
    assert front.created("sslPolicies")["rollcall"] == {
        "name": "rollcall",
        "profile": "MODERN",
        "minTlsVersion": "TLS_1_2",
    }
    [certificate] = front.created("sslCertificates").values()
    assert (certificate["type"], certificate["managed"]) == ("MANAGED", {"domains": ["registration.example.org"]})
    proxy = front.created("targetHttpsProxies")["rollcall-https"]
    assert proxy["sslPolicy"].endswith("/sslPolicies/rollcall")
    assert [name.rpartition("/")[2] for name in proxy["sslCertificates"]] == [certificate["name"]]
    assert proxy["urlMap"].endswith("/urlMaps/rollcall")


def test_http_redirects_browsers_to_https_and_refuses_programs(front: Front) -> None:
    routes = front.created("urlMaps")["rollcall-http"]
    [hosts], [paths] = routes["hostRules"], routes["pathMatchers"]
    assert hosts == {"hosts": ["*"], "pathMatcher": paths["name"]}
    for default in (routes, paths):
        assert default["defaultUrlRedirect"] == {
            "httpsRedirect": True,
            "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT",
        }
    [rule] = paths["routeRules"]
    methods = [header["exactMatch"] for match in rule["matchRules"] for header in match["headerMatches"]]
    assert methods == ["POST", "PUT", "PATCH", "DELETE"]
    assert {match["prefixMatch"] for match in rule["matchRules"]} == {"/"}
    assert rule["routeAction"]["faultInjectionPolicy"] == {"abort": {"httpStatus": 403, "percentage": 100.0}}
    assert front.created("targetHttpProxies")["rollcall-http"]["urlMap"].endswith("/urlMaps/rollcall-http")


def test_both_ports_share_one_address(front: Front) -> None:
    assert front.created("addresses")["rollcall"]["ipVersion"] == "IPV4"
    ports = front.created("forwardingRules")
    targets = {rule["portRange"]: "/".join(rule["target"].split("/")[-2:]) for rule in ports.values()}
    assert targets == {"443": "targetHttpsProxies/rollcall-https", "80": "targetHttpProxies/rollcall-http"}
    assert all(rule["IPAddress"].endswith("/global/addresses/rollcall") for rule in ports.values())
    assert {rule["loadBalancingScheme"] for rule in ports.values()} == {"EXTERNAL_MANAGED"}


def test_a_client_over_the_limit_is_refused_before_each_function(front: Front) -> None:
    """After 502 SendGrid posts again; after 429 a form would be lost."""
    sendgrids, forms, others = front.there("securityPolicies", "rollcall")["rules"]
    expression = "request.path == '/receive-email' || request.path == '/record-deliveries'"
    assert sendgrids["match"] == {"expr": {"expression": expression}}
    assert forms["match"] == {"expr": {"expression": "request.method == 'POST'"}}
    assert others["match"] == {"config": {"srcIpRanges": ["*"]}, "versionedExpr": "SRC_IPS_V1"}
    assert sendgrids["priority"] < forms["priority"] < others["priority"]
    for rule, count, status in ((sendgrids, 1200, 502), (forms, 60, 429), (others, 300, 429)):
        assert rule["action"] == "throttle"
        assert rule["rateLimitOptions"] == {
            "conformAction": "allow",
            "enforceOnKey": "IP",
            "exceedAction": f"deny({status})",
            "rateLimitThreshold": {"count": count, "intervalSec": 60},
        }
    for name in PUBLIC:
        assert front.there("backendServices", name)["securityPolicy"].endswith("/securityPolicies/rollcall")


def test_parts_are_created_before_what_uses_them(front: Front) -> None:
    """So it can be made at all, and taken away backwards: Google refuses to delete what is in use."""
    made: set[str] = set()
    for asked in front.made:
        for link in links(asked.body):
            assert link in made, f"{asked} uses {link}"
        if asked.method == "POST" and "name" in (asked.body or {}):
            made.add(f"{asked.path}/{asked.body['name']}".partition("/")[2])
    assert len(made) == 22


def links(told: Any) -> Iterator[str]:
    """The things that a request names, without the one that it is about."""
    match told:
        case dict():
            for name, value in told.items():
                if name != "selfLink":
                    yield from links(value)
        case list():
            for value in told:
                yield from links(value)
        case str() if "projects/p-test/" in told:
            yield told.partition("projects/")[2]


def test_address_and_certificate_state(front: Front) -> None:
    assert front.before == (None, "not there")
    assert address(PLACE, front.run) == "203.0.113.7"
    certificate = front.there("sslCertificates", "rollcall-registration-example-org")["managed"]
    certificate |= {"status": "PROVISIONING", "domainStatus": {"registration.example.org": "FAILED_NOT_VISIBLE"}}
    assert certificate_state(PLACE, front.run) == "PROVISIONING (FAILED_NOT_VISIBLE)"
    certificate |= {"status": "ACTIVE", "domainStatus": {"registration.example.org": "ACTIVE"}}
    assert certificate_state(PLACE, front.run) == "ACTIVE"


def test_changes_by_hand_are_reverted_once(front: Front) -> None:
    front.there("securityPolicies", "rollcall")["rules"][0]["rateLimitOptions"]["rateLimitThreshold"]["count"] = 6000
    front.there("backendServices", "record-deliveries")["logConfig"] = {"enable": True, "sampleRate": 0.1}
    front.there("backendServices", "receive-email")["backends"] = []
    del front.there("backendServices", "register")["securityPolicy"]
    routes = front.there("urlMaps", "rollcall")["pathMatchers"][0]["pathRules"]
    routes.append({**routes[0], "paths": ["/close-intake"]})
    front.there("urlMaps", "rollcall-http")["defaultUrlRedirect"]["redirectResponseCode"] = "FOUND"
    front.there("sslPolicies", "rollcall")["minTlsVersion"] = "TLS_1_0"
    del front.there("targetHttpsProxies", "rollcall-https")["sslPolicy"]
    front.there("targetHttpProxies", "rollcall-http")["urlMap"] = front.there("urlMaps", "rollcall")["selfLink"]

    came = {step.title.partition(",")[0]: step.apply(front.run) for step in steps(PLACE)}
    assert [makes for makes in came if came[makes] is not Result.UNCHANGED] == [
        "the limits: 60 forms",
        "a backend for each of them: HTTPS alone (HSTS)",
        "each function in its backend",
        "routes: each path to its function",
        "the lowest TLS version",
        "the https proxy",
        "the http proxy",
    ]
    assert ways(front.there("urlMaps", "rollcall")) == WAYS

    before = len(front.google.changes())
    assert {step.apply(front.run) for step in steps(PLACE)} == {Result.UNCHANGED}
    assert [str(asked) for asked in front.google.changes()[before:]] == []


def test_another_host_name_gets_its_own_certificate() -> None:
    moved = Place(PROJECT, NUMBER, "europe-west6", "anmeldung.example.org", "on-call@example.org")
    planned = "\n".join(line for step in steps(moved) for line in step.plan())
    assert "ssl-certificates create rollcall-anmeldung-example-org --global --domains=anmeldung.example.org" in planned
    assert "--ssl-certificates=rollcall-anmeldung-example-org" in planned


def test_everything_is_removed(front: Front) -> None:
    came = [step.remove(front.run) for step in reversed(steps(PLACE))]
    assert came.count(Result.DELETED) == 10  # the limits go with their policy, what is joined with its backend
    left = [name for name in front.google.resources if name.startswith("compute ") and "/operations/" not in name]
    assert left == []
