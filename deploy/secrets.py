"""The keys, in Secret Manager. None is ever on a command line, in a file or in what is printed."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.place import Place
from deploy.steps import Came, Command, GcloudSet, Run, Step, StepFailed, do, gcloud, printed

LINK_KEY = "link-key"
SENDGRID_KEY = "sendgrid-key"
MESSAGES_KEY = "messages-key"
REPORTS_KEY = "reports-key"
SECRETS = {
    "LINK_KEY": LINK_KEY,
    "SENDGRID_API_KEY": SENDGRID_KEY,
    "SENDGRID_PARSE_KEY": MESSAGES_KEY,
    "SENDGRID_WEBHOOK_KEY": REPORTS_KEY,
}
"""The settings that are secrets, and where they are kept."""


def steps(place: Place) -> tuple[Step, ...]:
    """The secrets, and the key that is nobody else's. What comes from SendGrid is put into its secrets later."""
    return _secrets(place), LinkKey(place)


def _secrets(place: Place) -> GcloudSet:
    """Kept in the region of the rest and nowhere else. They stay with the books: the links in mails that went out are
    signed with one."""

    def lacking(there: Any) -> Sequence[Command]:
        have = {secret["name"].rpartition("/")[2] for secret in there}
        make = f"--replication-policy=user-managed --locations={place.region}"
        names = SECRETS.values()
        return [gcloud(f"secrets create {name} {make}", project=place.project) for name in names if name not in have]

    def unmake(there: Any) -> Sequence[Command]:
        have = [secret["name"].rpartition("/")[2] for secret in there]
        return [gcloud(f"secrets delete {name}", project=place.project) for name in have if name in SECRETS.values()]

    return GcloudSet(
        makes="secrets for the keys",
        look=gcloud("secrets list --format=json", project=place.project),
        lacking=lacking,
        none=[],
        unmake=unmake,
        holds_data=True,
    )


@dataclass(frozen=True)
class SecretManager:
    """The keys as the rest of the deploying sees them: `Secrets` of `deploy/sendgrid.py`."""

    place: Place
    run: Run

    def get(self, name: str) -> str | None:
        """What the secret holds; nothing where it holds nothing yet. Raises `StepFailed`: a key that cannot be read is
        not one that is not there, and must not be made anew."""
        newest = _versions(self.place, name, self.run)
        if not newest:
            return None
        command = gcloud(f"secrets versions access {max(newest)} --secret={name}", project=self.place.project)
        return do(self.run, command)

    def put(self, name: str, value: str) -> None:
        """Let the secret hold this from now on, for functions that are deployed afterwards. Raises `StepFailed`."""
        command = gcloud(f"secrets versions add {name} --data-file=-", project=self.place.project, feed=value)
        do(self.run, command)


def newest_version(place: Place, name: str, run: Run) -> str:
    """The number of the newest version that is enabled. Raises `StepFailed` where there is none."""
    numbers = _versions(place, name, run)
    if not numbers:
        raise StepFailed(f"The secret {name} holds nothing.")
    return str(max(numbers))


def _versions(place: Place, name: str, run: Run) -> list[int]:
    """The numbers of the versions that are enabled. Raises `StepFailed`."""
    command = gcloud(f"secrets versions list {name} --filter=state=ENABLED --format=json", project=place.project)
    return [int(version["name"].rpartition("/")[2]) for version in printed(run, command) or []]


@dataclass(frozen=True)
class LinkKey:
    """The key that signs the links in mails. It is made here, and nobody ever sees it."""

    place: Place
    makes: str = f"a key that signs the links in mails, into the secret {LINK_KEY}"
    holds_data: bool = True

    def plan(self) -> Sequence[str]:
        """See `Step`."""
        put = gcloud(f"secrets versions add {LINK_KEY} --data-file=-", project=self.place.project)
        return [f"{put}    # 32 random bytes, by standard input"]

    def take(self, run: Run) -> Came:
        """See `Step`."""
        kept = SecretManager(self.place, run)
        if kept.get(LINK_KEY):
            return Came.AS_IT_WAS
        kept.put(LINK_KEY, secrets.token_urlsafe(32))
        return Came.MADE

    def plan_away(self) -> Sequence[str]:
        """See `Step`: it goes with its secret."""
        return []

    def take_away(self, run: Run) -> Came:
        """See `Step`."""
        return Came.NOT_THERE
