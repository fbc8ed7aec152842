"""docs/asvs.md stays true: what its rows name exists, and its heading counts them."""

import ast
import re
import subprocess
from collections import Counter

import pytest

from tests.support.served import ROOT

PAGE = (ROOT / "docs" / "asvs.md").read_text("utf-8")
ROWS = re.findall(r"^\| (V\d+\.\d+\.\d+) \| ([12]) \| (met|not met|n/a) \| (.+) \|$", PAGE, re.MULTILINE)
NAMED = re.compile(r"`([\w/.-]+\.(?:py|md|toml|html|js))(?:::(\w+))?`")
CODE = ["main.py", "handlers/*.py", "schemas/*.py", "templates/*.py", "rollcall/*.py", "deploy/*.py"]


def test_every_requirement_is_there_once_and_in_order() -> None:
    ids = [tuple(map(int, id[1:].split("."))) for id, *_ in ROWS]
    assert len(ids) == PAGE.count("\n| V") > 200
    assert ids == sorted(set(ids))


def test_the_heading_counts_the_rows() -> None:
    counted = Counter(verdict for _, _, verdict, _ in ROWS)
    said = re.findall(r"(\d+) (met|not met|not applicable)\b", PAGE)
    assert said == [
        (str(counted["met"]), "met"),
        (str(counted["not met"]), "not met"),
        (str(counted["n/a"]), "not applicable"),
    ]


@pytest.mark.parametrize(("id", "where"), [(id, why) for id, _, verdict, why in ROWS if verdict == "met"])
def test_what_shows_that_a_requirement_is_met_exists(id: str, where: str) -> None:
    named = NAMED.findall(where)
    assert named
    for file, test in named:
        assert (ROOT / file).is_file(), file
        assert not test or f"def {test}(" in (ROOT / file).read_text("utf-8"), test


CALLS_OUT = {
    "urllib.request": {"rollcall/sendgrid.py", "rollcall/iap.py", "deploy/iap.py"},
    "socket": {"rollcall/inspection/clamd.py"},
    "http.client": {"rollcall/store/google_account.py"},
    "python_http_client": {"rollcall/sendgrid.py"},
    "sendgrid": {"rollcall/sendgrid.py"},
    "grpc": {"rollcall/store/firestore.py", "rollcall/store/firestore_rpc.py"},
    "google.cloud.storage": {"main.py", "rollcall/store/cloud_storage.py"},
}
"""V13.2.4: what opens connections, and who may use it: Firestore, Cloud Storage, SendGrid, Google's published keys, a
virus scanner, Cloud Run's metadata server; and `deploy-check`, which asks for the desk's own page."""
ELSEWHERE = {"requests", "httpx", "aiohttp", "urllib3", "ftplib", "smtplib"}
"""What opens others."""
ONLY_NAMES = {
    ("rollcall/sendgrid.py", "http.client"),
    ("rollcall/sendgrid.py", "socket"),
    ("handlers/request_body.py", "socket"),
    ("rollcall/budget.py", "socket"),
    ("deploy/iap.py", "http.client"),
}
"""Kinds of errors, the deadline of a request that came in, and a pair of sockets to a program of ours."""


def test_functions_call_the_named_services_alone() -> None:
    said = subprocess.run(["git", "ls-files", "--", *CODE], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    deployed = [
        file for file in said.split() if not file.startswith(("deploy/", "rollcall/local/", "rollcall/ops/", "tests/"))
    ]
    calls = set()
    for file in deployed:
        for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):
            match node:
                case ast.Import():
                    names = [alias.name for alias in node.names]
                case ast.ImportFrom():
                    names = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
                case _:
                    continue
            calls |= {(file, name) for name in names if name in CALLS_OUT or name in ELSEWHERE}
    assert {(file, name) for file, name in calls if file not in CALLS_OUT.get(name, set())} <= ONLY_NAMES
    assert {name for _, name in calls} >= CALLS_OUT.keys()


def test_nothing_is_evaluated() -> None:
    """V1.3.2."""
    files = subprocess.run(["git", "ls-files", "--", *CODE], cwd=ROOT, capture_output=True, text=True, check=True)
    for file in files.stdout.split():
        for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile", "__import__"), file
