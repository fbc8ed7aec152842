"""What is called each minute."""

from collections.abc import Sequence
from typing import Any

from deploy.place import Place
from deploy.steps import Command, GcloudSet, Step, gcloud

_EACH_MINUTE = "* * * * *"
JOBS = {
    "send-due-mail": 1800,
    "close-intake": 540,
}
"""Each, and for how many seconds Scheduler waits for it: as long as the function may take, and half an hour is the most
(https://cloud.google.com/scheduler/docs/creating). A call that fails is not made again: the next minute's comes."""


def steps(place: Place) -> tuple[Step, ...]:
    """The jobs. The functions, and the right to call them, are there by now."""

    def lacking(there: Any) -> Sequence[Command]:
        have = _by_name(there)
        return [command for name in JOBS for command in _mends(place, name, have.get(name))]

    def unmake(there: Any) -> Sequence[Command]:
        return [_jobs(place, f"delete {name}") for name in _by_name(there) if name in JOBS]

    return (
        GcloudSet(
            makes=f"what is called each minute: {' and '.join(JOBS)}",
            look=_jobs(place, "list", "--format=json"),
            lacking=lacking,
            none=[],
            unmake=unmake,
        ),
    )


def _mends(place: Place, name: str, there: Any) -> Sequence[Command]:
    """What makes the job, or brings it up to date. One that is not paused cannot be resumed
    (https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/resume)."""
    settings = _settings(place, name)
    if there is None:
        return [_jobs(place, f"create http {name}", *settings)]
    updates = [] if _as_told(place, name, there) else [_jobs(place, f"update http {name}", *settings)]
    return updates + ([_jobs(place, f"resume {name}")] if there["state"] == "PAUSED" else [])


def _settings(place: Place, name: str) -> Sequence[str]:
    """It proves by a token of the account `scheduler`, made out to this one function, that it is who it says (OIDC)."""
    address = place.run_address(name)
    return (
        f"--schedule={_EACH_MINUTE}",
        "--time-zone=Etc/UTC",
        f"--uri={address}",
        "--http-method=POST",
        f"--oidc-service-account-email={place.account('scheduler')}",
        f"--oidc-token-audience={address}",
        f"--attempt-deadline={JOBS[name]}s",
        "--max-retry-attempts=0",
    )


def _as_told(place: Place, name: str, there: Any) -> bool:
    target, address = there["httpTarget"], place.run_address(name)
    return bool(
        there["schedule"] == _EACH_MINUTE
        and there["timeZone"] == "Etc/UTC"
        and there["attemptDeadline"] == f"{JOBS[name]}s"
        and there.get("retryConfig", {}).get("retryCount", 0) == 0
        and target["uri"].rstrip("/") == address
        and target.get("oidcToken") == {"serviceAccountEmail": place.account("scheduler"), "audience": address}
    )


def _by_name(jobs: Any) -> dict[str, Any]:
    return {job["name"].rpartition("/")[2]: job for job in jobs}


def _jobs(place: Place, words: str, *more: str) -> Command:
    return gcloud(f"scheduler jobs {words} --location={place.region}", *more, project=place.project)
