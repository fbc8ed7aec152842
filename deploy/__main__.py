"""`make deploy`, `deploy-plan`, `deploy-check`, `destroy` and `rotate` (docs/deploy.md)."""

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

from deploy import (
    accounts,
    apis,
    billing,
    dns,
    firestore,
    front,
    functions,
    iap,
    keys,
    schedule,
    secrets,
    sendgrid,
    storage,
    watch,
)
from deploy.place import Place
from deploy.rotate import KEYS, rotate
from deploy.steps import (
    Command,
    NotRepeatable,
    Run,
    Step,
    StepFailed,
    apply_all,
    gcloud,
    read_json,
    remove_all,
    run_command,
    say,
    show_plan,
)
from rollcall.desk.ports import Store
from rollcall.model.errors import StoreUnavailable
from rollcall.ops.connect import NoDatabase, connect
from rollcall.ops.event_check import check_events, check_folder
from rollcall.sendgrid import HOSTS
from schemas.event import read_folder

_SETTINGS = {
    "PROJECT": (
        "the id of a Google Cloud project that holds the desk and nothing else",
        "PROJECT=registration-desk",
        re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]"),
        "is not a project's id: 6 to 30 lower-case letters, digits and hyphens (not its name, nor its number)",
    ),
    "REGION": (
        "where the functions run and the database is, for good",
        "REGION=europe-west6",
        re.compile(r"[a-z]+-[a-z]+[0-9]+"),
        "is not a region, as europe-west6 (https://cloud.google.com/run/docs/locations)",
    ),
    "DOMAIN": (
        "the desk's host name, for its pages and its e-mails",
        "DOMAIN=registration.example.org",
        re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"),
        "is not a host name in lower case, as registration.example.org",
    ),
}
"""What each is, an example, its pattern (https://cloud.google.com/resource-manager/docs/creating-managing-projects),
and the error where it does not match."""
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_POOL = re.compile(r"[a-z0-9-]{4,32}")
_SCANNER = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}")
_FOLDER = re.compile(r"events[A-Za-z0-9._-]*/?")
"""What `.gcloudignore` lets through."""


def _open_firestore(project: str) -> Store:
    return connect(project, Path()).store


def _machine_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Outside:
    """What a deployment reaches."""

    run: Run
    sendgrid: sendgrid.Api
    resolver: Callable[[], Resolver]
    rules_api: str = firestore.RULES_API
    open_store: Callable[[str], Store] = _open_firestore
    """Opens the database of a project. May raise `NoDatabase`."""
    now: Callable[[], datetime] = _machine_time
    """The time, while there is no database to ask."""
    fetch: iap.Fetch = iap.fetch
    """Asks for a page of the desk."""


def main(command: str, environment: Mapping[str, str], outside: Outside) -> int:
    """Run the command; returns its exit code."""
    if command not in _COMMANDS:
        say(f"usage: python -m deploy COMMAND, which is one of: {', '.join(_COMMANDS)} (docs/deploy.md)")
        return 0 if command in ("-h", "--help") else 1
    try:
        return _COMMANDS[command](environment, outside)
    except StepFailed as error:
        say(f"\nFailed:\n{error}")
        return 1


def plan(environment: Mapping[str, str], outside: Outside) -> int:
    """Print what `deploy` does in an empty project. Calls nothing."""
    place = _place(environment, number="$NUMBER", on_call="$ON_CALL")
    say(
        f"# What `make deploy` does in the project {place.project} while it is empty. This changes nothing.\n"
        "# `make deploy` looks at each resource first (not shown here) and changes only what differs.\n"
        f"# The public can reach five paths of https://{place.domain}, through the load balancer, and nothing else;\n"
        "# a sixth, /staff/, to those alone whom the event files name and Identity-Aware Proxy knows.\n"
        "# The load balancer and Cloud Armor cost money from the first day, alerts perhaps, everything else by use:\n"
        '# docs/deploy.md, "What there is, why, and what it costs". The database can never move to another region.\n'
        "# $NUMBER is the project's number, $VERSION a secret's newest version, $FINGERPRINT that of the source,\n"
        "# $ON_CALL the address that gets the alerts (ON_CALL=, else yours at gcloud). SendGrid says what is in <>."
    )
    show_plan(all_steps(place, outside), lambda step: step.plan())
    _show_events(place, outside)
    say("\n# Then it prints the DNS records to set; `make deploy-check` says which are there.")
    return 0


def _show_events(place: Place, outside: Outside) -> None:
    events, faults = read_folder(Path(place.events))
    faults += check_events(events, None, outside.now())
    say(f"\n# The events to deploy, from {place.events}: {', '.join(events) or 'none'}")
    for fault in faults:
        say(f"# `make deploy` refuses this, unless the database says otherwise: {fault}")


def deploy(environment: Mapping[str, str], outside: Outside) -> int:
    """Create what is missing, and update what differs."""
    place = _look_up(environment, outside)
    billing.check_billing(place, outside.run)
    _refuse_bad_events(place, outside)
    sendgrid.try_engineers_key(outside.sendgrid)
    with _repeatable():
        apply_all(all_steps(place, outside), outside.run)
    domain = sendgrid.authenticated_domain(place, outside.sendgrid)
    say(f"\nThe DNS records for {place.domain} (`make deploy-check` says which are there):\n")
    say(dns.table(dns.records(place, front.address(place, outside.run), domain)))
    say(
        "\nOnce they are set, run `make deploy-check`, which has SendGrid look too, until nothing is missing. Run"
        f"\n`make deploy` again if it says so. Then: `make smoke URL=https://{place.domain} PROJECT={place.project}`"
    )
    return 0


def check(environment: Mapping[str, str], outside: Outside) -> int:
    """Report on the DNS records, the certificate, the staff's sign-in and the budget; 1 where something is missing."""
    place = _look_up(environment, outside)
    say(f"SendGrid's region: {place.sendgrid_region} ({place.sendgrid})")
    all_there = dns.check(place, front.address(place, outside.run), outside.sendgrid, outside.resolver())
    certificate = front.certificate_state(place, outside.run)
    say(f"The certificate of {place.domain}: {certificate}")
    signs_in, sign_in = iap.sign_in(place, outside.run, outside.fetch)
    say(f"The staff's desk: {sign_in}")
    has_budget, budget = billing.budget(place, outside.run)
    say(f"A budget that warns of the costs: {budget}")
    return 0 if all_there and certificate == "ACTIVE" and signs_in and has_budget else 1


def destroy(environment: Mapping[str, str], outside: Outside) -> int:
    """Delete what `deploy` created. What people sent stays, unless the caller types a whole sentence."""
    if environment.get("REALLY") != environment.get("PROJECT"):
        return _show_removal(environment, outside)
    sentence, said = _sentence(environment), environment.get("DELETE_EVERYTHING_PEOPLE_SENT")
    if said not in (None, sentence):
        raise StepFailed(f'The sentence is DELETE_EVERYTHING_PEOPLE_SENT="{sentence}". Nothing was done.')
    place = _look_up(environment, outside)
    everything = _everything(place, outside)
    with _repeatable():
        remove_all([step for step in everything if said or not step.holds_data], outside.run)
    if not said:
        say(f"\nThe database, files and keys are still in {place.project}; `make deploy` continues with them.")
    return 0


def _show_removal(environment: Mapping[str, str], outside: Outside) -> int:
    place = _place(environment, number="$NUMBER", on_call="$ON_CALL")
    everything = _everything(place, outside)
    deleted = [step for step in reversed(everything) if not step.holds_data]
    show_plan(deleted, lambda step: step.plan_removal())
    if environment.get("REALLY"):
        say(f"\n# REALLY={environment['REALLY']} is not PROJECT={place.project}.")
    kept = ";\n#     ".join(step.title for step in everything if step.holds_data)
    say(f"\n# This stays: {kept}.")
    say(f'# To delete that too, for ever: DELETE_EVERYTHING_PEOPLE_SENT="{_sentence(environment)}"')
    say(
        "# These stay too, and cost nothing: Google's services, switched on; two roles; the logs, and\n"
        "# how long they are kept; at SendGrid the domain, and tracking switched off. Delete the DNS records yourself."
    )
    say("# First check that no intake is open and no e-mail is pending: make status")
    say(f"# Nothing was done. To do it, name the project once more: make destroy ... REALLY={place.project}")
    return 1


def _everything(place: Place, outside: Outside) -> tuple[Step, ...]:
    """What `deploy` title, and what Google makes beside it."""
    return (*functions.google_leftovers(place), *all_steps(place, outside))


def _sentence(environment: Mapping[str, str]) -> str:
    return f"yes, delete the registrations of {environment.get('PROJECT')}"


def change_key(environment: Mapping[str, str], outside: Outside) -> int:
    """Replace the key that `KEY` names."""
    _place(environment, number="", on_call="")
    if environment.get("KEY") not in KEYS:
        raise StepFailed(f"KEY={environment.get('KEY', '')}: name a key: {', '.join(KEYS)}")
    place = _look_up(environment, outside)
    _refuse_bad_events(place, outside)

    def deploy_functions() -> None:
        apply_all(functions.steps(place), outside.run)

    store = secrets.SecretManager(place, outside.run)
    with _repeatable():
        rotate(environment["KEY"], place, outside.sendgrid, store, deploy_functions)
        store.retire(environment["KEY"])
    return 0


@contextmanager
def _repeatable() -> Iterator[None]:
    """Tell of each failure from here on that the same command may be run again."""
    try:
        yield
    except NotRepeatable:
        raise
    except StepFailed as error:
        raise StepFailed(
            f"{error}\n\nWhat was done stays done. Fix the cause and give the same command again: it continues here."
        ) from error


_COMMANDS: Mapping[str, Callable[[Mapping[str, str], Outside], int]] = {
    "plan": plan,
    "deploy": deploy,
    "check": check,
    "destroy": destroy,
    "rotate": change_key,
}


def all_steps(place: Place, outside: Outside) -> tuple[Step, ...]:
    """Every step, in order: what holds data first, the public entrance last."""
    return (
        *apis.steps(place),
        *keys.steps(place),
        *firestore.steps(place, outside.rules_api),
        *storage.steps(place),
        *secrets.steps(place),
        *accounts.steps(place),
        *sendgrid.steps(place, outside.sendgrid, secrets.SecretManager(place, outside.run)),
        watch.log_exclusion(place),
        watch.log_retention(place),
        *functions.steps(place),
        secrets.OldVersions(place),
        *iap.steps(place),
        *accounts.invokers(place),
        *schedule.steps(place),
        *front.steps(place),
        *watch.steps(place),
    )


def _place(environment: Mapping[str, str], number: str, on_call: str) -> Place:
    faults = [
        f"{name} is missing: {what}, as {example}"
        if not environment.get(name)
        else f"{name}={environment[name]}: {wrong}"
        for name, (what, example, pattern, wrong) in _SETTINGS.items()
        if not pattern.fullmatch(environment.get(name, ""))
    ]
    on_call, events = environment.get("ON_CALL") or on_call, environment.get("EVENTS") or "events"
    if on_call and on_call != "$ON_CALL" and not _ADDRESS.fullmatch(on_call):
        faults.append(f"ON_CALL={on_call}: is not an e-mail address, as on-call@example.org")
    if not _FOLDER.fullmatch(events) or not Path(events).is_dir():
        faults.append(f"EVENTS={events}: is no folder here whose name begins with events; only those are deployed")
    region = environment.get("SENDGRID_REGION") or "global"
    if region not in HOSTS:
        faults.append(f"SENDGRID_REGION={region}: is neither global nor, for a subuser in the EU, eu")
    if environment.get("SENDGRID_HOST"):
        faults.append(f"SENDGRID_HOST={environment['SENDGRID_HOST']}: say SENDGRID_REGION=global or =eu instead")
    pool = environment.get("WORKFORCE_POOL", "")
    if pool and not _POOL.fullmatch(pool):
        faults.append(f"WORKFORCE_POOL={pool}: is no id of a workforce pool: lower-case letters, digits and hyphens")
    clamd = environment.get("CLAMD", "")
    if clamd and not _SCANNER.fullmatch(clamd):
        faults.append(f"CLAMD={clamd}: is no host and port, as 10.128.0.5:3310")
    own_key = environment.get("OWN_KEY", "")
    if own_key not in ("", "yes"):
        faults.append(f"OWN_KEY={own_key}: say yes, or leave it out")
    if faults:
        raise StepFailed("\n".join(faults))
    at = environment["PROJECT"], number, environment["REGION"], environment["DOMAIN"]
    return Place(*at, on_call, events, region, pool, clamd, bool(own_key))


def _look_up(environment: Mapping[str, str], outside: Outside) -> Place:
    """The place, with what only Google knows of it. `EVENTS`, `ON_CALL`, `WORKFORCE_POOL`, `CLAMD` and `OWN_KEY`, left
    out, stay as they were deployed."""
    given = _place(environment, number="", on_call="")
    if shutil.which("gcloud") is None:
        raise StepFailed("gcloud is not installed: https://cloud.google.com/sdk/docs/install")
    project = read_json(outside.run, gcloud("projects describe", given.project, "--format=json", project=given.project))
    deployed = functions.deployed_settings(given, outside.run)
    if deployed.get("MAIL_FROM", given.sender) != given.sender:
        there = deployed["MAIL_FROM"].partition("@")[2]
        raise StepFailed(
            f"DOMAIN={given.domain}: the desk of {given.project} is {there}; to give it another host name, "
            f"first delete it (make destroy ... DOMAIN={there}: what people sent stays)"
        )
    region = deployed.get("SENDGRID_REGION", "global") if deployed else given.sendgrid_region
    if region != given.sendgrid_region:
        raise StepFailed(
            f"SENDGRID_REGION={given.sendgrid_region}: the desk of {given.project} has SENDGRID_REGION={region}; name "
            f"that one, or first delete the desk (make destroy ... SENDGRID_REGION={region}: what people sent stays)"
        )
    on_call = given.on_call or watch.current_on_call(given.project, outside.run) or _account(outside)
    kept = [name for name in ("EVENTS", "WORKFORCE_POOL", "CLAMD", "OWN_KEY") if not environment.get(name)]
    known = {name: deployed.get(name, "") for name in kept}
    return replace(_place({**environment, **known}, project["projectNumber"], on_call), commit=_commit())


def _account(outside: Outside) -> str:
    """The account that gcloud is logged in with."""
    account = read_json(outside.run, Command(("gcloud", "config", "get", "account", "--format=json")))
    if not account:
        raise StepFailed("ON_CALL is missing: the e-mail address that gets the alerts, as ON_CALL=on-call@example.org")
    return str(account)


def _commit() -> str:
    """The commit of the working tree, as a label; empty outside a repository."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=-changed"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()


def _refuse_bad_events(place: Place, outside: Outside) -> None:
    """As `make event-check`: a bad event would misinform people, or close its intake at once."""
    try:
        store = outside.open_store(place.project) if firestore.exists(place, outside.run) else None
        _, faults = check_folder(Path(place.events), store, store.now() if store else outside.now())
    except (NoDatabase, StoreUnavailable) as error:
        raise StepFailed(f"Could not read the events from the database of {place.project}: {error}") from error
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
