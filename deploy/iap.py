"""Identity-Aware Proxy before the function `staff`, and whom it lets through: those whom the event files name.

It is switched on directly at the Cloud Run service, and so guards the load balancer's path and the `run.app` address
alike (https://cloud.google.com/run/docs/securing/identity-aware-proxy-cloud-run). Until it is on nobody gets in: its
own account alone may call the service, and the function believes nobody but whom it vouches for (rollcall/iap.py)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

from deploy.accounts import bindings
from deploy.place import Place
from deploy.steps import Command, GcloudSet, Result, Run, Step, gcloud, read_json, run_checked, say
from schemas.event import read_folder

STAFF = "staff"
_ENABLED = "run.googleapis.com/iap-enabled"
_NO_ACCOUNT = re.compile(r"does not exist|is of type|not a valid|Invalid member", re.IGNORECASE)
"""Google's refusals to name somebody whom it does not know, or a group, in whose name nobody signs in."""
_SIGN_IN = ("accounts.google.com", "auth.cloud.google")
"""Where a browser is sent: for Google's accounts, and for those of a workforce pool."""
_TIMEOUT = 20.0


def steps(place: Place) -> tuple[Step, ...]:
    """The function is there by now."""
    return _switched_on(place), Grants(place)


def _switched_on(place: Place) -> GcloudSet:
    """gcloud also lets its account call the service. "beta": newer versions have these without, and with it too."""
    where = f"{STAFF} --region={place.region}"

    def changes(there: Any) -> Sequence[Command]:
        if there.get("metadata", {}).get("annotations", {}).get(_ENABLED) == "true":
            return []
        return [
            gcloud("beta services identity create --service=iap.googleapis.com", project=place.project),
            gcloud(f"beta run services update {where} --iap", project=place.project),
        ]

    return GcloudSet(
        title="Identity-Aware Proxy before the function staff, and its own account",
        look=gcloud(f"run services describe {where} --format=json", project=place.project),
        changes=changes,
        empty={},
    )


@dataclass(frozen=True)
class Grants:
    """Who may pass: exactly those whom the event files name, so that who left them is out. Whom Google does not know is
    told and left out: an address may be a mailbox that gets the roster, and nobody's account."""

    place: Place
    title: str = "who may open the staff's desk: those whom the event files name, and nobody else"
    holds_data: bool = False

    def plan(self) -> Sequence[str]:
        return self._bindings.plan()

    def apply(self, run: Run) -> Result:
        there = read_json(run, self._bindings.look) or {}
        done = 0
        for command in self._bindings.changes(there):
            ran = run(command)
            if not ran.ok and "add-iam-policy-binding" in command.argv and _NO_ACCOUNT.search(ran.stderr):
                who = next(word for word in command.argv if word.startswith("--member=")).partition("=")[2]
                say(f"    Google knows no account {who}: who has this address cannot open the staff's desk")
                continue
            run_checked(lambda _, ran=ran: ran, command)  # type: ignore[misc]
            done += 1
        return Result.UPDATED if done else Result.UNCHANGED

    def plan_removal(self) -> Sequence[str]:
        return []

    def remove(self, run: Run) -> Result:
        """They go with the service."""
        return Result.ABSENT

    @property
    def _bindings(self) -> GcloudSet:
        of = f"--resource-type=cloud-run --service={STAFF} --region={self.place.region}"
        return bindings(
            self.place,
            self.title,
            look=f"beta iap web get-iam-policy {of}",
            change=f"beta iap web {{}}-iam-policy-binding {of}",
            wanted={("roles/iap.httpsResourceAccessor", member, "") for member in members(self.place)},
            all_are_ours=True,
        )


def members(place: Place) -> Sequence[str]:
    """Of a workforce pool, whose `google.subject` is the e-mail address; else Google's accounts."""
    events, _ = read_folder(Path(place.events), in_all_languages=False)
    addresses = sorted({one.address.lower() for event in events.values() for one in event.staff})
    pool = f"principal://iam.googleapis.com/locations/global/workforcePools/{place.workforce_pool}/subject/"
    return [f"{pool if place.workforce_pool else 'user:'}{address}" for address in addresses]


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    by_iap: bool


Fetch = Callable[[str], Answer]
"""What a page answers to whoever is not signed in; follows no redirect. Raises `OSError`."""


class _Stays(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Then it is an error, which has the address."""


def fetch(address: str) -> Answer:
    try:
        with build_opener(_Stays).open(address, timeout=_TIMEOUT) as answer:
            status, headers = answer.status, answer.headers
    except HTTPError as error:
        status, headers = error.code, error.headers
    except HTTPException as error:
        raise OSError(type(error).__name__) from error
    by_iap = headers.get("X-Goog-IAP-Generated-Response", "").lower() == "true"
    return Answer(status, headers.get("Location", ""), by_iap)


def sign_in(place: Place, run: Run, ask: Fetch) -> tuple[bool, str]:
    """Whether a browser is asked to sign in, and what is wrong if not. A consent screen cannot be looked up: Google's
    API for it is switched off. Without one, or without a client for it, IAP answers with an error of its own."""
    try:
        answer = ask(f"https://{place.domain}/staff/")
    except OSError as error:
        return False, f"cannot be asked yet ({error}); first the DNS records and the certificate"
    host = urlsplit(answer.location).hostname or ""
    if answer.status in (302, 303, 307) and host in _SIGN_IN:
        return True, f"asks who it is, at {host}"
    if answer.by_iap:
        return False, f"Identity-Aware Proxy answers {answer.status}: {_consent(place, run)}"
    return False, f"answers {answer.status}, not by Identity-Aware Proxy; run `make deploy`"


def _consent(place: Place, run: Run) -> str:
    project = read_json(run, gcloud("projects describe", place.project, "--format=json", project=place.project)) or {}
    if project.get("parent"):
        return "the consent screen is missing, or what it needs (docs/deploy.md, “The staff sign in”)"
    return (
        "the project is in no organization: it needs a consent screen and an OAuth client of its own "
        "(docs/deploy.md, “The staff sign in”)"
    )
