"""No client reads or writes the database, signed in or not: the rules that are deployed, in the official emulator.

Whoever calls it without a login, or with one of Firebase's (here unsigned), is a client; `owner` is a service account
(https://firebase.google.com/docs/emulator-suite/connect_firestore#admin_sdks), whom the rules do not bind.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import quote

import pytest

from rollcall.model.registration import person_key
from rollcall.store.firestore import FirestoreStore
from tests.support.builders import a_registration, an_event
from tests.support.filled import PATHS, fill
from tests.support.served import ROOT, Served

OWNER = {"Authorization": "Bearer owner"}


def _part(of_token: Mapping[str, str]) -> str:
    return urlsafe_b64encode(json.dumps(of_token).encode()).decode().rstrip("=")


def somebody(project: str) -> dict[str, str]:
    """A login of Firebase's, of whoever made one."""
    says = {"aud": project, "iss": f"https://securetoken.google.com/{project}", "sub": "somebody"}
    return {"Authorization": f"Bearer {_part({'alg': 'none', 'typ': 'JWT'})}.{_part(says)}."}


@pytest.mark.slow
@pytest.mark.parametrize("signed_in", [False, True])
def test_no_client_reads_or_writes_the_books(emulator: str, project: str, signed_in: bool) -> None:
    fill(FirestoreStore(project), an_event())
    deployed = (ROOT / "deploy" / "firestore.rules").read_text("utf-8")
    db, as_json = Served(int(emulator.rpartition(":")[2])), {"Content-Type": "application/json"}
    rules = json.dumps({"rules": {"files": [{"name": "firestore.rules", "content": deployed}]}})
    set_rules = f"/emulator/v1/projects/{project}:securityRules"
    assert db.ask("PUT", set_rules, rules, OWNER | as_json).status == 200
    client = as_json | (somebody(project) if signed_in else {})
    documents = f"/v1/projects/{project}/databases/(default)/documents"
    for path in (quote(path.format(person=person_key(a_registration()))) for path in PATHS):
        for method, at, body in (
            ("GET", path, None),
            ("GET", path.rpartition("/")[0], None),
            ("PATCH", path, '{"fields": {}}'),
            ("PATCH", f"{path}-new", '{"fields": {}}'),
            ("DELETE", path, None),
        ):
            assert db.ask(method, f"{documents}/{at}", body, client).status == 403, f"{method} {at}"
        assert db.ask("GET", f"{documents}/{path}", None, OWNER).status == 200, path
