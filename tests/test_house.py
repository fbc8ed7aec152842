"""The house rules that a machine can hold."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import main
from rollcall.local.app import FUNCTIONS
from tests.support.builders import LINKS
from tests.support.iap import AUDIENCE
from tests.support.in_process import start_main
from tests.support.webhook import PUBLIC_KEY

ROOT = Path(__file__).parent.parent
STRONG = 32 * "x"


def test_imports_go_one_way() -> None:
    checked = subprocess.run(["lint-imports"], cwd=ROOT, capture_output=True, text=True, env=_with_venv(), check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_local_run_mounts_every_function_of_main() -> None:
    functions = {name for name in FUNCTIONS if callable(getattr(main, name))}
    decorated = {name for name, value in vars(main).items() if getattr(value, "__module__", "") == "main"}
    assert functions == {name for name in decorated if not name.startswith("_")} - {"desk"}


def loaded_by_register(**environment: str) -> set[str]:
    program = """
import json, sys, main, handlers.register
main.desk()
print(json.dumps(sorted(sys.modules)))
"""
    given = {**os.environ, "FUNCTION_TARGET": "register", "LINK_KEY": LINKS.key, "FILES": "gs://bucket", **environment}
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, env=given, check=True)
    return set(json.loads(ran.stdout))


def test_register_calls_firestore_without_googles_clients_and_logins() -> None:
    """They take longer to import than all else that Firestore needs."""
    loaded = loaded_by_register(STORE="firestore", GOOGLE_CLOUD_PROJECT="a-project", FIRESTORE_EMULATOR_HOST="none:1")
    assert {"grpc", "google.cloud.firestore_v1.types"} <= loaded
    assert not loaded & {"google.cloud.firestore", "google.auth", "requests", "urllib3", "cryptography"}


def test_register_loads_nothing_that_only_e_mails_and_rosters_need() -> None:
    """A person waiting for a cold start does not pay for SendGrid, XLSX and calendars."""
    loaded = loaded_by_register(SQLITE_PATH=":memory:")
    assert {"handlers", "marshmallow", "flask"} <= loaded
    assert not loaded & {
        "sendgrid",
        "xlsxwriter",
        "icalendar",
        "google.cloud.firestore",
        "grpc",
        "apispec",
        "cryptography",
        "google.auth.jwt",
        "google.cloud.storage",
        "rollcall.documents",
        "rollcall.inbound.reader",
        "lxml",
        "pypdf",
        "docx",
        "dateparser",
        "python_calamine",
        "typst",
        "pymupdf_fonts",
        "babel",  # dates are for pages and e-mails
    }


def test_garbage_is_collected_once_all_is_loaded() -> None:
    program = """
import gc, main
assert not gc.isenabled()
main.desk()
assert gc.isenabled() and gc.get_freeze_count() > 10_000
"""
    environment = {**os.environ, "SQLITE_PATH": ":memory:", "FUNCTION_TARGET": "register", "LINK_KEY": LINKS.key}
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("missing", "value"),
    [("LINK_KEY", weak) for weak in (None, "", " \n", "x", 31 * "x", f"{STRONG} x", f"x\n{STRONG}", 20 * "xx ")]
    + [("PAGES", empty) for empty in (None, "")],
)
def test_a_function_without_its_keys_does_not_start(missing: str, value: str | None) -> None:
    """Links would be signed with nothing, or what can be guessed, and lead nowhere. Each of several keys counts."""
    settings = {"FUNCTION_TARGET": "send_due_mail", "SENDGRID_API_KEY": "key", "MAIL_FROM": "a@desk.example.org"}
    assert start_main(**settings, SQLITE_PATH=":memory:", LINK_KEY=f"{STRONG}\n{STRONG} ") == ""
    assert missing in start_main(**settings, SQLITE_PATH=":memory:", **{missing: value})


@pytest.mark.parametrize(
    ("region", "starts"), [(None, True), ("global", True), ("eu", True), ("EU", False), ("", False)]
)
def test_sendgrids_region_is_one_that_there_is(region: str | None, starts: bool) -> None:
    settings = {"FUNCTION_TARGET": "send_due_mail", "SENDGRID_API_KEY": "key", "MAIL_FROM": "a@desk.example.org"}
    said = start_main(**settings, SQLITE_PATH=":memory:", SENDGRID_REGION=region)
    assert said == "" if starts else "SENDGRID_REGION" in said


@pytest.mark.parametrize("audience", [None, "", "staff", "/projects/1/global/backendServices/2", f"{AUDIENCE} "])
def test_the_staffs_desk_does_not_start_without_whom_to_believe(audience: str | None) -> None:
    settings = {"FUNCTION_TARGET": "staff", "SQLITE_PATH": ":memory:"}
    assert start_main(**settings, IAP_AUDIENCE=AUDIENCE) == ""
    assert "IAP_AUDIENCE" in start_main(**settings, IAP_AUDIENCE=audience)


FIRESTORE = {"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "project"}


@pytest.mark.parametrize(
    "target", ["register", "send_mail", "send_due_mail", "receive_email", "staff", "contribute", "erase"]
)
def test_files_are_not_lost_with_an_instance(target: str) -> None:
    settings = {"FUNCTION_TARGET": target, "K_SERVICE": target, "PUBLISHED": "gs://published", **FIRESTORE}
    keys = {"SENDGRID_API_KEY": "key", "MAIL_FROM": "key", "SENDGRID_PARSE_KEY": PUBLIC_KEY, "IAP_AUDIENCE": AUDIENCE}
    assert "FILES=gs://<bucket>" in start_main(**keys, **settings, FILES="files")


@pytest.mark.parametrize(
    "target", ["register", "send_due_mail", "receive_email", "staff", "contribute", "pages", "erase"]
)
def test_what_is_published_is_not_lost_with_an_instance(target: str) -> None:
    settings = {"FUNCTION_TARGET": target, "K_SERVICE": target, "FILES": "gs://files", **FIRESTORE}
    keys = {"SENDGRID_API_KEY": "key", "MAIL_FROM": "key", "SENDGRID_PARSE_KEY": PUBLIC_KEY, "IAP_AUDIENCE": AUDIENCE}
    assert "PUBLISHED=gs://<bucket>" in start_main(**keys, **settings, PUBLISHED="published")


@pytest.mark.parametrize(("scanner", "starts"), [("", True), ("clamav:3310", True), ("clamav", False)])
def test_where_the_scanner_listens_has_a_port(scanner: str, starts: bool) -> None:
    said = start_main(FUNCTION_TARGET="contribute", SQLITE_PATH=":memory:", CLAMD=scanner)
    assert said == "" if starts else "CLAMD" in said


def test_no_secret_is_in_the_repository() -> None:
    """SendGrid's and Google's API keys, private keys, passwords in addresses; tests may have invented ones."""
    secret = re.compile(
        r"SG\.[\w-]{16,}|AIza[\w-]{35}|-----BEGIN [A-Z ]*PRIVATE KEY|\"private_key\"|ya29\.[\w-]{20}|://[^\s/:]+:[^\s/@]+@"
    )
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in listed.split("\0") if name and not name.startswith("tests/")]
    assert "main.py" in files
    holding = [name for name in files if secret.search((ROOT / name).read_bytes().decode("utf-8", "replace"))]
    assert holding == []


def _with_venv() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
