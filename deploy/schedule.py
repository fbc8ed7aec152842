"""What is called each minute."""

from typing import Any

from deploy.place import Place
from deploy.steps import GcloudStep, Step, gcloud

JOBS = {
    "send-due-mail": 1800,
    "close-intake": 540,
}
"""Each, and for how many seconds Scheduler waits for it: as long as the function may take, and half an hour is the most
(https://cloud.google.com/scheduler/docs/creating). A call that fails is not made again: the next minute's comes."""


def steps(place: Place) -> tuple[Step, ...]:
    """The jobs. The functions, and the right to call them, are there by now."""
    return tuple(_job(place, name, deadline) for name, deadline in JOBS.items())


def _job(place: Place, name: str, deadline: int) -> GcloudStep:
    """It proves by a token of the account `scheduler`, made out to this one function, that it is who it says (OIDC)."""
    address, account = place.run_address(name), place.account("scheduler")
    settings = (
        "--schedule=* * * * *",
        "--time-zone=Etc/UTC",
        f"--uri={address}",
        "--http-method=POST",
        f"--oidc-service-account-email={account}",
        f"--oidc-token-audience={address}",
        f"--attempt-deadline={deadline}s",
        "--max-retry-attempts=0",
    )
    where = f"{name} --location={place.region}"

    def wanted(there: Any) -> bool:
        target = there["httpTarget"]
        return bool(
            there["state"] == "ENABLED"
            and there["schedule"] == "* * * * *"
            and there["timeZone"] == "Etc/UTC"
            and there["attemptDeadline"] == f"{deadline}s"
            and there.get("retryConfig", {}).get("retryCount", 0) == 0
            and target["uri"].rstrip("/") == address
            and target.get("oidcToken") == {"serviceAccountEmail": account, "audience": address}
        )

    return GcloudStep(
        makes=f"{name}, called each minute",
        look=gcloud(f"scheduler jobs describe {where} --format=json", project=place.project),
        make=(gcloud(f"scheduler jobs create http {where}", *settings, project=place.project),),
        wanted=wanted,
        change=(
            gcloud(f"scheduler jobs update http {where}", *settings, project=place.project),
            gcloud(f"scheduler jobs resume {where}", project=place.project),
        ),
        unmake=(gcloud(f"scheduler jobs delete {where}", project=place.project),),
    )
