"""The deployment's steps at SendGrid, against a local account."""

from dataclasses import dataclass, field

from deploy.place import Place
from deploy.sendgrid import Api, steps
from deploy.steps import Command, Completed, Result
from tests.support.sendgrid_settings import ENGINEERS_KEY, Account

DOMAIN = "registration.example.org"
PLACE = Place("p-test", "123456789012", "europe-west6", DOMAIN, "on-call@example.org")
NAME = f"Rollcall {DOMAIN}"


@dataclass
class Kept:
    """Secrets, kept in memory."""

    held: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        return self.held.get(name)

    def put(self, name: str, value: str) -> None:
        self.held[name] = value


def no_command(command: Command) -> Completed:
    raise AssertionError(f"no command is needed, and this one came: {command}")


def api_of(account: Account, key: str = ENGINEERS_KEY, waited: list[float] | None = None) -> Api:
    return Api(lambda: key, account.url, (waited if waited is not None else []).append)


def apply_all(account: Account, secrets: Kept, api: Api | None = None) -> list[Result]:
    return [step.apply(no_command) for step in steps(PLACE, api or api_of(account), secrets)]
