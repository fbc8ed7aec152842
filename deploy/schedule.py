"""The jobs that call functions at their times."""

from collections.abc import Sequence
from typing import Any

from deploy.place import Place
from deploy.steps import Command, GcloudSet, Step, gcloud

_EACH_MINUTE, _EACH_TEN_MINUTES = "* * * * *", "*/10 * * * *"
JOBS = {
    "send-due-mail": (_EACH_MINUTE, 1800),
    "close-intake": (_EACH_MINUTE, 540),
    "erase": (_EACH_TEN_MINUTES, 540),
}
"""When, and how many seconds Scheduler waits: the function's timeout, and half an hour at most
(https://cloud.google.com/scheduler/docs/creating). A failed call is not retried: the next comes."""


def steps(place: Place) -> tuple[Step, ...]:
    """The jobs. The functions, and the right to call them, exist by now."""

    def changes(there: Any) -> Sequence[Command]:
        have = _by_name(there)
        return [command for name in JOBS for command in _changes(place, name, have.get(name))]

    def delete(there: Any) -> Sequence[Command]:
        return [_jobs(place, f"delete {name}") for name in _by_name(there) if name in JOBS]

    return (
        GcloudSet(
            title=f"jobs that call {', '.join(JOBS)}",
            look=_jobs(place, "list", "--format=json"),
            changes=changes,
            empty=[],
            delete=delete,
        ),
    )


def _changes(place: Place, name: str, there: Any) -> Sequence[Command]:
    """Creates or updates the job. Only a paused one can be resumed
    (https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/resume)."""
    settings = _settings(place, name)
    if there is None:
        return [_jobs(place, f"create http {name}", *settings)]
    updates = [] if _is_current(place, name, there) else [_jobs(place, f"update http {name}", *settings)]
    return updates + ([_jobs(place, f"resume {name}")] if there["state"] == "PAUSED" else [])


def _settings(place: Place, name: str) -> Sequence[str]:
    """Calls carry an OIDC token of the account `scheduler`, for this one function."""
    address, (schedule, seconds) = place.run_address(name), JOBS[name]
    return (
        f"--schedule={schedule}",
        "--time-zone=Etc/UTC",
        f"--uri={address}",
        "--http-method=POST",
        f"--oidc-service-account-email={place.account('scheduler')}",
        f"--oidc-token-audience={address}",
        f"--attempt-deadline={seconds}s",
        "--max-retry-attempts=0",
    )


def _is_current(place: Place, name: str, there: Any) -> bool:
    target, address, (schedule, seconds) = there["httpTarget"], place.run_address(name), JOBS[name]
    return bool(
        there["schedule"] == schedule
        and there["timeZone"] == "Etc/UTC"
        and there["attemptDeadline"] == f"{seconds}s"
        and there.get("retryConfig", {}).get("retryCount", 0) == 0
        and target["uri"].rstrip("/") == address
        and target.get("oidcToken") == {"serviceAccountEmail": place.account("scheduler"), "audience": address}
    )


def _by_name(jobs: Any) -> dict[str, Any]:
    return {job["name"].rpartition("/")[2]: job for job in jobs}


def _jobs(place: Place, words: str, *more: str) -> Command:
    return gcloud(f"scheduler jobs {words} --location={place.region}", *more, project=place.project)
