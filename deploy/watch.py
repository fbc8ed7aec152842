"""Monitoring, as steps: the alerts of `deploy.alerts`, their metrics, the uptime check, and the log exclusion."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.alerts import METRICS, OURS, alerts
from deploy.place import Place
from deploy.steps import Command, GcloudSet, GcloudStep, Result, Run, Step, find_if_enabled, gcloud, read_json


@dataclass(frozen=True)
class Kind:
    """A kind of thing that gcloud lists, creates from JSON on standard input, updates and deletes."""

    words: str
    """gcloud's name of the kind."""
    listed: str
    """gcloud's verb for listing it."""
    title: str
    """The field that identifies one of ours."""
    ours: Callable[[Mapping[str, Any]], bool]
    """Whether we created it."""
    make: Callable[[str, Mapping[str, Any], str], Command]
    """The command that creates one: its title, its body, the project."""
    change: Callable[[str, Mapping[str, Any], str], Command] | None = None
    """The same with the name at Google; None where it is replaced instead."""
    delete: str = "delete"
    """gcloud's verb for deleting one."""


def _is_labelled(thing: Mapping[str, Any]) -> bool:
    return bool(thing.get("userLabels", {}).get("made-by") == OURS)


def _is_named(thing: Mapping[str, Any]) -> bool:
    return str(thing.get("displayName", thing["name"])).startswith((f"{OURS}_", f"{OURS} "))


def _from_json(words: str, flag: str) -> Callable[[str, Mapping[str, Any], str], Command]:
    """`words` have `{}` for the thing's name."""
    return lambda name, body, project: gcloud(
        words.format(name), f"--{flag}=-", project=project, stdin=json.dumps(body, ensure_ascii=False)
    )


def _create_uptime_check(title: str, look: Mapping[str, Any], project: str) -> Command:
    page, host = look["httpCheck"], look["monitoredResource"]["labels"]["host"]
    return gcloud(
        "monitoring uptime create",
        title,
        "--resource-type=uptime-url",
        f"--resource-labels=host={host},project_id={project}",
        "--protocol=https",
        f"--path={page['path']}",
        "--validate-ssl=true",
        "--period=5",
        project=project,
    )


# "alpha" and "beta": newer versions of gcloud have these without, and with it too.
_METRICS = Kind(
    "logging metrics",
    "list",
    "name",
    _is_named,
    _from_json("logging metrics create {}", "config-from-file"),
    _from_json("logging metrics update {}", "config-from-file"),
)
_CHANNELS = Kind(
    "beta monitoring channels",
    "list",
    "displayName",
    _is_labelled,
    _from_json("beta monitoring channels create", "channel-content-from-file"),
    _from_json("beta monitoring channels update {}", "channel-content-from-file"),
    delete="delete --force",  # else refused while an alert names it
)
_POLICIES = Kind(
    "alpha monitoring policies",
    "list",
    "displayName",
    _is_labelled,
    _from_json("alpha monitoring policies create", "policy-from-file"),
    _from_json("alpha monitoring policies update {}", "policy-from-file"),
)
_UPTIME_CHECKS = Kind("monitoring uptime", "list-configs", "displayName", _is_named, _create_uptime_check)


def agrees(wanted: Any, there: Any) -> bool:
    """Whether a thing is as wanted. The API adds fields, writes integers as text, and leaves out zero and empty."""
    match wanted:
        case dict():
            return all(agrees(value, (there or {}).get(name)) for name, value in wanted.items())
        case list():
            there = there or []
            return len(wanted) == len(there) and all(map(agrees, wanted, there))
        case bool() | str():
            return bool(wanted == there or (there is None and wanted in (False, "", "0s")))
        case _:
            return float(wanted) == float(there or 0)


def _several(title: str, kind: Kind, project: str, wanted: Mapping[str, Mapping[str, Any]]) -> GcloudSet:
    """Things of one kind, identified by title. Deletes ours that are no longer wanted, and duplicates, made because a
    response was lost."""

    def delete(one: Mapping[str, Any]) -> Command:
        return gcloud(f"{kind.words} {kind.delete}", one["name"], project=project)

    def see_to(there: Mapping[str, Any] | None, title: str) -> list[Command]:
        body = wanted[title]
        if there is None:
            return [kind.make(title, body, project)]
        if agrees(body, there):
            return []
        if kind.change is None:
            return [delete(there), kind.make(title, body, project)]
        return [kind.change(there["name"], body, project)]

    def changes(listed: Any) -> list[Command]:
        ours = [one for one in listed if kind.ours(one)]
        there = {one[kind.title]: one for one in reversed(ours)}
        too_much = [delete(one) for one in ours if one[kind.title] not in wanted or one is not there[one[kind.title]]]
        return too_much + [command for title in wanted for command in see_to(there.get(title), title)]

    return GcloudSet(
        title=title,
        look=gcloud(f"{kind.words} {kind.listed} --format=json", project=project),
        changes=changes,
        empty=[],
        delete=lambda listed: [delete(one) for one in listed if kind.ours(one)],
    )


@dataclass(frozen=True)
class Policies:
    """The alert policies. They name our notification channel, whose id only Google knows."""

    title: str
    project: str
    wanted: Mapping[str, Mapping[str, Any]]
    """By title, without the channel."""
    holds_data: bool = False

    def plan(self) -> Sequence[str]:
        """See `Step`."""
        return self._notifying(["(the channel)"]).plan()

    def apply(self, run: Run) -> Result:
        """See `Step`."""
        channels = read_json(run, _channels(self.project))
        return self._notifying([one["name"] for one in channels if _is_labelled(one)]).apply(run)

    def plan_removal(self) -> Sequence[str]:
        """See `Step`."""
        return self._notifying([]).plan_removal()

    def remove(self, run: Run) -> Result:
        """See `Step`."""
        return self._notifying([]).remove(run)

    def _notifying(self, channels: Sequence[str]) -> GcloudSet:
        told = {title: {**body, "notificationChannels": list(channels)} for title, body in self.wanted.items()}
        return _several(self.title, _POLICIES, self.project, told)


_EXCLUSION = "rollcall-requests"
REQUESTS = 'log_id("run.googleapis.com/requests") OR log_id("requests")'


def log_exclusion(place: Place) -> GcloudSet:
    """Cloud Run's and the load balancer's own entries for each request hold the client's IP address, and the URL, which
    may hold the secret part of a link; no exclusion can leave out a field. Metrics count them before the exclusion, the
    refusals by Cloud Armor too (https://cloud.google.com/logging/docs/logs-based-metrics). It is there before the load
    balancer."""
    project = place.project
    sink = "logging sinks update _Default"
    what = f"^;^name={_EXCLUSION};description=IP addresses and secret links;filter={REQUESTS}"
    # `disabled` with any value disables, "false" too (gcloud logging sinks update --help)
    add = gcloud(sink, f"--add-exclusion={what}", project=project)
    update = gcloud(sink, f"--update-exclusion={what};disabled=", project=project)

    def there(found: Any) -> Any:
        return {one["name"]: one for one in found.get("exclusions", [])}.get(_EXCLUSION)

    def changes(found: Any) -> list[Command]:
        exclusion = there(found)
        if exclusion is None:
            return [add]
        return [] if exclusion["filter"] == REQUESTS and not exclusion.get("disabled") else [update]

    return GcloudSet(
        title="log exclusion: no requests, which hold IP addresses and secret links",
        look=gcloud("logging sinks describe _Default --format=json", project=project),
        changes=changes,
        empty={},
        delete=lambda found: (
            [gcloud(sink, f"--remove-exclusions={_EXCLUSION}", project=project)] if there(found) else []
        ),
    )


_LOGS_KEPT = 90
"""Days. By the log of whom `erase` erased they are erased again after a restore, so it outlives each backup."""


def log_retention(place: Place) -> GcloudStep:
    bucket = "_Default --location=global"
    keep = gcloud(f"logging buckets update {bucket} --retention-days={_LOGS_KEPT}", project=place.project)
    return GcloudStep(
        title=f"logs, ids alone, kept for {_LOGS_KEPT} days",
        look=gcloud(f"logging buckets describe {bucket} --format=json", project=place.project),
        is_current=lambda there: there.get("retentionDays") == _LOGS_KEPT,
        update=(keep,),
    )


def current_on_call(project: str, run: Run) -> str:
    """The address that gets the alerts now; empty where there is none yet. Raises `StepFailed`: it must not change
    because Google did not answer."""
    ours = [one for one in find_if_enabled(run, _channels(project)) or [] if _is_labelled(one)]
    return str(ours[0]["labels"]["email_address"]) if ours else ""


def _channels(project: str) -> Command:
    return gcloud("beta monitoring channels list --format=json", project=project)


def steps(place: Place) -> tuple[Step, ...]:
    """All other monitoring; it comes after the functions."""
    on_call = "On call"
    check = f"{OURS} {place.domain}"
    channel = {
        "displayName": on_call,
        "type": "email",
        "labels": {"email_address": place.on_call},
        "enabled": True,
        "userLabels": {"made-by": OURS},
    }
    page = {
        "displayName": check,
        "monitoredResource": {"type": "uptime_url", "labels": {"host": place.domain}},
        "httpCheck": {"path": "/register", "useSsl": True, "validateSsl": True},
        "period": "300s",
    }
    metrics = {metric.id: metric.body() for metric in METRICS}
    policies = {alert.name: alert.body() for alert in alerts(place)}
    return (
        _several(f"notification channel: {place.on_call}", _CHANNELS, place.project, {on_call: channel}),
        _several("metrics, counted from the logs", _METRICS, place.project, metrics),
        _several(f"uptime check: https://{place.domain}/register", _UPTIME_CHECKS, place.project, {check: page}),
        Policies("alerts, by e-mail to whoever is on call", place.project, policies),
    )
