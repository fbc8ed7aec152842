"""The keys, in Secret Manager. None is ever on a command line, in a file or in output."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.place import Place
from deploy.steps import Command, GcloudSet, Result, Run, Step, StepFailed, gcloud, read_json, run_checked
from rollcall.model.links import SHORTEST_KEY

LINK_KEY = "link-key"
SENDGRID_KEY = "sendgrid-key"
INBOUND_KEY = "inbound-key"
DELIVERY_EVENTS_KEY = "delivery-events-key"
SECRETS = {
    "LINK_KEY": LINK_KEY,
    "SENDGRID_API_KEY": SENDGRID_KEY,
    "SENDGRID_PARSE_KEY": INBOUND_KEY,
    "SENDGRID_WEBHOOK_KEY": DELIVERY_EVENTS_KEY,
}
"""The settings that are secrets, and the secret of each."""


def steps(place: Place) -> tuple[Step, ...]:
    """The secrets, and the link key. The steps at SendGrid fill the others."""
    return _secrets(place), LinkKey(place)


def _secrets(place: Place) -> GcloudSet:
    """In the region of the rest and nowhere else. They stay with the database: one signed earlier links."""

    def changes(there: Any) -> Sequence[Command]:
        have = {secret["name"].rpartition("/")[2] for secret in there}
        make = f"--replication-policy=user-managed --locations={place.region}"
        names = SECRETS.values()
        return [gcloud(f"secrets create {name} {make}", project=place.project) for name in names if name not in have]

    def delete(there: Any) -> Sequence[Command]:
        have = [secret["name"].rpartition("/")[2] for secret in there]
        return [gcloud(f"secrets delete {name}", project=place.project) for name in have if name in SECRETS.values()]

    return GcloudSet(
        title="secrets for the keys",
        look=gcloud("secrets list --format=json", project=place.project),
        changes=changes,
        empty=[],
        delete=delete,
        holds_data=True,
    )


@dataclass(frozen=True)
class SecretManager:
    """Implements `Secrets` of `deploy/sendgrid.py`."""

    place: Place
    run: Run

    def get(self, name: str) -> str | None:
        """The secret's value; None where it has none yet. Raises `StepFailed`: an unreadable key is not replaced."""
        newest = _versions(self.place, name, self.run)
        if not newest:
            return None
        command = gcloud(f"secrets versions access {max(newest)} --secret={name}", project=self.place.project)
        return run_checked(self.run, command)

    def put(self, name: str, value: str) -> None:
        """Set the secret's value, for functions deployed afterwards. Raises `StepFailed`."""
        command = gcloud(f"secrets versions add {name} --data-file=-", project=self.place.project, stdin=value)
        run_checked(self.run, command)

    def retire(self, name: str) -> bool:
        """Disable all versions but the newest, once functions are deployed with that. Whether there were any. Raises
        `StepFailed`."""
        old = sorted(_versions(self.place, name, self.run))[:-1]
        for number in old:
            command = gcloud(f"secrets versions disable {number} --secret={name}", project=self.place.project)
            run_checked(self.run, command)
        return bool(old)


def newest_version(place: Place, name: str, run: Run) -> str:
    """The number of the newest enabled version. Raises `StepFailed` where there is none."""
    numbers = _versions(place, name, run)
    if not numbers:
        raise StepFailed(f"The secret {name} has no value.")
    return str(max(numbers))


def _versions(place: Place, name: str, run: Run) -> list[int]:
    command = gcloud(f"secrets versions list {name} --filter=state=ENABLED --format=json", project=place.project)
    return [int(version["name"].rpartition("/")[2]) for version in read_json(run, command) or []]


def strong_keys(stored: str | None) -> list[str]:
    """Without those that no function starts with; their links can be forged, and end."""
    return [key for key in (stored or "").split() if len(key) >= SHORTEST_KEY]


@dataclass(frozen=True)
class LinkKey:
    """The key that signs the links in e-mails. It is generated here; nobody ever sees it."""

    place: Place
    title: str = f"a key that signs the links in e-mails, into the secret {LINK_KEY}"
    holds_data: bool = True

    def plan(self) -> Sequence[str]:
        """See `Step`."""
        put = gcloud(f"secrets versions add {LINK_KEY} --data-file=-", project=self.place.project)
        return [f"{put}    # 32 random bytes, by standard input"]

    def apply(self, run: Run) -> Result:
        """See `Step`."""
        store = SecretManager(self.place, run)
        stored = store.get(LINK_KEY)
        strong = strong_keys(stored)
        if strong and strong == (stored or "").split():
            return Result.UNCHANGED
        store.put(LINK_KEY, " ".join(strong) or secrets.token_urlsafe(32))
        return Result.CREATED

    def plan_removal(self) -> Sequence[str]:
        return []

    def remove(self, run: Run) -> Result:
        """See `Step`."""
        return Result.ABSENT


@dataclass(frozen=True)
class OldVersions:
    """After the functions: a rotation that broke off leaves versions that no function has any more."""

    place: Place
    title: str = "versions of the keys that no function has any more, disabled"
    holds_data: bool = False

    def plan(self) -> Sequence[str]:
        return []

    def apply(self, run: Run) -> Result:
        store = SecretManager(self.place, run)
        retired = [store.retire(name) for name in SECRETS.values()]
        return Result.UPDATED if any(retired) else Result.UNCHANGED

    def plan_removal(self) -> Sequence[str]:
        return []

    def remove(self, run: Run) -> Result:
        return Result.ABSENT
