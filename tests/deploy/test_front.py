"""The front as it is made, found again and taken away, by the real gcloud against the stand-in for Google."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.front import address, certificate_state, steps
from deploy.place import Place
from deploy.steps import Came, Command, Ran, Run, Step, take_all
from tests.conftest import leave_out
from tests.deploy.google_api import NUMBER, PROJECT, Asked, GoogleApi, google_api

PLACE = Place(PROJECT, NUMBER, "europe-west6", "registration.example.org", "duty@example.org")
PUBLIC = ["register", "receive-email", "record-deliveries"]
PRIVATE = ["send-mail", "send-due-mail", "close-intake"]
WAYS = {
    "/register": "register",
    "/register/*": "register",
    "/receive-email": "receive-email",
    "/record-deliveries": "record-deliveries",
}
HSTS = "Strict-Transport-Security: max-age=31536000"


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
        return self.google.kept[f"compute projects/{PROJECT}/global/{kind}/{name}"]


def runs(environment: dict[str, str]) -> Run:
    """As `run_command`, in an environment of its own."""

    def run(command: Command) -> Ran:
        done = subprocess.run(
            command.argv, input=command.feed, capture_output=True, text=True, check=False, env=os.environ | environment
        )
        return Ran(done.returncode == 0, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if shutil.which("gcloud") is None:
        leave_out("the front of the deployment: gcloud is not installed")
    with google_api() as google:
        run = runs(google.environment(tmp_path_factory.mktemp("gcloud")))
        before = address(PLACE, run), certificate_state(PLACE, run)
        take_all(steps(PLACE), run)
        yield Front(google, run, before, tuple(deepcopy(google.changes())))


def at_once(front: Front, those: list[Step]) -> list[Came]:
    """Take steps that do not wait for each other: gcloud takes a second each time."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda step: step.take(front.run), those))


def step(makes: str) -> Step:
    return next(step for step in steps(PLACE) if step.makes == makes)


def test_each_path_goes_to_its_function_and_all_else_to_the_form(front: Front) -> None:
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


def test_nothing_leads_to_a_private_function(front: Front) -> None:
    groups = front.created("networkEndpointGroups")
    assert {name: group["cloudRun"] for name, group in groups.items()} == {name: {"service": name} for name in PUBLIC}
    assert {group["networkEndpointType"] for group in groups.values()} == {"SERVERLESS"}
    asked = json.dumps([[asked.path, asked.body] for asked in front.made])
    assert not [name for name in PRIVATE if name in asked]


def test_every_answer_of_a_function_says_https_alone_and_none_is_logged_or_kept(front: Front) -> None:
    assert list(front.created("backendServices")) == PUBLIC
    for name in PUBLIC:
        backend = front.there("backendServices", name)
        assert backend["customResponseHeaders"] == [HSTS]
        assert backend["loadBalancingScheme"] == "EXTERNAL_MANAGED"
        assert backend["logConfig"]["enable"] is False
        assert backend["enableCDN"] is False
        assert [group["group"].partition("/projects/")[2] for group in backend["backends"]] == [
            f"{PROJECT}/regions/europe-west6/networkEndpointGroups/{name}"
        ]


def test_https_is_spoken_in_no_old_way(front: Front) -> None:
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


def test_http_leads_to_https_and_to_nothing_else(front: Front) -> None:
    assert front.created("urlMaps")["rollcall-http"] == {
        "name": "rollcall-http",
        "defaultUrlRedirect": {"httpsRedirect": True, "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT"},
    }
    assert front.created("targetHttpProxies")["rollcall-http"]["urlMap"].endswith("/urlMaps/rollcall-http")


def test_both_ports_are_at_the_one_address(front: Front) -> None:
    assert front.created("addresses")["rollcall"]["ipVersion"] == "IPV4"
    ports = front.created("forwardingRules")
    targets = {rule["portRange"]: "/".join(rule["target"].split("/")[-2:]) for rule in ports.values()}
    assert targets == {"443": "targetHttpsProxies/rollcall-https", "80": "targetHttpProxies/rollcall-http"}
    assert all(rule["IPAddress"].endswith("/global/addresses/rollcall") for rule in ports.values())
    assert {rule["loadBalancingScheme"] for rule in ports.values()} == {"EXTERNAL_MANAGED"}


def test_one_client_may_ask_so_much_of_the_form_and_then_gets_429(front: Front) -> None:
    forms, others = front.there("securityPolicies", "rollcall")["rules"]
    assert forms["match"] == {"expr": {"expression": "request.method == 'POST'"}}
    assert others["match"] == {"config": {"srcIpRanges": ["*"]}, "versionedExpr": "SRC_IPS_V1"}
    assert forms["priority"] < others["priority"]
    for rule, count in ((forms, 60), (others, 300)):
        assert rule["action"] == "throttle"
        assert rule["rateLimitOptions"] == {
            "conformAction": "allow",
            "enforceOnKey": "IP",
            "exceedAction": "deny(429)",
            "rateLimitThreshold": {"count": count, "intervalSec": 60},
        }
    limited = [name for name in PUBLIC if "securityPolicy" in front.there("backendServices", name)]
    assert limited == ["register"]
    assert front.there("backendServices", "register")["securityPolicy"].endswith("/securityPolicies/rollcall")


def test_what_is_used_is_there_before_what_uses_it(front: Front) -> None:
    """So it can be made at all, and taken away backwards: Google refuses to delete what is in use."""
    made: set[str] = set()
    for asked in front.made:
        for link in links(asked.body):
            assert link in made, f"{asked} uses {link}"
        if asked.method == "POST" and "name" in (asked.body or {}):
            made.add(f"{asked.path}/{asked.body['name']}".partition("/")[2])
    assert len(made) == 16


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


def test_it_says_the_address_and_how_the_certificate_stands(front: Front) -> None:
    assert front.before == (None, "not there")
    assert address(PLACE, front.run) == "203.0.113.7"
    certificate = front.there("sslCertificates", "rollcall-registration-example-org")["managed"]
    certificate |= {"status": "PROVISIONING", "domainStatus": {"registration.example.org": "FAILED_NOT_VISIBLE"}}
    assert certificate_state(PLACE, front.run) == "PROVISIONING (FAILED_NOT_VISIBLE)"
    certificate |= {"status": "ACTIVE", "domainStatus": {"registration.example.org": "ACTIVE"}}
    assert certificate_state(PLACE, front.run) == "ACTIVE"


def test_what_somebody_changed_by_hand_is_mended_and_then_nothing_is_left_to_do(front: Front) -> None:
    wrong = [
        "the limit of 60 forms a minute",
        "the backend of register",
        "receive-email in its backend",
        "the limits before register",
        "the way of each path to its function",
        "the lowest TLS that is spoken, 1.2",
        "what speaks https",
        "the way from http to https",
        "what answers http",
    ]
    front.there("securityPolicies", "rollcall")["rules"][0]["rateLimitOptions"]["rateLimitThreshold"]["count"] = 6000
    front.there("backendServices", "register")["logConfig"] = {"enable": True}
    del front.there("backendServices", "register")["securityPolicy"]
    front.there("backendServices", "receive-email")["backends"] = []
    routes = front.there("urlMaps", "rollcall")["pathMatchers"][0]["pathRules"]
    routes.append({**routes[0], "paths": ["/close-intake"]})
    front.there("sslPolicies", "rollcall")["minTlsVersion"] = "TLS_1_0"
    del front.there("targetHttpsProxies", "rollcall-https")["sslPolicy"]
    front.there("urlMaps", "rollcall-http")["defaultUrlRedirect"]["redirectResponseCode"] = "FOUND"
    front.there("targetHttpProxies", "rollcall-http")["urlMap"] = front.there("urlMaps", "rollcall")["selfLink"]

    for makes in wrong:
        assert step(makes).take(front.run) == Came.CHANGED, makes
    seen = len(front.google.asked)
    assert set(at_once(front, list(steps(PLACE)))) == {Came.AS_IT_WAS}
    assert [str(asked) for asked in front.google.asked[seen:] if not asked.reads] == []
    assert ways(front.there("urlMaps", "rollcall")) == WAYS


def test_another_host_name_gets_a_certificate_of_its_own(front: Front) -> None:
    moved = Place(PROJECT, NUMBER, "europe-west6", "anmeldung.example.org", "duty@example.org")
    again = {step.makes: step for step in steps(moved)}
    assert again["the certificate of anmeldung.example.org, which Google renews"].take(front.run) == Came.MADE
    for makes in ("what speaks https", "the way of each path to its function"):
        assert again[makes].take(front.run) == Came.CHANGED
    [used] = front.there("targetHttpsProxies", "rollcall-https")["sslCertificates"]
    assert used.endswith("/rollcall-anmeldung-example-org")
    assert front.there("urlMaps", "rollcall")["hostRules"][0]["hosts"] == ["anmeldung.example.org"]


def test_all_of_it_is_taken_away(front: Front) -> None:
    """At once, since the stand-in does not mind the order; the test above holds that."""
    with ThreadPoolExecutor(4) as pool:
        came = list(pool.map(lambda step: step.take_away(front.run), steps(PLACE)))
    assert came.count(Came.TAKEN_AWAY) == 16
    left = [name.rpartition("/")[2] for name in front.google.kept if name.startswith("compute ")]
    of_another_host = ["rollcall-anmeldung-example-org"]
    assert [name for name in left if not name.startswith("operation-")] == of_another_host
