"""Who is told when something goes wrong, as steps: the alerts of `deploy.alerts`, what they count, a look from outside;
and what is kept out of the logs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.alerts import METRICS, OURS, alerts
from deploy.place import Place
from deploy.steps import Came, Command, GcloudSet, Run, Step, find_if_on, gcloud, printed


@dataclass(frozen=True)
class Kind:
    """A kind of thing that gcloud lists, makes from JSON on its standard input, changes and deletes."""

    words: str
    """gcloud's for the kind."""
    listed: str
    """gcloud's for listing it."""
    title: str
    """The field in which we know one of ours again."""
    ours: Callable[[Mapping[str, Any]], bool]
    """Whether one that is there was made here."""
    make: Callable[[str, Mapping[str, Any], str], Command]
    """The command that makes one: its title, what it is to be, the project."""
    change: Callable[[str, Mapping[str, Any], str], Command] | None = None
    """The same with the name at Google; None where it is made anew."""
    delete: str = "delete"
    """gcloud's for taking one away."""


def _is_labelled(thing: Mapping[str, Any]) -> bool:
    return bool(thing.get("userLabels", {}).get("made-by") == OURS)


def _is_named(thing: Mapping[str, Any]) -> bool:
    return str(thing.get("displayName", thing["name"])).startswith((f"{OURS}_", f"{OURS} "))


def _from_json(words: str, flag: str) -> Callable[[str, Mapping[str, Any], str], Command]:
    """`words` have `{}` where the thing's name goes."""
    return lambda name, body, project: gcloud(
        words.format(name), f"--{flag}=-", project=project, feed=json.dumps(body, ensure_ascii=False)
    )


def _make_look(title: str, look: Mapping[str, Any], project: str) -> Command:
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
_LOOKS = Kind("monitoring uptime", "list-configs", "displayName", _is_named, _make_look)


def agrees(wanted: Any, there: Any) -> bool:
    """Whether what is there is as it is wanted. The API adds fields of its own, writes an integer as text, and leaves
    out what is zero or empty."""
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


def _several(makes: str, kind: Kind, project: str, wanted: Mapping[str, Mapping[str, Any]]) -> GcloudSet:
    """Things of one kind, by title: each is known again by it. Those of ours that are no longer wanted go, and the
    second of one that was made twice, because the answer to the first try was lost."""

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

    def lacking(listed: Any) -> list[Command]:
        ours = [one for one in listed if kind.ours(one)]
        there = {one[kind.title]: one for one in reversed(ours)}
        too_much = [delete(one) for one in ours if one[kind.title] not in wanted or one is not there[one[kind.title]]]
        return too_much + [command for title in wanted for command in see_to(there.get(title), title)]

    return GcloudSet(
        makes=makes,
        look=gcloud(f"{kind.words} {kind.listed} --format=json", project=project),
        lacking=lacking,
        none=[],
        unmake=lambda listed: [delete(one) for one in listed if kind.ours(one)],
    )


@dataclass(frozen=True)
class Policies:
    """The alert policies, which tell whom our notification channel reaches; only Google knows the channel's name."""

    makes: str
    project: str
    wanted: Mapping[str, Mapping[str, Any]]
    """By title, without whom they tell."""
    holds_data: bool = False

    def plan(self) -> Sequence[str]:
        """See `Step`."""
        return self._telling(["(the channel)"]).plan()

    def take(self, run: Run) -> Came:
        """See `Step`."""
        channels = printed(run, _channels(self.project))
        return self._telling([one["name"] for one in channels if _is_labelled(one)]).take(run)

    def plan_away(self) -> Sequence[str]:
        """See `Step`."""
        return self._telling([]).plan_away()

    def take_away(self, run: Run) -> Came:
        """See `Step`."""
        return self._telling([]).take_away(run)

    def _telling(self, channels: Sequence[str]) -> GcloudSet:
        told = {title: {**body, "notificationChannels": list(channels)} for title, body in self.wanted.items()}
        return _several(self.makes, _POLICIES, self.project, told)


_EXCLUSION = "rollcall-requests"
_REQUESTS = 'log_id("run.googleapis.com/requests")'


def _no_requests_in_the_logs(project: str) -> GcloudSet:
    """Cloud Run's own entry for each request holds the client's IP address, and the address asked for, in which there
    may be the secret part of a link of ours. What is counted of requests does not come from what is stored there."""
    sink = "logging sinks update _Default"
    what = f"^;^name={_EXCLUSION};description=IP addresses and secret links;filter={_REQUESTS}"
    # `disabled` with any value disables, "false" too (gcloud logging sinks update --help)
    add = gcloud(sink, f"--add-exclusion={what}", project=project)
    update = gcloud(sink, f"--update-exclusion={what};disabled=", project=project)

    def there(found: Any) -> Any:
        return {one["name"]: one for one in found.get("exclusions", [])}.get(_EXCLUSION)

    def lacking(found: Any) -> list[Command]:
        exclusion = there(found)
        if exclusion is None:
            return [add]
        return [] if exclusion["filter"] == _REQUESTS and not exclusion.get("disabled") else [update]

    return GcloudSet(
        makes="log exclusion: no requests, which hold IP addresses and secret links",
        look=gcloud("logging sinks describe _Default --format=json", project=project),
        lacking=lacking,
        none={},
        unmake=lambda found: (
            [gcloud(sink, f"--remove-exclusions={_EXCLUSION}", project=project)] if there(found) else []
        ),
    )


def duty_now(project: str, run: Run) -> str:
    """The address that the alerts go to now; empty where there is none yet. Raises `StepFailed`: who is on duty
    must not change because Google could not be asked."""
    ours = [one for one in find_if_on(run, _channels(project)) or [] if _is_labelled(one)]
    return str(ours[0]["labels"]["email_address"]) if ours else ""


def _channels(project: str) -> Command:
    return gcloud("beta monitoring channels list --format=json", project=project)


def steps(place: Place) -> tuple[Step, ...]:
    """What watches over the desk; made after the functions."""
    duty = "The person on duty"
    look = f"{OURS} {place.domain}"
    channel = {
        "displayName": duty,
        "type": "email",
        "labels": {"email_address": place.duty},
        "enabled": True,
        "userLabels": {"made-by": OURS},
    }
    page = {
        "displayName": look,
        "monitoredResource": {"type": "uptime_url", "labels": {"host": place.domain}},
        "httpCheck": {"path": "/register", "useSsl": True, "validateSsl": True},
        "period": "300s",
    }
    metrics = {metric.id: metric.body() for metric in METRICS}
    policies = {alert.name: alert.body() for alert in alerts(place)}
    return (
        _no_requests_in_the_logs(place.project),
        _several(f"notification channel: {place.duty}", _CHANNELS, place.project, {duty: channel}),
        _several("metrics counted in the logs", _METRICS, place.project, metrics),
        _several(f"a look from outside at https://{place.domain}/register", _LOOKS, place.project, {look: page}),
        Policies("alerts, by mail to the person on duty", place.project, policies),
    )
