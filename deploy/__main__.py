"""`make deploy`, `deploy-plan`, `deploy-check`, `destroy` and `rotate` (docs/deploy.md)."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dns.resolver import Resolver

from deploy import accounts, apis, dns, firestore, front, functions, schedule, secrets, sendgrid, storage, watch
from deploy.place import Place
from deploy.rotate import KEYS, rotate
from deploy.steps import (
    Command,
    NotAgain,
    Run,
    Step,
    StepFailed,
    gcloud,
    printed,
    run_command,
    say,
    show_plan,
    take_all,
    take_all_away,
)
from rollcall.desk.ports import Store
from rollcall.model.errors import StoreUnavailable
from rollcall.ops.connect import NoDatabase, connect
from rollcall.ops.event_check import check_events, check_folder
from schemas.event import read_folder

_SETTINGS = {
    "PROJECT": (
        "the id of a Google Cloud project that holds the desk and nothing else",
        "PROJECT=registration-desk",
        re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]"),
        "is not a project's id: 6 to 30 lower-case letters, digits and hyphens (not its name, nor its number)",
    ),
    "REGION": (
        "where the functions run and the books are, for good",
        "REGION=europe-west6",
        re.compile(r"[a-z]+-[a-z]+[0-9]+"),
        "is not a region, as europe-west6 (https://cloud.google.com/run/docs/locations)",
    ),
    "DOMAIN": (
        "the desk's host name, for its pages and its mail",
        "DOMAIN=registration.example.org",
        re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"),
        "is not a host name in lower case, as registration.example.org",
    ),
}
"""What must be said, an example, how it looks (https://cloud.google.com/resource-manager/docs/creating-managing-projects),
and what is said of one that does not look so."""
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_FOLDER = re.compile(r"events[A-Za-z0-9._-]*/?")
"""What `.gcloudignore` lets go up."""


def _books_at_google(project: str) -> Store:
    return connect(project, Path()).store


def _machine_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Outside:
    """What the deploying reaches."""

    run: Run
    sendgrid: sendgrid.Api
    resolver: Callable[[], Resolver]
    rules_api: str = firestore.RULES_API
    db: Callable[[str], Store] = _books_at_google
    """Opens the books of a project. May raise `NoDatabase`."""
    now: Callable[[], datetime] = _machine_time
    """The time for as long as there are no books."""


def main(command: str, environment: Mapping[str, str], outside: Outside) -> int:
    """Do it; the exit code."""
    if command not in _COMMANDS:
        say(f"Say which: {', '.join(_COMMANDS)}")
        return 1
    try:
        return _COMMANDS[command](environment, outside)
    except StepFailed as error:
        say(f"\nThis did not work:\n{error}")
        return 1


def plan(environment: Mapping[str, str], outside: Outside) -> int:
    """Print what `deploy` would do where nothing is there. Asks nobody anything."""
    place = _place(environment, number="$NUMBER", duty="$DUTY")
    say(
        f"# What `make deploy` does in the project {place.project} while nothing is there. Nothing is done now.\n"
        "# It looks at each thing first, which is not shown, and leaves alone what is as it should be.\n"
        f"# Everybody can reach three paths of https://{place.domain}, and nothing else, through the load balancer.\n"
        "# The load balancer and Cloud Armor cost money from the day they are made, alerts perhaps, the rest by use:\n"
        '# docs/deploy.md, "What there is, why, and what it costs". The books stay in the region where they are made.\n'
        "# $NUMBER is the project's number, $VERSION a secret's newest version, $FINGERPRINT that of what is\n"
        "# deployed, $DUTY the address that gets the alerts (DUTY=, else yours at gcloud); what is in <> SendGrid says."
    )
    show_plan(all_steps(place, outside), lambda step: step.plan())
    _show_events(place, outside)
    say("\n# Then it prints the DNS records that are to be set; `make deploy-check` says which are there.")
    return 0


def _show_events(place: Place, outside: Outside) -> None:
    events, faults = read_folder(Path(place.events))
    faults += check_events(events, None, outside.now())
    say(f"\n# The events that go up, from {place.events}: {', '.join(events) or 'none'}")
    for fault in faults:
        say(f"# Deploying is refused, unless the books say otherwise: {fault}")


def deploy(environment: Mapping[str, str], outside: Outside) -> int:
    """Make all that is not there, and bring the rest up to date."""
    place = _looked_up(environment, outside)
    _billed(place, outside)
    _refuse_bad_events(place, outside)
    sendgrid.try_engineers_key(outside.sendgrid)
    with _going_on():
        take_all(all_steps(place, outside), outside.run)
    domain = sendgrid.authenticated_domain(place, outside.sendgrid)
    say(f"\nThe DNS records for {place.domain} (`make deploy-check` says which are there):\n")
    say(dns.table(dns.records(place, front.address(place, outside.run), domain)))
    say(
        "\nOnce they are set: `make deploy-check`, which has SendGrid look too, until nothing is missing; `make deploy`"
        f"\nonce more if it says so; then `make smoke URL=https://{place.domain} PROJECT={place.project}`"
    )
    return 0


def check(environment: Mapping[str, str], outside: Outside) -> int:
    """Say which DNS records are there, and how the certificate stands; 1 where something is missing."""
    place = _looked_up(environment, outside)
    all_there = dns.check(place, front.address(place, outside.run), outside.sendgrid, outside.resolver())
    certificate = front.certificate_state(place, outside.run)
    say(f"The certificate of {place.domain}: {certificate}")
    return 0 if all_there and certificate == "ACTIVE" else 1


def destroy(environment: Mapping[str, str], outside: Outside) -> int:
    """Take away what `deploy` made. What people sent stays, unless whoever asks says in so many words that it goes."""
    if environment.get("REALLY") != environment.get("PROJECT"):
        return _say_what_goes(environment, outside)
    words, said = _words(environment), environment.get("DELETE_EVERYTHING_PEOPLE_SENT")
    if said not in (None, words):
        raise StepFailed(f'The words are DELETE_EVERYTHING_PEOPLE_SENT="{words}". Nothing was done.')
    place = _looked_up(environment, outside)
    everything = _all_there_may_be(place, outside)
    with _going_on():
        take_all_away([step for step in everything if said or not step.holds_data], outside.run)
    if not said:
        say(f"\nThe books, the messages and the keys are still in {place.project}; `make deploy` goes on with them.")
    return 0


def _say_what_goes(environment: Mapping[str, str], outside: Outside) -> int:
    place = _place(environment, number="$NUMBER", duty="$DUTY")
    everything = _all_there_may_be(place, outside)
    goes = [step for step in reversed(everything) if not step.holds_data]
    show_plan(goes, lambda step: step.plan_away())
    if environment.get("REALLY"):
        say(f"\n# REALLY={environment['REALLY']} is not PROJECT={place.project}.")
    stays = ";\n#     ".join(step.makes for step in everything if step.holds_data)
    say(f"\n# It stays: {stays}.")
    say(f'# That goes too, and nobody can bring it back, with DELETE_EVERYTHING_PEOPLE_SENT="{_words(environment)}"')
    say(
        "# At no cost there stay too: Google's services, switched on; the role rollcallBooks; at SendGrid the domain,\n"
        "# and tracking switched off. The DNS records are yours to take away."
    )
    say("# First see that no intake is open and no mail waits: make status")
    say(f"# Nothing was done. To do it, say the project once more: make destroy ... REALLY={place.project}")
    return 1


def _all_there_may_be(place: Place, outside: Outside) -> tuple[Step, ...]:
    """What `deploy` makes, and what Google makes beside it."""
    return (*functions.left_behind(place), *all_steps(place, outside))


def _words(environment: Mapping[str, str]) -> str:
    return f"yes, delete the registrations of {environment.get('PROJECT')}"


def change_key(environment: Mapping[str, str], outside: Outside) -> int:
    """Change the key that `KEY` names."""
    _place(environment, number="", duty="")
    if environment.get("KEY") not in KEYS:
        raise StepFailed(f"KEY={environment.get('KEY', '')}: say which key: {', '.join(KEYS)}")
    place = _looked_up(environment, outside)
    _refuse_bad_events(place, outside)

    def deploy_functions() -> None:
        take_all(functions.steps(place), outside.run)

    kept = secrets.SecretManager(place, outside.run)
    with _going_on():
        rotate(environment["KEY"], place, outside.sendgrid, kept, deploy_functions)
    return 0


@contextmanager
def _going_on() -> Iterator[None]:
    """Say of what fails from here on that it is not the end of it."""
    try:
        yield
    except NotAgain:
        raise
    except StepFailed as error:
        raise StepFailed(
            f"{error}\n\nWhat was done stays. Once the cause is mended, the same command goes on from here."
        ) from error


_COMMANDS: Mapping[str, Callable[[Mapping[str, str], Outside], int]] = {
    "plan": plan,
    "deploy": deploy,
    "check": check,
    "destroy": destroy,
    "rotate": change_key,
}


def all_steps(place: Place, outside: Outside) -> tuple[Step, ...]:
    """Everything, in the order in which it is made: what holds data first, the way in from outside last."""
    return (
        *apis.steps(place),
        *firestore.steps(place, outside.rules_api),
        *storage.steps(place),
        *secrets.steps(place),
        *accounts.steps(place),
        *sendgrid.steps(place, outside.sendgrid, secrets.SecretManager(place, outside.run)),
        *functions.steps(place),
        *accounts.invokers(place),
        *schedule.steps(place),
        *front.steps(place),
        *watch.steps(place),
    )


def _place(environment: Mapping[str, str], number: str, duty: str) -> Place:
    faults = [
        f"{name} is missing: {what}, as {example}"
        if not environment.get(name)
        else f"{name}={environment[name]}: {wrong}"
        for name, (what, example, pattern, wrong) in _SETTINGS.items()
        if not pattern.fullmatch(environment.get(name, ""))
    ]
    duty, events = environment.get("DUTY") or duty, environment.get("EVENTS") or "events"
    if duty and duty != "$DUTY" and not _ADDRESS.fullmatch(duty):
        faults.append(f"DUTY={duty}: is not an e-mail address, as duty@example.org")
    if not _FOLDER.fullmatch(events) or not Path(events).is_dir():
        faults.append(f"EVENTS={events}: is no folder here whose name begins with events; only those go up")
    if faults:
        raise StepFailed("\n".join(faults))
    return Place(environment["PROJECT"], number, environment["REGION"], environment["DOMAIN"], duty, events)


def _looked_up(environment: Mapping[str, str], outside: Outside) -> Place:
    """The place, with what only Google knows of it. The first call shows too whether gcloud is there and logged in.
    What is not said again stays as it was deployed: the folder of events, and who is on duty."""
    said = _place(environment, number="", duty="")
    if shutil.which("gcloud") is None:
        raise StepFailed("gcloud is not installed: https://cloud.google.com/sdk/docs/install")
    project = printed(outside.run, gcloud("projects describe", said.project, "--format=json", project=said.project))
    deployed = functions.deployed_settings(said, outside.run)
    if deployed.get("MAIL_FROM", said.sender) != said.sender:
        there = deployed["MAIL_FROM"].partition("@")[2]
        raise StepFailed(
            f"DOMAIN={said.domain}: the desk of {said.project} is {there}; to give it another host name, "
            f"take it away first (make destroy ... DOMAIN={there}: what people sent stays)"
        )
    duty = said.duty or watch.duty_now(said.project, outside.run) or _account(outside)
    known = {"EVENTS": deployed.get("EVENTS", "")} if not environment.get("EVENTS") else {}
    return replace(_place({**environment, **known}, project["projectNumber"], duty), commit=_commit())


def _account(outside: Outside) -> str:
    """Whom gcloud is logged in as."""
    account = printed(outside.run, Command(("gcloud", "config", "get", "account", "--format=json")))
    if not account:
        raise StepFailed("DUTY is missing: the e-mail address of the person on duty, as DUTY=duty@example.org")
    return str(account)


def _commit() -> str:
    """The commit of what is here, as a label may say it; nothing where this is no repository."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=-changed"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()


def _billed(place: Place, outside: Outside) -> None:
    """Whoever may not see whether the project is paid for is told so by the first step that must be."""
    looked = outside.run(
        gcloud("billing projects describe", place.project, "--format=json", project=place.project, waits=False)
    )
    if looked.ok and not json.loads(looked.output).get("billingEnabled"):
        raise StepFailed(
            f"No billing account pays for {place.project}: "
            f"https://console.cloud.google.com/billing/linkedaccount?project={place.project}"
        )


def _refuse_bad_events(place: Place, outside: Outside) -> None:
    """As `make event-check`: what is deployed would lie to people, or close an intake at once."""
    try:
        db = outside.db(place.project) if firestore.are_there(place, outside.run) else None
        _, faults = check_folder(Path(place.events), db, db.now() if db else outside.now())
    except (NoDatabase, StoreUnavailable) as error:
        raise StepFailed(f"The books of {place.project} could not be asked about the events: {error}") from error
    if faults:
        raise StepFailed("\n".join(faults))


if __name__ == "__main__":
    os.chdir(Path(__file__).parent.parent)  # commands name files as they are seen from here
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        code = main(command, os.environ, Outside(run=run_command, sendgrid=sendgrid.open_api(), resolver=Resolver))
    except BrokenPipeError:  # `| head` has read enough (https://docs.python.org/3/library/signal.html#note-on-sigpipe)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)
