"""What watches over the desk: made by the real gcloud, in Google's place a stand-in; and each filter meets what it is
meant for."""

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.alerts import AGES, METRICS, PAGE, Alert, alerts
from deploy.place import Place
from deploy.steps import Result, gcloud
from deploy.watch import agrees, current_on_call, log_exclusion
from deploy.watch import steps as monitoring
from rollcall.desk.limits import Limits
from tests.support.google_api import PROJECT, GoogleApi
from tests.support.planned import plan
from tests.support.served import ROOT

PLACE = Place(PROJECT, "123456789012", "europe-west6", "registration.example.org", "on-call@example.org")
STEPS = (log_exclusion(PLACE), *monitoring(PLACE))
REQUESTS = 'log_id("run.googleapis.com/requests") OR log_id("requests")'
SINK = f"logging projects/{PROJECT}/sinks/_Default"

CONDITIONS = [condition for alert in alerts(PLACE) for condition in alert.body()["conditions"]]
MADE = (
    "rollcall_sweeps",
    "rollcall_longest_waiting",
    "E-mail delayed",
    "Minute jobs stopped",
    "Quota nearly exhausted",
)
"""What is not there before the first run: something of each shape."""
POLICIES = f"projects/{PROJECT}/alertPolicies"
OLD = {"name": f"{POLICIES}/old", "displayName": "Of an earlier version", "userLabels": {"made-by": "rollcall"}}
THEIRS = {"name": f"{POLICIES}/theirs", "displayName": "Somebody's own"}
CHANNEL_TWICE, POLICY_TWICE = f"projects/{PROJECT}/notificationChannels/twice", f"{POLICIES}/twice"
THEIR_CHANNEL = {
    "name": f"projects/{PROJECT}/notificationChannels/theirs",
    "displayName": "Somebody's own",
    "labels": {"email_address": "somebody@example.org"},
}


def as_google_has_it(google: GoogleApi) -> None:
    """Google names conditions, notes who made what, and leaves out what is zero."""
    for path, thing in google.resources.items():
        if "/alertPolicies/" in path:
            thing["creationRecord"] = {"mutateTime": "2004-01-14T08:00:00Z"}
            for number, condition in enumerate(thing["conditions"]):
                condition["name"] = f"{thing['name']}/conditions/{number}"
                threshold = condition.get("conditionThreshold", {})
                if threshold.get("thresholdValue") == 0:
                    del threshold["thresholdValue"]


def mostly_there(google: GoogleApi) -> None:
    """All but a few are there already: one gcloud after another takes its time, and a few stand for all."""
    for metric in METRICS:
        if metric.id not in MADE:
            google.resources[f"logging projects/{PROJECT}/metrics/{metric.id}"] = {"name": metric.id, **metric.body()}
    for number, alert in enumerate(alerts(PLACE)):
        if alert.name not in MADE:
            at = f"{POLICIES}/{number}"
            told = {"notificationChannels": [f"projects/{PROJECT}/notificationChannels/made-1"]}
            google.resources[f"monitoring {at}"] = {"name": at, **alert.body(), **told}


def somebody_changes(google: GoogleApi) -> None:
    """By hand, in the console: who is told, what is kept out of the logs, a threshold, a policy that is switched off, a
    metric's filter; one is deleted; one of ours is an old one. A channel and an alert are there twice, as where the
    answer to making one was lost and it was made again."""
    channel = _one(google.resources, "notificationChannels", "On call")
    channel["labels"]["email_address"] = "gone@example.org"
    google.resources[SINK]["exclusions"][0]["filter"] = "severity=DEBUG"
    policies = {thing["displayName"]: path for path, thing in google.resources.items() if "/alertPolicies/" in path}
    google.resources[policies["Functions fail"]]["conditions"][0]["conditionThreshold"]["thresholdValue"] = 3000
    google.resources[policies["Quota nearly exhausted"]]["enabled"] = False
    del google.resources[policies["E-mail delayed"]]
    for policy in (OLD, THEIRS):
        google.resources[f"monitoring {policy['name']}"] = dict(policy)
    google.resources[f"logging projects/{PROJECT}/metrics/rollcall_sweeps"]["filter"] = "severity=ERROR"
    for thing, at in ((channel, CHANNEL_TWICE), (google.resources[policies["Closing missed"]], POLICY_TWICE)):
        google.resources[f"monitoring {at}"] = {**thing, "name": at}


@dataclass(frozen=True)
class Deployed:
    """What became of the runs, one after another."""

    came: Mapping[str, list[Result]]
    kept: Mapping[str, Mapping[str, Any]]
    """What was there after the first."""
    mended: Mapping[str, Mapping[str, Any]]
    """What was there after the second."""
    changes: list[str]
    """What the second asked for."""
    on_call: str
    """Who was told, after the first."""
    left: list[str]
    sink: Mapping[str, Any]
    """At the end."""

    def one(self, kind: str, title: str) -> Mapping[str, Any]:
        """The one of this kind and title, after the first run."""
        return _one(self.kept, kind, title)


def _one(kept: Mapping[str, Mapping[str, Any]], kind: str, title: str) -> Mapping[str, Any]:
    titles = (title, f"projects/{PROJECT}/{kind}/{title}")
    (found,) = (
        thing
        for path, thing in kept.items()
        if f"/{kind}/" in path and (thing.get("displayName") in titles or thing["name"] in titles)
    )
    return found


@pytest.fixture(scope="module")
def deployed(google: GoogleApi, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    run = google.runs(tmp_path_factory.mktemp("gcloud"))
    google.resources[f"monitoring {THEIR_CHANNEL['name']}"] = dict(THEIR_CHANNEL)
    mostly_there(google)
    first = [step.apply(run) for step in STEPS]
    whole = json.dumps({"displayName": "All", "conditions": CONDITIONS, "combiner": "OR"})
    assert run(gcloud("alpha monitoring policies create --policy-from-file=-", project=PROJECT, stdin=whole)).ok
    as_google_has_it(google)
    kept, on_call = deepcopy(google.resources), current_on_call(PROJECT, run)
    somebody_changes(google)
    google.asked.clear()
    second = [step.apply(run) for step in STEPS]
    changes, after = [str(asked) for asked in google.changes()], deepcopy(google.resources)
    google.resources[SINK]["exclusions"][0]["disabled"] = True
    mended = STEPS[0].apply(run), google.resources[SINK]["exclusions"][0]["disabled"]
    for path in [path for path in google.resources if re.search(r"/(metrics/rollcall_[^s]|alertPolicies/[\dm])", path)]:
        del google.resources[path]
    google.resources[f"monitoring {OLD['name']}"] = dict(OLD)
    away = [step.remove(run) for step in reversed(STEPS)]
    again = [step.remove(run) for step in STEPS[:2]]
    assert mended == (Result.UPDATED, False)
    left = [path for path in google.resources if re.search("/(metrics|alertPolicies|notif.*|uptime.*)/", path)]
    came = {"first": first, "second": second, "away": away, "away again": again}
    return Deployed(came, kept, after, changes, on_call, left, google.resources[SINK])


@pytest.mark.slow
def test_the_first_run_creates_what_is_missing(deployed: Deployed) -> None:
    assert deployed.came["first"] == [Result.CREATED, Result.CREATED, Result.UPDATED, Result.CREATED, Result.UPDATED]
    channel = deployed.one("notificationChannels", "On call")
    assert (channel["type"], channel["labels"]) == ("email", {"email_address": PLACE.on_call})
    assert deployed.on_call == PLACE.on_call
    page = deployed.one("uptimeCheckConfigs", f"rollcall {PLACE.domain}")
    assert page["monitoredResource"]["labels"]["host"] == PLACE.domain
    assert (page["httpCheck"]["path"], page["httpCheck"]["validateSsl"]) == ("/register", True)
    for metric in METRICS:
        assert agrees(metric.body(), deployed.one("metrics", metric.id)), metric.id
    for alert in alerts(PLACE):
        policy = deployed.one("alertPolicies", alert.name)
        assert agrees(alert.body(), policy), alert.name
        assert (policy["enabled"], policy["notificationChannels"]) == (True, [channel["name"]])


@pytest.mark.slow
def test_gcloud_knows_every_condition(deployed: Deployed) -> None:
    """It drops, or refuses, what it does not know."""
    assert agrees(CONDITIONS, deployed.one("alertPolicies", "All")["conditions"])


@pytest.mark.slow
def test_the_second_run_reverts_changes_by_hand_alone(deployed: Deployed) -> None:
    assert deployed.came["second"] == [Result.UPDATED, Result.UPDATED, Result.UPDATED, Result.UNCHANGED, Result.UPDATED]
    sink, twice, channel, metric, *on_policies = deployed.changes
    assert sink == f"logging PATCH projects/{PROJECT}/sinks/_Default"
    assert twice == f"monitoring DELETE {CHANNEL_TWICE}"
    assert channel.startswith(f"monitoring PATCH projects/{PROJECT}/notificationChannels/")
    assert metric == f"logging PUT projects/{PROJECT}/metrics/rollcall_sweeps"
    assert on_policies[:2] == [f"monitoring DELETE {at}" for at in (OLD["name"], POLICY_TWICE)]
    assert on_policies[2] == f"monitoring POST {POLICIES}"
    assert all(one.startswith(f"monitoring PATCH {POLICIES}/") for one in on_policies[3:])
    assert len(on_policies) == 5
    assert deployed.mended[SINK]["exclusions"][0]["filter"] == REQUESTS
    on_call = _one(deployed.mended, "notificationChannels", "On call")
    assert on_call["labels"] == {"email_address": PLACE.on_call}


@pytest.mark.slow
def test_removal_leaves_what_is_not_ours(deployed: Deployed) -> None:
    assert deployed.came["away"] == [Result.DELETED] * 5
    assert deployed.came["away again"] == [Result.ABSENT] * 2
    assert deployed.left == [f"monitoring {one['name']}" for one in (THEIR_CHANNEL, THEIRS)]
    assert "exclusions" not in deployed.sink


@pytest.mark.slow
def test_requests_are_kept_out_of_the_logs(deployed: Deployed) -> None:
    (exclusion,) = deployed.kept[SINK]["exclusions"]
    assert exclusion["filter"] == REQUESTS


def test_requests_are_kept_out_of_the_logs_before_the_load_balancer_logs_any() -> None:
    lines = plan()
    excluded, logging = (
        next(place for place, line in enumerate(lines) if part in line)
        for part in ("logging sinks update _Default", "--enable-logging")
    )
    assert excluded < logging


def test_the_plan_calls_nothing(tmp_path: Path) -> None:
    lines = [line for step in STEPS for line in step.plan()]
    assert len(lines) == 1 + 1 + len(METRICS) + 1 + len(alerts(PLACE))
    assert all(line.startswith("gcloud ") for line in lines)


@pytest.mark.parametrize("alert", alerts(PLACE), ids=lambda alert: alert.name)
def test_each_alert_has_a_section_in_the_operations_page(alert: Alert) -> None:
    page = (ROOT / PAGE).read_text("utf-8")
    assert re.search(rf"^### {re.escape(alert.name)}$", page, re.MULTILINE)
    assert f"](#{alert.name.lower().replace(' ', '-')})" in page


def test_each_metric_has_an_alert() -> None:
    asked = set(re.findall(r"logging\.googleapis\.com/user/(\w+)", json.dumps([one.body() for one in alerts(PLACE)])))
    assert asked | {"rollcall_emails_postponed"} == {metric.id for metric in METRICS}


def test_the_quota_alert_is_not_validated() -> None:
    asked = [one for one in CONDITIONS if "conditionPrometheusQueryLanguage" in one]
    assert len(asked) == 1
    assert all(one["conditionPrometheusQueryLanguage"]["disableMetricValidation"] for one in asked)


COMES_WHEN = {
    "An e-mail is overdue by more than ten minutes": "longest_waiting: P99 MAX > 600 within 3900s",
    "The circuit breaker is open": "circuit_open: DELTA SUM > 0 within 300s",
    "An e-mail failed": "emails_failed: DELTA SUM > 0 within 300s",
    "More than ten bounced or were dropped": "undelivered: DELTA SUM > 10 within 3600s",
    "An e-mail waits": "total_reached: DELTA SUM > 0 within 3900s",
    "An intake is past its deadline and not closed": "closings_missed: DELTA SUM > 0 within 300s",
    "An inbound e-mail was refused": "inbound_refused: DELTA SUM > 0 within 300s",
    "More than three were refused": "delivery_events_refused: DELTA SUM > 3 within 600s",
    "More than 30 links were refused": "links_refused: DELTA SUM > 30 within 600s",
    "More than three answers 5xx in five minutes": "request_count 5xx: DELTA SUM > 3 within 300s by service_name",
    "An unexpected fault": "faults: DELTA SUM > 0 within 3900s",
    "More than three calls in five minutes": "store_unavailable: DELTA SUM > 3 within 300s",
    "No sweep": "sweeps: DELTA SUM absent for 600s within 60s",
    "Sweeps fell to none": "sweeps: DELTA SUM < 1 within 600s",
    "close-intake was not called": "request_count close-intake 2xx: DELTA SUM absent for 600s within 60s",
    "erase did not get to its end": "request_count erase 2xx: DELTA SUM absent for 3600s within 60s",
    "An event is kept without end": "kept_without_end: DELTA SUM > 0 within 3600s",
    "80 % of a quota is used": "quota_allocation_usage / quota_limit > 0.8 or quota_rate_net_usage / quota_limit > 0.8",
    "No instance was free": "no_instance: DELTA SUM > 0 within 300s",
    "90 % of the memory is used": "utilizations: P99 MAX > 0.9 within 300s by service_name",
    "More than 300 requests were refused in five minutes": "clients_refused: DELTA SUM > 300 within 300s",
    "It does not answer in more than one place": "check_passed registration.example.org: "
    "NEXT_OLDER COUNT_FALSE > 1 for 60s within 1200s by project_id, host",
    "Less than 15 days are left": "time_until_ssl_cert_expires registration.example.org: "
    "NEXT_OLDER MIN < 15 for 600s within 1200s by host",
}
"""As the table of docs/operations.md says it. Metrics that are Google's are named as on its pages; no test can ask
whether they are there."""


def comes_when(condition: Mapping[str, Any]) -> str:
    """The condition, as short as it can be said."""
    if promql := condition.get("conditionPrometheusQueryLanguage"):
        return " ".join(re.findall(r"(?<=googleapis_com:)\w+| / | or |> 0\.8", promql["query"])).replace("  ", " ")
    asked = condition.get("conditionThreshold") or condition["conditionAbsent"]
    kind, metric, *which = re.findall(r'"([^"]+)"', asked["filter"])
    if "/uptime_check/" in metric:
        assert kind == "uptime_url"
    else:
        assert kind == ("l7_lb_rule" if metric.endswith("rollcall_clients_refused") else "cloud_run_revision")
    (of,) = asked["aggregations"]
    counted = [metric.rpartition("/")[2].removeprefix("rollcall_"), *which]
    how = f"{of['perSeriesAligner']} {of['crossSeriesReducer']}".replace("PERCENTILE_", "P")
    sign = {"COMPARISON_GT": ">", "COMPARISON_LT": "<"}
    bound = f"{sign[asked['comparison']]} {asked['thresholdValue']}" if "comparison" in asked else "absent"
    lasting = f" for {asked['duration']}" if asked["duration"] != "0s" else ""
    by = ", ".join(one.rpartition(".")[2] for one in of.get("groupByFields", []))
    said = f"{' '.join(counted)}: {how} {bound}{lasting} within {of['alignmentPeriod']}" + (f" by {by}" if by else "")
    return re.sub("ALIGN_|REDUCE_", "", said)


def test_conditions_of_the_alerts() -> None:
    assert {one["displayName"]: comes_when(one) for one in CONDITIONS} == COMES_WHEN


def test_the_threshold_is_a_bound_of_the_buckets() -> None:
    """A percentile is counted from the buckets: an age beyond the bound is above it, one within is not."""
    (waits,) = (alert for alert in alerts(PLACE) if alert.name == "E-mail delayed")
    assert waits.conditions[0]["conditionThreshold"]["thresholdValue"] in AGES
    assert sorted(set(AGES)) == AGES


def test_the_window_spans_two_retries() -> None:
    """A sweep sees it only when it is due again."""
    (waits,) = (alert for alert in alerts(PLACE) if alert.name == "E-mail delayed")
    (aggregation,) = waits.conditions[0]["conditionThreshold"]["aggregations"]
    within = timedelta(seconds=int(aggregation["alignmentPeriod"].removesuffix("s")))
    a_sweep = timedelta(minutes=1)
    assert (
        Limits().longest_backoff + a_sweep < within < 100 * a_sweep
    )  # one of a hundred is not above the 99th percentile


def test_silence_is_not_reported_as_recovery() -> None:
    """Google tells of an incident's end where nobody says otherwise."""
    prompts = {alert.name: alert.body()["alertStrategy"]["notificationPrompts"] for alert in alerts(PLACE)}
    once = {name for name, prompted in prompts.items() if prompted == ["OPENED"]}
    assert all(prompts[name] == ["OPENED", "CLOSED"] for name in prompts.keys() - once)
    page = (ROOT / PAGE).read_text("utf-8")
    said = page.partition("Not so for these:\n")[2].partition("report single happenings")[0]
    assert (
        set(re.findall(r"\[([\w -]+)\]\(#", said))
        == once
        == {
            "E-mail delayed",
            "E-mails failed",
            "Hourly total reached",
            "Inbound e-mail refused",
            "Delivery events refused",
            "Links refused",
            "Functions fail",
            "Unexpected fault",
            "Instances at their limit",
            "Clients refused",
        }
    )


@pytest.mark.parametrize(
    ("wanted", "there", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {}, False),
        ({"a": 0}, {}, True),
        ({"a": 600}, {"a": "600"}, True),
        ({"a": 0.9}, {"a": 0.8}, False),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "x", "name": "1"}]}, True),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "x"}, {"b": "y"}]}, False),
        ({"a": "x"}, {"a": "y"}, False),
        ({"a": True}, {}, False),
        ({"a": "0s"}, {}, True),
    ],
)
def test_what_agrees(wanted: Any, there: Any, same: bool) -> None:
    assert agrees(wanted, there) is same
