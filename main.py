"""The functions of Rollcall. Each builds the Desk on first use, from the environment (README, "Configuration").

A handler is imported by the function that needs it: a person waiting for the form does not pay for XLSX and PDF.
"""

import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import functions_framework
from environs import Env, EnvError
from marshmallow.validate import Length, OneOf, Regexp

from handlers import Request, Response
from handlers.logs import hide_requests, log_fault
from rollcall.desk.contribution_ports import Inspector, Published, Uploads
from rollcall.desk.desk import Desk, RecentIntakes
from rollcall.desk.ports import EmailReader, Files, Links, Post, Store
from rollcall.model.email import OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail, ParsedEmail
from rollcall.model.intake import Intake
from rollcall.model.links import SHORTEST_KEY
from rollcall.model.registration import Registered
from schemas.event import EventFileError, EventFiles

if TYPE_CHECKING:
    from cloudevents.http import CloudEvent
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from google.cloud.storage import Bucket

    from handlers.pages.public import Public
    from handlers.staff import Identify

# Loaded modules are no garbage, and scanning them costs a tenth of a cold start: no collection until `desk` freezes
# them (docs/performance.md).
if "FUNCTION_TARGET" in os.environ:
    gc.disable()

hide_requests("gunicorn.error", os.environ.get("FUNCTION_TARGET", __name__))

env = Env()


@contextmanager
def _or_stop() -> Iterator[None]:
    try:
        yield
    except (EnvError, EventFileError) as error:
        raise SystemExit(f'Rollcall does not start. {error} (README.md, "Configuration")') from None


# Read at import: a wrong configuration stops the start.
with _or_stop():
    EVENTS = EventFiles(
        env.path("EVENTS", Path(__file__).parent / "events"), lambda error: log_fault(error, said=str(error))
    )
    STORE = env.str("STORE", "sqlite", validate=OneOf(["sqlite", "firestore"], error="Say sqlite or firestore."))
    PROJECT = env.str("GOOGLE_CLOUD_PROJECT") if STORE == "firestore" else ""
if STORE == "sqlite" and "K_SERVICE" in os.environ:
    raise SystemExit("STORE=sqlite on Cloud Run would lose every registration with the instance; set STORE=firestore")


@functions_framework.http
def register(request: Request) -> Response:
    """The form's page, and registrations from it or from JSON clients. Public."""
    from handlers.register import register as answer

    return answer(desk(), request)


@functions_framework.http
def pages(request: Request) -> Response:
    """The events' own pages. Public; reads event files and what is published, and nothing else."""
    from handlers.pages import pages as answer

    return answer(_public(), request)


@functions_framework.cloud_event
def send_mail(trigger: "CloudEvent") -> None:
    """Sends the e-mail that was queued. Called by Firestore's trigger."""
    from handlers.send_mail import send_mail as answer

    answer(desk(), trigger)


@functions_framework.http
def send_due_mail(request: Request) -> Response:
    """Sends what is due, and reads inbound e-mails. Called by Cloud Scheduler."""
    from handlers.send_due_mail import send_due_mail as answer

    return answer(desk(), request)


@functions_framework.http
def record_deliveries(request: Request) -> Response:
    """Records delivery events. Called by SendGrid's Event Webhook, which signs."""
    from handlers.record_deliveries import record_deliveries as answer

    return answer(desk(), _verification_keys("SENDGRID_WEBHOOK_KEY"), request)


@functions_framework.http
def receive_email(request: Request) -> Response:
    """Registers the forms in an e-mail. Called by SendGrid's Inbound Parse, which signs."""
    from handlers.receive_email import receive_email as answer

    return answer(desk(), _verification_keys("SENDGRID_PARSE_KEY"), request)


@functions_framework.http
def close_intake(request: Request) -> Response:
    """Closes each intake whose deadline has passed. Called by Cloud Scheduler."""
    from handlers.close_intake import close_intake as answer

    return answer(desk(), request)


@functions_framework.http
def erase(request: Request) -> Response:
    """Erases people who asked for it, and what is kept no longer. Called by Cloud Scheduler."""
    from handlers.erase import erase as answer

    return answer(desk(), request)


@functions_framework.http
def contribute(request: Request) -> Response:
    """The page on which contributions are sent in, and each contribution's own. Public."""
    from handlers.contribute import contribute as answer

    return answer(desk(), request)


@functions_framework.http
def staff(request: Request) -> Response:
    """The staff's desk. Called by the staff's browsers, for whom Identity-Aware Proxy vouches."""
    from handlers.staff import staff as answer

    return answer(desk(), _identify(), request)


@functions_framework.errorhandler(Exception)  # type: ignore[untyped-decorator]
def unanswered(error: Exception) -> Response:
    from handlers.unanswered import unanswered as answer

    return answer(error, EVENTS)


@cache
def desk() -> Desk:
    try:
        store = _store()
    finally:
        gc.freeze()
        gc.enable()
    return Desk(
        store=store,
        intakes=RecentIntakes(store, time.monotonic),
        events=EVENTS,
        write=_write,
        post=lambda message: _post()(message),
        files=_files,
        reader=_reader,
        links=_links(),
        sender=env.str("MAIL_FROM", ""),
        uploads=_uploads,
        inspect=_inspector,
        published=_published,
        take_papers=_take_papers,
        republish=_republish,
    )


@cache
def _public() -> "Public":
    from handlers.pages.public import Public, RecentSites

    gc.freeze()
    gc.enable()
    sites = RecentSites(_published, time.monotonic)
    return Public(EVENTS, sites, lambda: datetime.now(UTC), env.str("PAGES", ""))


def _store() -> Store:
    if STORE == "firestore":
        from rollcall.store.firestore import FirestoreStore

        return FirestoreStore(PROJECT)
    from rollcall.store.sqlite import SqliteStore

    return SqliteStore(env.path("SQLITE_PATH", Path("rollcall.sqlite3")), lambda: datetime.now(UTC))


@cache
def _files() -> Files:
    where = env.str("FILES", "files")
    if where.startswith("gs://"):
        from rollcall.store.cloud_storage import CloudStorageFiles

        return CloudStorageFiles(_bucket(where))
    from rollcall.store.folder import FolderFiles

    return FolderFiles(Path(where))


@cache
def _uploads() -> Uploads:
    where = env.str("FILES", "files")
    if where.startswith("gs://"):
        from rollcall.store.cloud_storage import CloudStorageUploads

        return CloudStorageUploads(_bucket(where))
    from rollcall.store.folder_uploads import FolderUploads

    return FolderUploads(Path(where))


def _republish(at: Desk, event: Event) -> None:
    from rollcall.desk.site.publish import republish

    republish(at, event)


@cache
def _published() -> Published:
    where = env.str("PUBLISHED", "published")
    if where.startswith("gs://"):
        from rollcall.store.cloud_storage import CloudStoragePublished

        return CloudStoragePublished(_bucket(where))
    from rollcall.store.folder_published import FolderPublished

    return FolderPublished(Path(where))


@cache
def _bucket(where: str) -> "Bucket":
    from google.cloud import storage

    return storage.Client().bucket(where.removeprefix("gs://"))


@cache
def _inspector() -> Inspector:
    from rollcall.inspection.inspector import ChildInspector

    return ChildInspector(_scanner())


def _scanner() -> str:
    """Where ClamAV's daemon listens; empty: there is none."""
    where = env.str("CLAMD", "", validate=Regexp(r"(?:\S+:[0-9]{1,5})?\Z", error="Not <host>:<port>."))
    return str(where)


@cache
def _reader() -> EmailReader:
    from rollcall.inbound.reader import InboxReader

    return InboxReader()


def _links() -> Links:
    from rollcall.links import SignedLinks

    return SignedLinks(env.str("LINK_KEY", ""), env.str("PAGES", ""), env.str("FORMS_HOST", None))


def _take_papers(at: Desk, event: Event, read: InboundEmail, reading: ParsedEmail, raw: bytes) -> InboundEmail:
    from rollcall.desk.contributions.emailed import take_papers

    return take_papers(at, event, read, reading, raw)


def _write(at: Desk, entry: OutboxEntry, event: Event, intake: Intake, registered: Registered | None) -> Written:
    from rollcall.emails import write

    return write(at, entry, event, intake, registered)


@cache
def _post() -> Post:
    from rollcall.sendgrid import HOSTS, SendGridPoster

    # a secret that was filled by hand may end with a line break: no valid header, and no e-mail would go out
    key = env.str("SENDGRID_API_KEY", validate=Regexp(r"\s*[!-~]+\s*\Z", error="Not a key of SendGrid's.")).strip()
    region = env.str("SENDGRID_REGION", "global", validate=OneOf(HOSTS, error="Say global or eu."))
    return SendGridPoster(key, env.str("MAIL_FROM"), env.str("SENDGRID_HOST", "") or HOSTS[region]).post


@cache
def _verification_keys(setting: str) -> "tuple[EllipticCurvePublicKey, ...]":
    from handlers.signature import verification_keys

    try:
        return verification_keys(env.str(setting))
    except ValueError as error:
        raise SystemExit(f"{setting} is not a verification key of SendGrid's: {error}") from None


@cache
def _identify() -> "Identify":
    from handlers.staff.identity import by_signed_header
    from rollcall.iap import PublishedKeys, SignedHeader

    service = r"/projects/[0-9]+/locations/[a-z0-9-]+/services/[a-z0-9-]+\Z"
    audience = env.str("IAP_AUDIENCE", validate=Regexp(service, error="Not a service of Cloud Run."))
    return by_signed_header(SignedHeader(audience, PublishedKeys(time.monotonic)).address)


def _needs_buckets_in_the_cloud(*settings: str) -> None:
    for setting in settings:
        where = env.str(setting, setting.lower())
        if "K_SERVICE" in os.environ and not where.startswith("gs://"):
            lost = "on Cloud Run would be lost with the instance"
            raise SystemExit(f"{setting}={where} {lost}; set {setting}=gs://<bucket>")


def _needs_link_key() -> None:
    strong = rf"\s*\S{{{SHORTEST_KEY},}}(\s+\S{{{SHORTEST_KEY},}})*\s*\Z"
    env.str("LINK_KEY", validate=Regexp(strong, error=f"A key has {SHORTEST_KEY} characters at the least."))


# A function without its keys does not start.
with _or_stop():
    match os.environ.get("FUNCTION_TARGET"):
        case "register":
            _needs_link_key()
            _needs_buckets_in_the_cloud("FILES", "PUBLISHED")
        case "contribute":
            _needs_link_key()
            _needs_buckets_in_the_cloud("FILES", "PUBLISHED")
            env.str("PAGES", validate=Length(min=1))
            _scanner()
        case "erase":
            _needs_buckets_in_the_cloud("FILES", "PUBLISHED")
        case "pages":
            _needs_buckets_in_the_cloud("PUBLISHED")
        case "send_mail" | "send_due_mail":
            _post()
            _needs_buckets_in_the_cloud("FILES", "PUBLISHED")
            _files()
            _reader()
            _scanner()
            _needs_link_key()
            env.str("PAGES", validate=Length(min=1))
        case "staff":
            _identify()
            _needs_link_key()
            _needs_buckets_in_the_cloud("FILES", "PUBLISHED")
            env.str("PAGES", validate=Length(min=1))
        case "record_deliveries":
            _verification_keys("SENDGRID_WEBHOOK_KEY")
        case "receive_email":
            _verification_keys("SENDGRID_PARSE_KEY")
            _needs_buckets_in_the_cloud("FILES", "PUBLISHED")
            _files()
            _reader()
            env.str("MAIL_FROM", validate=Length(min=1))
