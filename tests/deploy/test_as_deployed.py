"""What is deployed is what was tested: the files that gcloud sends up, `requirements.txt` alone beside them, and each
function served from there with the environment that its deployment gives it."""

import ast
import io
import json
import os
import shlex
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from google.cloud import firestore, storage
from google.cloud.firestore_v1 import _helpers
from google.cloud.firestore_v1.types import BatchGetDocumentsResponse, Document

from deploy import front, functions, schedule
from deploy.place import Place
from deploy.steps import Command
from rollcall.links import SignedLinks
from rollcall.local.emulator import free_port
from rollcall.model.email import EmailStatus
from rollcall.store.firestore import FirestoreStore
from tests.support.builders import a_form, a_registration, an_event, id_of, write_event, write_open_event
from tests.support.google_api import GoogleApi
from tests.support.iap import Key
from tests.support.inbound import raw_post
from tests.support.planned import PLACE, plan
from tests.support.sendgrid_api import SendGridApi, sendgrid_api
from tests.support.served import ROOT, Served, wait_until_it_answers
from tests.support.webhook import PUBLIC_KEY, a_report, signed

SLUG, PAST = "open", "past"
SECRETS = {
    "SENDGRID_API_KEY": "SG.key",
    "LINK_KEY": "the-key-of-the-tests-in-32-letters",
    "SENDGRID_WEBHOOK_KEY": PUBLIC_KEY,
    "SENDGRID_PARSE_KEY": PUBLIC_KEY,
}
"""What Secret Manager holds, by the variable that a function finds it in."""


WHOLESALE = ("roles/owner", "roles/editor", "roles/run.admin", "roles/cloudfunctions.invoker", "roles/run.developer")
"""Roles that let their holder call every function, or let in others."""


@dataclass(frozen=True)
class Built:
    """The functions' folder as it is in the cloud, and the Python beside it."""

    folder: Path
    python: Path

    def files(self) -> list[Path]:
        """Every file, below the folder."""
        return [path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def built(google: GoogleApi, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """What gcloud uploads, and nothing else: a folder and a virtualenv that know no other."""
    here = tmp_path_factory.mktemp("deployed")
    deploy = next(line for line in plan() if line.startswith("gcloud functions deploy register "))
    deploy = deploy.replace("$VERSION", "1").replace("$FINGERPRINT", "a")
    ran = google.runs(here / "gcloud")(Command(tuple(shlex.split(deploy))))
    assert ran.ok, ran.stderr
    zipfile.ZipFile(io.BytesIO(google.uploaded[0])).extractall(here / "workspace")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", here / "venv"], check=True)
    python = here / "venv" / "bin" / "python"
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python), "--require-hashes"]
    subprocess.run([*uv, "-r", here / "workspace" / "requirements.txt"], check=True)
    return Built(here / "workspace", python)


@pytest.mark.slow
def test_uploaded_files(built: Built) -> None:
    names = {path.parts[0] for path in built.files()}
    assert names == {"main.py", "requirements.txt", "handlers", "schemas", "templates", "rollcall", "events"}
    rooms = {path.parts[:2] for path in built.files() if path.parts[0] in ("rollcall", "templates")}
    assert {("rollcall", "desk"), ("rollcall", "store"), ("templates", "emails"), ("templates", "pages")} <= rooms
    assert not {("rollcall", "local"), ("rollcall", "ops"), ("templates", "local")} & rooms
    kinds = {".py", ".txt", ".html", ".jinja", ".css", ".js", ".toml", ".mo", ".typ"}
    assert {path.suffix for path in built.files()} == kinds


@pytest.mark.slow
def test_every_import_is_installed(built: Built) -> None:
    """Also those in functions, which only some request reaches."""
    names = set()
    for path in built.files():
        if path.suffix == ".py":
            names |= _imported(ast.parse((built.folder / path).read_text("utf-8")))
    there = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    settings = {"PATH": os.environ["PATH"], "K_SERVICE": "register", "STORE": "firestore"}
    settings["GOOGLE_CLOUD_PROJECT"] = "project"
    subprocess.run([built.python, "-c", there, *sorted(names)], cwd=built.folder, env=settings, check=True)


def _imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return names


@dataclass(frozen=True)
class Deployed:
    """All functions at work, and what they share."""

    place: Place
    store: FirestoreStore
    api: SendGridApi
    functions: Mapping[str, Served]

    def __getitem__(self, name: str) -> Served:
        return self.functions[name]

    def state(self, email_id: str) -> EmailStatus | None:
        """How the mail stands."""
        record = self.store.entry(email_id)
        return record.status if record else None

    def trigger(self, email_id: str) -> tuple[dict[str, str], bytes]:
        """What Eventarc posts when this mail was queued: a CloudEvent in binary mode, whose data is a
        `DocumentEventData` (https://github.com/googleapis/google-cloudevents, firestore/v1/data.proto)."""
        record = firestore.Client(project=self.place.project).document("outbox", email_id).get().to_dict()
        database = f"projects/{self.place.project}/databases/(default)"
        document = Document(
            name=f"{database}/documents/outbox/{email_id}",
            fields=_helpers.encode_dict(record),
            create_time=self.store.now(),
        )
        headers = {
            "ce-specversion": "1.0",
            "ce-id": str(uuid.uuid4()),
            "ce-type": "google.cloud.firestore.document.v1.created",
            "ce-source": f"//firestore.googleapis.com/{database}",
            "ce-subject": f"documents/outbox/{email_id}",
            "ce-time": datetime.now(UTC).isoformat(),
            "ce-dataschema": "https://github.com/googleapis/google-cloudevents/blob/main/proto/google/events/cloud/"
            "firestore/v1/data.proto",
            "ce-project": self.place.project,
            "ce-location": self.place.region,
            "ce-database": "(default)",
            "ce-namespace": "(default)",
            "ce-document": f"outbox/{email_id}",
            "Content-Type": "application/protobuf",
        }
        # the message with the same bytes: a Document in its field 1
        return headers, BatchGetDocumentsResponse.serialize(BatchGetDocumentsResponse(found=document))


@dataclass(frozen=True)
class Deployment:
    """What `gcloud functions deploy` is told of a function."""

    name: str
    flags: Mapping[str, str]
    """Each with its value, nothing where it has none."""

    @property
    def target(self) -> str:
        """Its name in `main.py`."""
        return self.flags["--entry-point"]

    @property
    def environment(self) -> dict[str, str]:
        """All its settings; of secrets, those of the tests."""
        told = dict(one.split("=", 1) for one in self.flags["--set-env-vars"].split(","))
        keys = [one.partition("=")[0] for one in self.flags.get("--set-secrets", "").split(",") if one]
        return told | {key: SECRETS[key] for key in keys}


def deployments(place: Place) -> list[Deployment]:
    """As the plan says."""
    words = [shlex.split(line) for step in functions.steps(place) for line in step.plan()]
    assert all(line[:3] == ["gcloud", "functions", "deploy"] for line in words)
    return [
        Deployment(line[3], {flag: value for flag, _, value in (word.partition("=") for word in line[4:])})
        for line in words
    ]


@pytest.fixture(scope="module")
def deployed(
    built: Built, emulator: str, storage_emulator: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    """Each function served as in the cloud, with an event that is open and one that is past."""
    place = Place(
        f"test-{uuid.uuid4().hex[:12]}", "123", "europe-west6", "registration.example.org", "on-call@example.org"
    )
    for bucket in (place.bucket, place.published):
        storage.Client(project=place.project).create_bucket(bucket)
    today = datetime.now(UTC).date()
    write_open_event(built.folder / "events", slug=SLUG)
    write_event(built.folder / "events", PAST, today - timedelta(days=9), today - timedelta(days=2))
    with sendgrid_api() as api, ExitStack() as stack:
        stand_ins = {
            "FIRESTORE_EMULATOR_HOST": emulator,
            "STORAGE_EMULATOR_HOST": storage_emulator,
            "SENDGRID_HOST": api.url,
        }
        started = {
            one.name: stack.enter_context(_started(built, one, one.environment | stand_ins))
            for one in deployments(place)
        }
        for process, served in started.values():
            wait_until_it_answers(process, served.port)
        running = {name: served for name, (_, served) in started.items()}
        yield Deployed(place, FirestoreStore(place.project), api, running)


@contextmanager
def _started(
    built: Built, one: Deployment, environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Served]]:
    """The function's process, which has no other environment than this and what Cloud Run adds
    (https://cloud.google.com/run/docs/container-contract#env-vars)."""
    port = free_port()
    cloud_run = {
        "PATH": os.defpath,
        "HOME": str(built.folder.parent),
        "PORT": str(port),
        "K_SERVICE": one.name,
        "K_REVISION": f"{one.name}-00001-abc",
        "K_CONFIGURATION": one.name,
        "FUNCTION_TARGET": one.target,
    }
    command = [str(built.python.with_name("functions-framework")), "--target", one.target]
    running = subprocess.Popen(command, cwd=built.folder, env=cloud_run | environment)
    try:
        yield running, Served(port)
    finally:
        running.terminate()
        running.wait(timeout=30)


@pytest.mark.slow
def test_from_the_form_to_the_delivery(deployed: Deployed) -> None:
    assert deployed["register"].post_json(f"/register/{SLUG}", a_form()).status == 201
    email_id = f"{SLUG}.{id_of(deployed.store, a_registration(), SLUG)}.confirmation"
    headers, data = deployed.trigger(email_id)
    assert deployed["send-mail"].ask("POST", "/", data, headers).status == 200
    posted = deployed.api.bodies[-1]
    assert posted["personalizations"][0]["custom_args"]["email_id"] == email_id
    assert posted["from"]["email"] == deployed.place.sender
    assert deployed.state(email_id) is EmailStatus.SENT
    report = json.dumps([a_report(event="delivered", email_id=email_id)])
    recorded = deployed["record-deliveries"].ask("POST", "/record-deliveries", report, signed(report.encode()))
    assert recorded.json == {"events": 1, "emails": 1}
    assert deployed.state(email_id) is EmailStatus.DELIVERED
    assert deployed.api.faults == []


@pytest.mark.slow
def test_a_form_sent_by_email(deployed: Deployed) -> None:
    """As a Word file, which is the most that reading takes."""
    mime = (ROOT / "tests" / "mails" / "072-docx-table.eml").read_bytes()
    content_type, body = raw_post(mime, to=f"{SLUG}@{deployed.place.domain}")
    post = deployed["receive-email"].ask
    assert post("POST", "/receive-email", body, {"Content-Type": content_type}).status == 401
    answer = post("POST", "/receive-email", body, signed(body) | {"Content-Type": content_type})
    assert (answer.status, answer.json["status"]) == (200, "registered")
    kept = storage.Client(project=deployed.place.project).bucket(deployed.place.bucket).blob(answer.json["inbound"])
    assert body in kept.download_as_bytes()


@pytest.mark.slow
def test_a_past_intake_is_closed_and_the_roster_sent(deployed: Deployed) -> None:
    assert deployed["close-intake"].ask("POST", "/").json["closed"][PAST] == 0
    before = len(deployed.api.bodies)
    assert deployed["send-due-mail"].ask("POST", "/").json["emails"]["sent"] >= 1
    rosters = [body for body in deployed.api.bodies[before:] if PAST in json.dumps(body["personalizations"])]
    assert {file["filename"].rpartition(".")[2] for file in rosters[0]["attachments"]} == {"csv", "xlsx"}
    assert deployed.api.faults == []


@pytest.mark.slow
def test_register_serves_more_than_the_form(deployed: Deployed) -> None:
    for path in ("", f"/{SLUG}", f"/{SLUG}/form.txt", "/openapi.json"):
        assert deployed["register"].ask("GET", f"/register{path}").status == 200, path
    # its bytes are no text
    assert deployed["register"].ask("HEAD", f"/register/{SLUG}/form.pdf").status == 200


@pytest.mark.slow
def test_catalogues_went_up(deployed: Deployed) -> None:
    answer = deployed["register"].ask("GET", "/register", headers={"Accept-Language": "fr"})
    assert (answer.status, answer.headers["Content-Language"]) == (200, "fr")
    assert '<html lang="fr"' in answer.text


@pytest.mark.slow
def test_a_large_roster_is_served_from_the_bucket(deployed: Deployed) -> None:
    """Behind a link that another function signed."""
    id = f"roster-{PAST}-0123456789abcdef-20261125T120000.csv"
    bucket = storage.Client(project=deployed.place.project).bucket(deployed.place.bucket)
    bucket.blob(id).upload_from_string("Reference")
    links, tomorrow = SignedLinks(SECRETS["LINK_KEY"], deployed.place.pages), datetime.now(UTC) + timedelta(days=1)
    link = links.roster(past := an_event(slug=PAST), id, past.secretariat, tomorrow)
    assert deployed["register"].ask("GET", urlsplit(link).path).text == "Reference"


@pytest.mark.slow
def test_each_function_is_deployed(deployed: Deployed) -> None:
    """Under its name with hyphens."""
    tree = ast.parse((ROOT / "main.py").read_text("utf-8"))
    ours = {
        one.name
        for one in tree.body
        if isinstance(one, ast.FunctionDef)
        and {ast.unparse(by) for by in one.decorator_list}
        & {"functions_framework.http", "functions_framework.cloud_event"}
    }
    assert {one.target for one in deployments(deployed.place)} == ours
    assert all(one.name == one.target.replace("_", "-") for one in deployments(deployed.place))


PRIVATE = {"send-mail": "trigger", "send-due-mail": "scheduler", "close-intake": "scheduler", "erase": "scheduler"}
"""The functions that look at nobody's papers, and the one account that may call each."""


@pytest.mark.slow
def test_private_functions_answer_whoever_reaches_them(deployed: Deployed) -> None:
    """There is no home-made login in them: what protects them is the deployment, which the next tests look at."""
    assert deployed["register"].post_json(f"/register/{SLUG}", a_form(first_name="Private")).status == 201
    email_id = f"{SLUG}.{id_of(deployed.store, a_registration(first_name='Private'), SLUG)}.confirmation"
    headers, data = deployed.trigger(email_id)
    assert deployed["send-mail"].ask("POST", "/", data, headers).status == 200
    for name in PRIVATE.keys() - {"send-mail"}:
        assert deployed[name].ask("POST", "/").status == 200, name


@pytest.mark.slow
def test_webhooks_answer_sendgrid_alone(deployed: Deployed) -> None:
    """Whatever else is sent to them, at whatever address."""
    public = {one.name for one in deployments(deployed.place)} - PRIVATE.keys() - {"staff"}
    assert public == {"register", "record-deliveries", "receive-email", "contribute", "pages"}
    for name in ("record-deliveries", "receive-email"):
        for path in ("/", f"/{name}", "/send-due-mail"):
            assert deployed[name].ask("POST", path, b"[]").status == 401, name


@pytest.mark.slow
def test_the_staffs_desk_believes_no_header_of_another(deployed: Deployed) -> None:
    """Though nothing stands before it, as here."""
    forged = Key("of nobody").header("spumail@itu.int", aud=deployed.place.iap_audience)
    for headers in ({}, {"X-Goog-IAP-JWT-Assertion": "x"}, {"X-Goog-Authenticated-User-Email": "spumail@itu.int"}):
        assert deployed["staff"].ask("GET", "/staff/", headers=headers).status == 403
    assert deployed["staff"].ask("GET", "/staff/", headers={"X-Goog-IAP-JWT-Assertion": forged}).status in (403, 503)


def test_private_functions_are_private_by_their_deployment() -> None:
    for one in deployments(PLACE):
        flags = one.flags.keys()
        if one.name in PRIVATE:
            assert "--no-allow-unauthenticated" in flags
            assert one.flags["--ingress-settings"] == "internal-only"
        else:
            assert ("--no-allow-unauthenticated" in flags) == (one.name == "staff")
            assert one.flags["--ingress-settings"] == "internal-and-gclb"


def test_each_private_function_has_one_caller() -> None:
    """Of all that is ever granted, in any step: a role that lets somebody call functions, and to whom."""
    callers: dict[str, set[str]] = {}
    for line in plan():
        words = shlex.split(line.partition("<<'END'")[0])
        if not any("policy-binding" in word for word in words):
            continue
        flags = dict(word.split("=", 1) for word in words if word.startswith("--") and "=" in word)
        assert flags["--role"] not in WHOLESALE, line
        if flags["--role"] == "roles/run.invoker":
            assert words[1:4] == ["run", "services", "add-iam-policy-binding"], line
            callers.setdefault(words[4], set()).add(flags["--member"])
    allowed = {name: {f"serviceAccount:{PLACE.account(caller)}"} for name, caller in PRIVATE.items()}
    allowed |= {
        name: {"allUsers"} for name in ("register", "record-deliveries", "receive-email", "contribute", "pages")
    }
    allowed["staff"] = {f"serviceAccount:{PLACE.iap}"}
    assert callers == allowed


def test_each_caller_uses_the_account_that_may_call() -> None:
    trigger = next(one for one in deployments(PLACE) if one.name == "send-mail")
    assert trigger.flags["--trigger-service-account"] == PLACE.account("trigger")
    jobs = [shlex.split(line) for step in schedule.steps(PLACE) for line in step.plan()]
    assert {words[5] for words in jobs} == {name for name, caller in PRIVATE.items() if caller == "scheduler"}
    for words in jobs:
        flags = dict(word.split("=", 1) for word in words if "=" in word)
        assert flags["--oidc-service-account-email"] == PLACE.account("scheduler")
        assert flags["--uri"] == flags["--oidc-token-audience"] == PLACE.run_address(words[5])


def test_no_public_route_reaches_a_private_function() -> None:
    """The load balancer has no way to one: no group of endpoints, no backend, no path."""
    lines = [line for step in front.steps(PLACE) for line in step.plan()]
    groups = {line.partition("--cloud-run-service=")[2].split()[0] for line in lines if "--cloud-run-service=" in line}
    assert groups == {"register", "record-deliveries", "receive-email", "contribute", "pages", "staff"}
    for name in PRIVATE:
        assert not [line for line in lines if name in line or name.replace("-", "_") in line]
