"""`make deploy` and `make destroy` with the real gcloud, against a stand-in for Google's APIs: a run that fails in the
middle, one that completes it, one that changes nothing; then the removal."""

import io
import json
import os
import re
import shlex
import tomllib
import zipfile
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from dns.resolver import Resolver

from deploy import firestore, front, functions, iap, secrets, storage, watch
from deploy.__main__ import Outside, all_steps, main
from deploy.functions import FUNCTIONS, Deployed
from deploy.place import Place
from deploy.sendgrid import Api
from deploy.steps import Command, Completed, Result, Run, StepFailed
from rollcall.language import languages
from rollcall.model.contribution import FILE_IDS_BEGIN
from rollcall.store.sqlite import SqliteStore
from schemas.event import read_events
from tests.support.google_api import NUMBER, PROJECT, Asked, GoogleApi
from tests.support.sendgrid_settings import ENGINEERS_KEY, Account, sendgrid_account

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("a deployment")]  # each test goes on from the one before
NOW = datetime(2004, 2, 1, 12, tzinfo=UTC)
PLACE = Place(PROJECT, NUMBER, "europe-west6", "registration.example.org", "on-call@example.org", "events/")
"""Its events are written otherwise than where nobody says `EVENTS`."""
HERE = f"projects/{PROJECT}/locations/europe-west6"
SECRETS = ("link-key", "sendgrid-key", "inbound-key", "delivery-events-key")
ALWAYS_SAID = {"PROJECT": PROJECT, "REGION": "europe-west6", "DOMAIN": PLACE.domain}
SETTINGS = ALWAYS_SAID | {"ON_CALL": PLACE.on_call, "EVENTS": PLACE.events}
PUBLIC = ("register", "record-deliveries", "receive-email", "contribute", "pages")
PRIVATE = ("send-mail", "send-due-mail", "close-intake", "erase")
ALL = (*PUBLIC, *PRIVATE, "staff")
IAP = f"service-{NUMBER}@gcp-sa-iap.iam.gserviceaccount.com"
AT_IAP = f"iap projects/{PROJECT}/iap_web/cloud_run-europe-west6/services/staff"
MAY_OPEN = "roles/iap.httpsResourceAccessor"
TESTED = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
DATABASE = f"firestore projects/{PROJECT}/databases/(default)"


@dataclass
class Deployment:
    """Three runs of `deploy`, and the project after the last."""

    google: GoogleApi
    sendgrid: Account
    outside: Outside
    said: list[tuple[int, str]]
    """Exit code, and what was printed, of each run."""
    runs: list[list[Asked]]
    """What each run changed at Google."""
    commands: list[Command]
    kept: dict[str, dict[str, Any]]
    policies: dict[str, dict[str, Any]]

    def function(self, name: str) -> Any:
        return self.kept[f"cloudfunctions {HERE}/functions/{name}"]

    def rights(self, of: str) -> set[tuple[str, str]]:
        """Pairs of role and member, shortened."""
        return {
            (binding["role"].removeprefix(f"projects/{PROJECT}/"), _plain(member))
            for binding in self.policies.get(of, {}).get("bindings", [])
            for member in binding["members"]
        }


def _plain(member: str) -> str:
    """A function's account by the function's name."""
    id = member.removeprefix("serviceAccount:").removesuffix(f"@{PROJECT}.iam.gserviceaccount.com")
    return id.removeprefix("run-")


@pytest.fixture(scope="module")
def deployment(google: GoogleApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """`deploy`, three times, in an empty project: the first time Google refuses a function; the third time `ON_CALL`
    and `EVENTS` are left out."""
    gcloud = google.runs(tmp_path_factory.mktemp("gcloud"))
    commands: list[Command] = []

    def run(command: Command) -> Completed:
        commands.append(command)
        return gcloud(command)

    def open_store(project: str) -> SqliteStore:
        assert project == PROJECT
        return SqliteStore(tmp_path_factory.mktemp("database") / "rollcall.sqlite3", lambda: NOW)

    with sendgrid_account() as account:
        by_key = Api(lambda: ENGINEERS_KEY, account.url, _never_waits)
        outside = Outside(run, by_key, Resolver, f"{google.url}firebaserules/", open_store, lambda: NOW)
        google.refuse["'functionId': 'send-due-mail'"] = 1
        said, runs, changed_at_sendgrid = [], [], []
        for settings in (SETTINGS, SETTINGS, ALWAYS_SAID):
            done = len(google.changes())
            said.append(_said(partial(main, "deploy", settings, outside)))
            runs.append(google.changes()[done:])
            changed_at_sendgrid.append(len(account.changes))
        assert changed_at_sendgrid[1] == changed_at_sendgrid[2]
        there = deepcopy(google.resources), deepcopy(google.policies)
        yield Deployment(google, account, outside, said, runs, list(commands), *there)


def _said(work: Callable[[], int]) -> tuple[int, str]:
    with redirect_stdout(io.StringIO()) as printed:
        code = work()
    return code, printed.getvalue()


def _never_waits(_: float) -> None:
    raise AssertionError("it would have waited for a retry")


def test_a_failure_names_command_error_and_next_step(deployment: Deployment) -> None:
    code, said = deployment.said[0]
    assert code == 1
    assert "gcloud functions deploy send-due-mail" in said
    assert "the stand-in was told to refuse this" in said
    assert "give the same command again" in said


def test_the_next_run_continues_after_a_failure(deployment: Deployment) -> None:
    made_later = {asked.query["functionId"] for asked in deployment.runs[1] if "functionId" in asked.query}
    assert made_later == {function.name for function in FUNCTIONS[1:]}
    again = {str(asked) for asked in deployment.runs[0]} & {str(asked) for asked in deployment.runs[1]}
    assert again == {  # each time for another function
        f"cloudfunctions POST {HERE}/functions",
        f"cloudfunctions POST {HERE}/functions:generateUploadUrl",
    }
    made_before, _, _ = deployment.said[1][1].partition("the function send-due-mail")
    assert set(re.findall("^    (.*)", made_before, re.MULTILINE)) == {"unchanged"}  # what exists is not created again


def test_a_run_without_differences_only_reads(deployment: Deployment) -> None:
    assert [str(asked) for asked in deployment.runs[2]] == []
    assert deployment.said[2][0] == 0
    assert not re.search("^    (created|updated)", deployment.said[2][1], re.MULTILINE)


def test_it_ends_with_the_dns_records_to_set(deployment: Deployment) -> None:
    for _, said in deployment.said[1:]:
        assert re.search(r"registration\.example\.org +A +203\.0\.113\.7", said)
        assert re.search(r"registration\.example\.org +MX +10 mx\.sendgrid\.net", said)
        assert len(re.findall(r" CNAME ", said)) == 3


def test_gcloud_accepts_each_planned_command(deployment: Deployment) -> None:
    ran = {_without_label(command.argv) for command in deployment.commands}
    _, said = _said(lambda: main("plan", SETTINGS, NOBODY))
    planned = [line for line in said.replace(" \\\n    ", " ").splitlines() if line.startswith("gcloud ")]
    assert len(planned) > 60
    for line in planned:
        if (
            "--member=allUsers" in line or "gcp-sa-iap" in line
        ):  # done by then, by `--allow-unauthenticated` and `--iap`
            continue
        known = line.partition("    # ")[0].partition(" <<")[0].replace("$NUMBER", NUMBER).replace("$VERSION", "1")
        assert _without_label(shlex.split(known)) in ran, line


def _without_label(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if not word.startswith("--update-labels="))


def test_the_database_is_protected_and_recoverable(deployment: Deployment) -> None:
    database = deployment.kept[DATABASE]
    assert database["deleteProtectionState"] == "DELETE_PROTECTION_ENABLED"
    assert database["pointInTimeRecoveryEnablement"] == "POINT_IN_TIME_RECOVERY_ENABLED"
    assert database["type"] == "FIRESTORE_NATIVE"
    assert database["locationId"] == "europe-west6"


def test_the_database_is_backed_up_each_week_for_five(deployment: Deployment) -> None:
    [schedule] = [one for path, one in deployment.kept.items() if path.startswith(f"{DATABASE}/backupSchedules/")]
    assert (schedule["weeklyRecurrence"], schedule["retention"]) == ({"day": "SUNDAY"}, "3024000s")


def test_logs_outlive_the_oldest_backup(deployment: Deployment) -> None:
    """By them those are erased again whom a restore brings back."""
    [schedule] = [one for path, one in deployment.kept.items() if path.startswith(f"{DATABASE}/backupSchedules/")]
    days = deployment.kept[LOGS]["retentionDays"]
    assert days * 86400 > int(schedule["retention"].rstrip("s")) + 7 * 86400


def test_the_database_has_the_indexes_of_the_file(deployment: Deployment) -> None:
    wanted = json.loads(Path("deploy/firestore.indexes.json").read_text())
    made = [thing for path, thing in deployment.kept.items() if path.startswith(DATABASE) and "/indexes/" in path]
    assert [index["fields"] for index in made] == [index["fields"] for index in wanted["indexes"]]
    fields = {
        path: thing for path, thing in deployment.kept.items() if path.startswith(DATABASE) and "/fields/" in path
    }
    exempt = {path: thing for path, thing in fields.items() if "indexConfig" in thing}
    overrides = [one for one in wanted["fieldOverrides"] if not one.get("ttl")]
    assert len(exempt) == len(overrides), "one of them stands there twice"
    for one in overrides:
        path = f"{DATABASE}/collectionGroups/{one['collectionGroup']}/fields/{one['fieldPath']}"
        indexes = exempt[path]["indexConfig"].get("indexes", [])
        for key in ("order", "arrayConfig"):
            assert [index["fields"][0].get(key) for index in indexes] == [index.get(key) for index in one["indexes"]]


EXPIRE = "idempotency", "conflicts", "differing"


def test_only_idempotency_keys_and_forms_that_changed_nothing_expire(deployment: Deployment) -> None:
    expire = [path for path, thing in deployment.kept.items() if "ttlConfig" in thing]
    assert expire == [f"{DATABASE}/collectionGroups/{one}/fields/expires_at" for one in EXPIRE]


def test_the_released_rules_keep_every_client_out(deployment: Deployment) -> None:
    release = deployment.kept[f"firebaserules projects/{PROJECT}/releases/cloud.firestore"]
    ruleset = deployment.kept[f"firebaserules {release['rulesetName']}"]
    assert ruleset["source"]["files"][0]["content"] == Path("deploy/firestore.rules").read_text()


def test_the_bucket_is_private_and_objects_expire(deployment: Deployment) -> None:
    bucket = deployment.kept[f"storage b/{PROJECT}-files"]
    assert bucket["iamConfiguration"] == {
        "publicAccessPrevention": "enforced",
        "uniformBucketLevelAccess": {"enabled": True},
    }
    on_their_way = {"age": 3, "matchesPrefix": ["upload-"]}
    [letters] = read_events(Path("events")).values()
    conditions = [{"age": storage.days_kept([letters])}, on_their_way]
    assert bucket["lifecycle"]["rule"] == [{"action": {"type": "Delete"}, "condition": one} for one in conditions]
    assert bucket["softDeletePolicy"] == {"retentionDurationSeconds": str(7 * 24 * 3600)}
    assert bucket["versioning"] == {"enabled": False}
    assert bucket["location"] == "europe-west6"
    [cors] = bucket["cors"]
    assert (cors["method"], "Range" in cors["responseHeader"]) == (["PUT"], True)


def test_what_is_published_is_apart_and_is_gone_when_it_is_deleted(deployment: Deployment) -> None:
    bucket = deployment.kept[f"storage b/{PROJECT}-published"]
    assert bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert bucket["softDeletePolicy"] == {"retentionDurationSeconds": "0"}
    assert not bucket.get("versioning", {}).get("enabled")
    publish = {"register", "staff", "contribute", "receive-email", "send-due-mail", "erase"}
    assert deployment.rights(f"storage b/{PROJECT}-published") == {
        *(("roles/storage.objectUser", name) for name in publish),
        ("roles/storage.objectViewer", "pages"),
    }
    assert not deployment.function("pages")["serviceConfig"].get("secretEnvironmentVariables")


def test_accounts_have_only_the_roles_they_need(deployment: Deployment) -> None:
    database = {("roles/rollcallDatabase", name) for name in ALL if name not in ("pages", "erase")}
    database |= {("roles/rollcallErasure", "erase")}
    assert deployment.rights(f"cloudresourcemanager projects/{PROJECT}") == database | {
        ("roles/artifactregistry.writer", "builder"),
        ("roles/logging.logWriter", "builder"),
        ("roles/storage.objectViewer", "builder"),
        ("roles/eventarc.eventReceiver", "trigger"),
    }


def test_access_by_people_is_logged(deployment: Deployment) -> None:
    """The functions' own reading and writing of the database and the bucket is left out; taking a key never is."""
    configs = deployment.policies[f"cloudresourcemanager projects/{PROJECT}"]["auditConfigs"]
    logged = {
        (one["service"].partition(".")[0], log["logType"]): set(map(_plain, log.get("exemptedMembers", ())))
        for one in configs
        for log in one["auditLogConfigs"]
    }
    functions = {*ALL}
    assert logged == {
        **{(service, f"DATA_{what}"): functions for service in ("datastore", "storage") for what in ("READ", "WRITE")},
        **{("secretmanager", f"DATA_{what}"): set() for what in ("READ", "WRITE")},
    }


def test_logs_of_access_that_somebody_switched_off_are_on_again_and_roles_stay(deployment: Deployment) -> None:
    google, of = deployment.google, f"cloudresourcemanager projects/{PROJECT}"
    was, roles = deepcopy(google.policies[of]["auditConfigs"]), google.members(of)
    theirs = {"service": "run.googleapis.com", "auditLogConfigs": [{"logType": "DATA_READ"}]}
    google.policies[of]["auditConfigs"] = [theirs, {**was[0], "auditLogConfigs": was[0]["auditLogConfigs"][:1]}]
    step = _step(deployment, "a log of each access")
    assert step.apply(deployment.outside.run) is Result.UPDATED
    assert step.apply(deployment.outside.run) is Result.UNCHANGED
    assert google.policies[of]["auditConfigs"] == [theirs, *was]
    assert google.members(of) == roles


def test_the_builder_reads_sources_and_no_inbound_emails(deployment: Deployment) -> None:
    bindings = deployment.policies[f"cloudresourcemanager projects/{PROJECT}"]["bindings"]
    (viewer,) = [one for one in bindings if one["role"] == "roles/storage.objectViewer"]
    condition = f"resource.name.startsWith('projects/_/buckets/gcf-v2-sources-{NUMBER}-')"
    assert viewer["condition"]["expression"] == condition


def test_erase_alone_may_delete_from_the_database(deployment: Deployment) -> None:
    """Of who has which role, the tests of the roles tell."""
    may = {"datastore.databases.get", *(f"datastore.entities.{what}" for what in ("create", "get", "list", "update"))}
    for name, permissions in (("rollcallDatabase", may), ("rollcallErasure", may | {"datastore.entities.delete"})):
        role = deployment.kept[f"iam projects/{PROJECT}/roles/{name}"]
        assert set(role["includedPermissions"]) == permissions


def test_erase_alone_may_delete_from_the_bucket_of_files(deployment: Deployment) -> None:
    cannot = ("roles/storage.objectCreator", "roles/storage.objectViewer")
    rights = deployment.rights(f"storage b/{PROJECT}-files")
    assert {one for one in rights if one[0] not in cannot} == {("roles/storage.objectUser", "erase")}
    [erase] = [
        one
        for one in deployment.google.policies[f"storage b/{PROJECT}-files"]["bindings"]
        if one["role"] == "roles/storage.objectUser"
    ]
    assert "condition" not in erase


def test_roles_on_the_bucket_and_on_rosters_alone(deployment: Deployment) -> None:
    rosters, uploads, papers = (
        f"resource.name.startsWith('projects/_/buckets/{PROJECT}-files/objects/{prefix}')"
        for prefix in ("roster-", "upload-", FILE_IDS_BEGIN)
    )
    there = {
        (binding["role"], _plain(member), binding.get("condition", {}).get("expression"))
        for binding in deployment.policies[f"storage b/{PROJECT}-files"]["bindings"]
        for member in binding["members"]
    }
    assert there == {
        ("roles/storage.objectCreator", "receive-email", None),
        ("roles/storage.objectViewer", "receive-email", None),
        ("roles/storage.objectCreator", "staff", None),
        ("roles/storage.objectViewer", "staff", None),
        ("roles/storage.objectViewer", "send-mail", None),
        ("roles/storage.objectViewer", "send-due-mail", None),
        ("roles/storage.objectCreator", "send-mail", rosters),
        ("roles/storage.objectCreator", "send-due-mail", rosters),
        ("roles/storage.objectCreator", "send-due-mail", f"{uploads} || {papers}"),
        ("roles/storage.objectViewer", "register", rosters),
        ("roles/storage.objectViewer", "contribute", f"{uploads} || {papers}"),
        ("roles/storage.objectCreator", "contribute", f"{uploads} || {papers}"),
        ("roles/storage.objectUser", "erase", None),
    }


@pytest.mark.parametrize(
    ("secret", "readers"),
    [
        ("link-key", {"register", "staff", "contribute", "send-mail", "send-due-mail"}),
        ("sendgrid-key", {"send-mail", "send-due-mail"}),
        ("delivery-events-key", {"record-deliveries"}),
        ("inbound-key", {"receive-email"}),
    ],
)
def test_only_functions_that_need_a_secret_read_it(deployment: Deployment, secret: str, readers: set[str]) -> None:
    wanted = {("roles/secretmanager.secretAccessor", reader) for reader in readers}
    assert deployment.rights(f"secretmanager projects/{PROJECT}/secrets/{secret}") == wanted
    replication = deployment.kept[f"secretmanager projects/{PROJECT}/secrets/{secret}"]["replication"]
    assert replication == {"userManaged": {"replicas": [{"location": "europe-west6"}]}}
    keys = {name: deployment.function(name)["serviceConfig"].get("secretEnvironmentVariables", []) for name in readers}
    assert all([key["version"] for key in found if key["secret"] == secret] == ["1"] for found in keys.values())


def test_no_key_is_in_a_command_a_foreign_request_or_output(deployment: Deployment) -> None:
    versions = [f"secretmanager projects/{PROJECT}/secrets/{name}/versions/1" for name in SECRETS]
    values = [b64decode(deployment.kept[version]["payload"]["data"]).decode() for version in versions]
    assert len(values[0]) >= 32
    for value in [ENGINEERS_KEY, *values]:
        assert not [command for command in deployment.commands if value in " ".join(command.argv)]
        holding = [asked for asked in deployment.google.asked if value in str(asked.body)]
        assert holding == []  # where it belongs it is in Base64
        assert not [said for _, said in deployment.said if value in said]


@pytest.mark.parametrize(
    ("name", "caller"),
    [
        *((name, "allUsers") for name in PUBLIC),
        ("send-mail", "trigger"),
        ("send-due-mail", "scheduler"),
        ("close-intake", "scheduler"),
        ("erase", "scheduler"),
        ("staff", IAP),
    ],
)
def test_who_may_call_a_function(deployment: Deployment, name: str, caller: str) -> None:
    assert deployment.rights(f"run {HERE}/services/{name}") == {("roles/run.invoker", caller)}


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_function_accepts_internal_traffic_alone(deployment: Deployment, name: str) -> None:
    assert deployment.function(name)["serviceConfig"]["ingressSettings"] == "ALLOW_INTERNAL_ONLY"
    said = [
        asked for run in deployment.runs for asked in run if "setIamPolicy" in asked.path and f"/{name}:" in asked.path
    ]
    assert said
    assert not any("allUsers" in str(asked.body) or "allAuthenticated" in str(asked.body) for asked in said)


def test_the_staffs_desk_is_behind_identity_aware_proxy_and_the_load_balancer(deployment: Deployment) -> None:
    service = deployment.kept[f"run {HERE}/services/staff"]
    assert service["metadata"]["annotations"]["run.googleapis.com/iap-enabled"] == "true"
    assert deployment.function("staff")["serviceConfig"]["ingressSettings"] == "ALLOW_INTERNAL_AND_GCLB"
    audience = deployment.function("staff")["serviceConfig"]["environmentVariables"]["IAP_AUDIENCE"]
    assert audience == f"/projects/{NUMBER}/locations/europe-west6/services/staff"
    assert deployment.rights(AT_IAP) == {(MAY_OPEN, "user:spumail@itu.int")}


def test_identity_aware_proxy_that_somebody_switched_off_is_on_again(deployment: Deployment) -> None:
    service = deployment.google.resources[f"run {HERE}/services/staff"]
    service["metadata"]["annotations"]["run.googleapis.com/iap-enabled"] = "false"
    step = _step(deployment, "Identity-Aware Proxy before")
    assert step.apply(deployment.outside.run) is not Result.UNCHANGED
    assert service["metadata"]["annotations"]["run.googleapis.com/iap-enabled"] == "true"
    assert step.apply(deployment.outside.run) is Result.UNCHANGED


def _events_of(tmp_path: Path, *staff: str) -> Place:
    letter = Path("events/intgov04.toml").read_text("utf-8")
    (tmp_path / "intgov04.toml").write_text(letter.replace('["spumail@itu.int"]', json.dumps(staff)), "utf-8")
    return replace(PLACE, events=str(tmp_path))


def test_who_left_the_event_file_may_open_nothing_and_who_came_may(deployment: Deployment, tmp_path: Path) -> None:
    google, run = deployment.google, deployment.outside.run
    google.policies[AT_IAP]["bindings"] += [
        {"role": MAY_OPEN, "members": ["user:gone@itu.int", "allAuthenticatedUsers"]},
        {"role": "roles/iap.admin", "members": ["user:admin@itu.int"]},
    ]
    place = _events_of(tmp_path, "Two@itu.int", "spumail@itu.int")
    assert iap.Grants(place).apply(run) is Result.UPDATED
    assert google.members(AT_IAP) == {(MAY_OPEN, f"user:{one}@itu.int") for one in ("two", "spumail")}
    assert iap.Grants(place).apply(run) is Result.UNCHANGED
    assert iap.Grants(PLACE).apply(run) is Result.UPDATED
    assert google.members(AT_IAP) == {(MAY_OPEN, "user:spumail@itu.int")}


def test_an_address_that_is_nobodys_account_is_told_and_keeps_nobody_out(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    google, run = deployment.google, deployment.outside.run
    place = _events_of(tmp_path, "mailbox@itu.int", "spumail@itu.int", "two@itu.int")

    def knows_no_mailbox(command: Command) -> Completed:
        unknown = "--member=user:mailbox@itu.int" in command.argv
        return (
            Completed(False, "", "INVALID_ARGUMENT: User mailbox@itu.int does not exist.") if unknown else run(command)
        )

    assert iap.Grants(place).apply(knows_no_mailbox) is Result.UPDATED
    assert "Google knows no account user:mailbox@itu.int" in capsys.readouterr().out
    assert google.members(AT_IAP) == {(MAY_OPEN, f"user:{one}@itu.int") for one in ("two", "spumail")}
    with pytest.raises(StepFailed, match="PERMISSION_DENIED"):
        iap.Grants(place).apply(
            lambda command: Completed(False, "", "PERMISSION_DENIED") if "--role" in str(command) else run(command)
        )
    assert iap.Grants(PLACE).apply(run) is Result.UPDATED


def test_of_a_workforce_pool_each_person_is_named(deployment: Deployment) -> None:
    google, run = deployment.google, deployment.outside.run
    place = replace(PLACE, workforce_pool="our-staff")
    assert iap.Grants(place).apply(run) is Result.UPDATED
    subject = "principal://iam.googleapis.com/locations/global/workforcePools/our-staff/subject/spumail@itu.int"
    assert google.members(AT_IAP) == {(MAY_OPEN, subject)}
    assert functions.settings(place) == functions.settings(PLACE) | {"WORKFORCE_POOL": "our-staff"}
    assert iap.Grants(PLACE).apply(run) is Result.UPDATED


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_function_is_reachable_through_the_load_balancer_alone(deployment: Deployment, name: str) -> None:
    assert deployment.function(name)["serviceConfig"]["ingressSettings"] == "ALLOW_INTERNAL_AND_GCLB"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_has_its_own_account_and_settings(deployment: Deployment, function: functions.Function) -> None:
    there = deployment.function(function.name)
    service, build = there["serviceConfig"], there["buildConfig"]
    assert service["serviceAccountEmail"] == PLACE.account(function.name)
    assert build["serviceAccount"].endswith(PLACE.account("builder"))
    assert build["entryPoint"] == function.name.replace("-", "_")
    assert build["runtime"] == "python" + TESTED["tool"]["mypy"]["python_version"].replace(".", "")
    assert service["environmentVariables"] == functions.settings(PLACE) | {"THREADS": str(function.concurrency)}
    assert service["availableMemory"] == function.memory
    assert service["timeoutSeconds"] == function.timeout
    assert service["maxInstanceRequestConcurrency"] == function.concurrency
    assert service["maxInstanceCount"] == function.max_instances
    assert (service["availableCpu"], service.get("minInstanceCount", 0)) == ("1", function.min_instances)
    keys = {key["key"] for key in service.get("secretEnvironmentVariables", [])}
    assert keys == set(function.keys)


def test_each_outbox_entry_triggers_send_mail_with_retry(deployment: Deployment) -> None:
    trigger = deployment.function("send-mail")["eventTrigger"]
    assert trigger["eventType"] == "google.cloud.firestore.document.v1.created"
    assert trigger["retryPolicy"] == "RETRY_POLICY_RETRY"
    assert trigger["serviceAccountEmail"] == PLACE.account("trigger")
    filters = {one["attribute"]: one["value"] for one in trigger["eventFilters"]}
    assert filters == {"database": "(default)", "document": "outbox/{id}"}


def test_only_what_functions_need_is_uploaded(deployment: Deployment) -> None:
    assert len(deployment.google.uploaded) >= len(FUNCTIONS)
    names = zipfile.ZipFile(io.BytesIO(deployment.google.uploaded[0])).namelist()
    assert {"main.py", "requirements.txt", "events/intgov04.toml", "rollcall/desk/register.py"} <= set(names)
    assert {name.partition("/")[0] for name in names} == {
        *("main.py", "requirements.txt", "handlers", "schemas", "templates", "rollcall", "events")
    }
    files = [name for name in names if not name.endswith("/")]
    assert not [name for name in files if name.startswith(("rollcall/local/", "rollcall/ops/", "templates/local/"))]
    assert {f"templates/locales/{code}/LC_MESSAGES/rollcall.mo" for code in languages()[1:]} <= set(files)
    assert not [name for name in files if name.endswith((".po", ".pot"))]


@pytest.mark.parametrize(
    ("name", "schedule"), [("send-due-mail", "* * * * *"), ("close-intake", "* * * * *"), ("erase", "*/10 * * * *")]
)
def test_scheduler_calls_at_its_time_with_its_token(deployment: Deployment, name: str, schedule: str) -> None:
    job = deployment.kept[f"cloudscheduler {HERE}/jobs/{name}"]
    address = f"https://{name}-{NUMBER}.europe-west6.run.app"
    assert job["schedule"] == schedule
    assert job["timeZone"] == "Etc/UTC"
    assert job["httpTarget"]["uri"].rstrip("/") == address
    assert job["httpTarget"]["oidcToken"] == {"serviceAccountEmail": PLACE.account("scheduler"), "audience": address}
    (function,) = [function for function in FUNCTIONS if function.name == name]
    assert job["attemptDeadline"] == f"{function.timeout}s"
    assert deployment.function(name)["url"] == address


def test_settings_left_out_stay_as_deployed(deployment: Deployment) -> None:
    """Whoever mends something at night does not take over the alerts by it, nor another folder of events."""
    assert deployment.function("register")["serviceConfig"]["environmentVariables"]["EVENTS"] == "events/"
    [channel] = [thing for path, thing in deployment.kept.items() if "/notificationChannels/" in path]
    assert channel["labels"] == {"email_address": PLACE.on_call}


def test_a_function_without_a_service_is_deployed_over(deployment: Deployment) -> None:
    """Google shows it without `serviceConfig`; each command looks at it first."""
    google, run = deployment.google, deployment.outside.run
    was = deepcopy(deployment.function("register"))
    google.resources[f"cloudfunctions {HERE}/functions/register"] = there = {**was, "state": "FAILED"}
    del there["serviceConfig"]
    assert functions.deployed_settings(PLACE, run) == {}
    assert functions.steps(PLACE)[-1].apply(run) is Result.UPDATED
    now = google.resources[f"cloudfunctions {HERE}/functions/register"]
    assert now["serviceConfig"]["environmentVariables"] == was["serviceConfig"]["environmentVariables"]
    assert functions.deployed_settings(PLACE, run)["EVENTS"] == "events/"


def test_functions_are_labelled_with_the_commit(deployment: Deployment) -> None:
    assert re.fullmatch(r"[0-9a-f]{12}(-changed)?", deployment.function("register")["labels"]["commit"])


def test_another_host_name_is_refused(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(deployment.google.changes())
    assert main("deploy", SETTINGS | {"DOMAIN": "other.example.org"}, deployment.outside) == 1
    assert "the desk of p-test is registration.example.org" in capsys.readouterr().out
    assert len(deployment.google.changes()) == before


def test_another_region_of_sendgrids_is_refused(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(deployment.google.changes())
    assert main("deploy", SETTINGS | {"SENDGRID_REGION": "eu"}, deployment.outside) == 1
    assert "the desk of p-test has SENDGRID_REGION=global" in capsys.readouterr().out
    assert len(deployment.google.changes()) == before


def _altered(thing: dict[str, Any], path: str, value: object) -> None:
    *within, last = path.split(".")
    for name in within:
        thing = thing[name]
    thing[last] = value


LOGS = f"logging projects/{PROJECT}/locations/global/buckets/_Default"
BUCKET, RULES = f"storage b/{PROJECT}-files", f"firebaserules projects/{PROJECT}/releases/cloud.firestore"


@pytest.mark.parametrize(
    ("kept", "path", "value", "title"),
    [
        (DATABASE, "deleteProtectionState", "DELETE_PROTECTION_DISABLED", "the database: "),
        (DATABASE, "pointInTimeRecoveryEnablement", "POINT_IN_TIME_RECOVERY_DISABLED", "the database: "),
        (BUCKET, "iamConfiguration.publicAccessPrevention", "inherited", "a bucket "),
        (BUCKET, "iamConfiguration.uniformBucketLevelAccess", {"enabled": False}, "a bucket "),
        (BUCKET, "lifecycle", {}, "a bucket "),
        (BUCKET, "versioning", {"enabled": True}, "a bucket "),
        (LOGS, "retentionDays", 30, "logs, "),
        (f"storage b/{PROJECT}-published", "versioning", {"enabled": True}, "what is published: "),
        (BUCKET, "cors", [], "a bucket "),
        (
            f"iam projects/{PROJECT}/roles/rollcallDatabase",
            "includedPermissions",
            ["datastore.entities.delete"],
            "a role that reads",
        ),
        (f"cloudscheduler {HERE}/jobs/close-intake", "httpTarget.oidcToken", None, "jobs that call"),
        (f"cloudscheduler {HERE}/jobs/close-intake", "retryConfig", {"retryCount": 5}, "jobs that call"),
        (f"cloudscheduler {HERE}/jobs/close-intake", "state", "PAUSED", "jobs that call"),
    ],
)
def test_a_change_by_hand_is_reverted(deployment: Deployment, kept: str, path: str, value: object, title: str) -> None:
    google, run = deployment.google, deployment.outside.run
    was = deepcopy(google.resources[kept])
    _altered(google.resources[kept], path, value)
    step = _step(deployment, title)
    assert step.apply(run) is Result.UPDATED
    now = google.resources[kept]
    off = {"enabled": False}  # as good as nothing
    assert (_at(now, path) or off) == (_at(was, path) or off) or (kept == DATABASE and _at(now, path) == "ENABLED"), (
        path
    )
    assert step.apply(run) is Result.UNCHANGED


def _at(thing: Any, path: str) -> Any:
    for name in path.split("."):
        thing = thing.get(name)
    return thing


def _step(deployment: Deployment, title: str) -> Any:
    [step] = [step for step in all_steps(PLACE, deployment.outside) if step.title.startswith(title)]
    return step


def test_foreign_rules_are_replaced(deployment: Deployment) -> None:
    google, step = deployment.google, _step(deployment, "rules ")
    ruleset = google.resources[RULES]["rulesetName"]
    google.resources[f"firebaserules {ruleset}"]["source"]["files"][0]["content"] = "allow read, write: if true;"
    assert step.apply(deployment.outside.run) is Result.UPDATED
    assert google.resources[RULES]["rulesetName"] != ruleset
    assert step.apply(deployment.outside.run) is Result.UNCHANGED


@pytest.mark.parametrize(
    ("member", "role"),
    [
        (f"serviceAccount:{PLACE.account('register')}", "roles/datastore.owner"),
        (f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com", "roles/editor"),  # as Google gives it
    ],
)
def test_extra_roles_are_removed(deployment: Deployment, member: str, role: str) -> None:
    google, of = deployment.google, f"cloudresourcemanager projects/{PROJECT}"
    was = google.members(of)
    google.policies[of]["bindings"].append({"role": role, "members": [member]})
    assert _step(deployment, "roles in the project").apply(deployment.outside.run) is Result.UPDATED
    assert google.members(of) == was


def test_a_database_in_another_region_or_mode_is_refused(deployment: Deployment) -> None:
    for field, value, said in (("locationId", "eur3", "REGION=eur3"), ("type", "DATASTORE_MODE", "Datastore mode")):
        was = deployment.google.resources[DATABASE][field]
        deployment.google.resources[DATABASE][field] = value
        with pytest.raises(StepFailed, match=said):
            _step(deployment, "the database: ").apply(deployment.outside.run)
        deployment.google.resources[DATABASE][field] = was


def test_an_unreadable_key_is_not_replaced(deployment: Deployment) -> None:
    """Else all links in mails that went out would die."""
    google = deployment.google
    for refused in ("link-key/versions ", "link-key/versions/1:access"):
        google.refuse[refused] = 1
        with pytest.raises(StepFailed, match="link-key"):
            _step(deployment, "a key that signs the links").apply(deployment.outside.run)
        assert google.refuse[refused] == 0


def test_a_deadline_that_differs_from_the_database_is_refused(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store = SqliteStore(tmp_path / "rollcall.sqlite3", lambda: NOW)
    event = read_events(Path("events"))["intgov04"]
    store.intake(replace(event, closes_at=event.closes_at - timedelta(days=3)))
    outside = replace(deployment.outside, open_store=lambda _: store)
    before = len(deployment.google.changes())
    for command in ("deploy", "rotate"):
        assert main(command, SETTINGS | {"KEY": "link-key"}, outside) == 1
        assert "move-deadline" in capsys.readouterr().out
    assert len(deployment.google.changes()) == before


@pytest.mark.parametrize("said", ["UNAVAILABLE: try again", "PERMISSION_DENIED: no"])
@pytest.mark.parametrize(
    "looked_for",
    [
        lambda run: firestore.exists(PLACE, run),
        lambda run: functions.deployed_settings(PLACE, run),
        lambda run: watch.current_on_call(PROJECT, run),
        lambda run: front.address(PLACE, run),
        lambda run: front.certificate_state(PLACE, run) != "not there",
    ],
    ids=["database", "settings", "on-call", "address", "certificate"],
)
def test_a_failed_look_is_not_taken_for_absence(looked_for: Callable[[Run], Any], said: str) -> None:
    """Else events would be held against nothing, and alerts would go to another person."""
    with pytest.raises(StepFailed, match=said):
        looked_for(lambda _: Completed(False, "", said))
    off = "The API has not been used in project 1 before or it is disabled."
    assert not looked_for(lambda _: Completed(False, "", off))


def test_rotating_deploys_every_function_that_reads_the_key(deployment: Deployment) -> None:
    google = deployment.google
    before = len(google.changes())
    assert main("rotate", SETTINGS | {"KEY": "link-key"}, deployment.outside) == 0
    deployed = [asked.path.rpartition("/")[2] for asked in google.changes()[before:] if asked.api == "cloudfunctions"]
    for name in ("register", "staff", "send-mail", "send-due-mail"):
        assert deployed.count(name) >= 2, deployed  # each must open what the new key signs before any signs with it
    assert "close-intake" not in deployed
    *old, newest = [
        one["state"] for path, one in sorted(google.resources.items()) if "/secrets/link-key/versions/" in path
    ]
    assert (set(old), newest) == ({"DISABLED"}, "ENABLED")  # no function has an old one


def test_a_half_rotated_link_key_is_not_rotated_again(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: Command) -> Completed:
        uses_new = any("link-key:5" in word for word in command.argv)
        return Completed(False, "", "refused") if uses_new else deployment.outside.run(command)

    assert main("rotate", SETTINGS | {"KEY": "link-key"}, replace(deployment.outside, run=run)) == 1

    said = capsys.readouterr().out
    assert "refused" in said
    assert "`make deploy`, which finishes this" in said
    assert "the same command" not in said
    assert main("deploy", SETTINGS, deployment.outside) == 0
    states = {
        int(path.rpartition("/")[2]): one["state"]
        for path, one in deployment.google.resources.items()
        if "/secrets/link-key/versions/" in path
    }
    assert {number for number, state in states.items() if state == "ENABLED"} == {max(states)}


def test_differences_are_updated(deployment: Deployment) -> None:
    """The last before all is taken away: a key, a source, a function that failed, a door that somebody opened."""
    google, run = deployment.google, deployment.outside.run
    close = next(function for function in FUNCTIONS if function.name == "close-intake")
    secrets.SecretManager(PLACE, run).put("link-key", "a new one")
    assert functions.steps(PLACE)[0].apply(run) is Result.UPDATED
    there = google.resources[f"cloudfunctions {HERE}/functions/send-mail"]["serviceConfig"][
        "secretEnvironmentVariables"
    ]
    assert {key["secret"]: key["version"] for key in there} == {"link-key": "6", "sendgrid-key": "1"}
    other = Deployed(PLACE, close, lambda _: "other source", lambda name, _: "1")
    assert other.apply(run) is Result.UPDATED
    google.resources[f"cloudfunctions {HERE}/functions/close-intake"]["state"] = "FAILED"
    assert other.apply(run) is Result.UPDATED
    policy = google.policies[f"run {HERE}/services/close-intake"]
    policy["bindings"][0]["members"].append("allUsers")
    assert _step(deployment, "who may call close-intake").apply(run) is Result.UPDATED
    assert google.members(f"run {HERE}/services/close-intake") == {
        ("roles/run.invoker", f"serviceAccount:{PLACE.account('scheduler')}")
    }


@pytest.mark.parametrize("kept", ["", 32 * "k"])
def test_a_key_that_is_too_short_is_replaced(deployment: Deployment, kept: str) -> None:
    manager = secrets.SecretManager(PLACE, deployment.outside.run)
    manager.put("link-key", f"short {kept}")
    step = _step(deployment, "a key that signs the links")
    assert step.apply(deployment.outside.run) is Result.CREATED
    stored = manager.get("link-key") or ""
    assert stored == kept if kept else len(stored) == 43
    assert step.apply(deployment.outside.run) is Result.UNCHANGED


def test_destroy_keeps_what_people_sent_until_told(deployment: Deployment) -> None:
    google = deployment.google
    for bucket in (
        f"gcf-v2-sources-{NUMBER}-europe-west6",
        f"gcf-v2-uploads-{NUMBER}-europe-west6",
        f"gcf-v2-uploads-{NUMBER}.europe-west6.cloudfunctions.appspot.com",
    ):
        google.resources[f"storage b/{bucket}"] = {"name": bucket}
    google.resources[f"artifactregistry {HERE}/repositories/gcf-artifacts"] = {
        "name": f"{HERE}/repositories/gcf-artifacts"
    }
    there = set(google.resources)
    google.resources[f"firestore {HERE}/backups/sunday"] = {"name": f"{HERE}/backups/sunday"}
    really = SETTINGS | {"REALLY": PROJECT}
    assert main("destroy", really, deployment.outside) == 0
    assert f"firestore {HERE}/backups/sunday" in google.resources
    left = {
        path for path in set(google.resources) & there if not re.search("/operations/|^serviceusage|/versions/", path)
    }
    assert {path for path in left if not path.startswith((DATABASE, "firebaserules", "logging"))} == {
        f"storage b/{PROJECT}-files",
        f"storage b/{PROJECT}-published",
        *(f"secretmanager projects/{PROJECT}/secrets/{name}" for name in SECRETS),
        *(f"iam projects/{PROJECT}/roles/{name}" for name in ("rollcallDatabase", "rollcallErasure")),
    }
    assert google.resources[DATABASE]["deleteProtectionState"] == "DELETE_PROTECTION_ENABLED"
    for of in (f"cloudresourcemanager projects/{PROJECT}", f"storage b/{PROJECT}-files"):
        assert google.members(of) == set()
    assert deployment.sendgrid.keys == {}
    words = {"DELETE_EVERYTHING_PEOPLE_SENT": f"yes, delete the registrations of {PROJECT}"}
    assert main("destroy", really | words, deployment.outside) == 0
    assert DATABASE not in google.resources
    assert f"firestore {HERE}/backups/sunday" not in google.resources
    assert f"storage b/{PROJECT}-files" not in google.resources
    *_, kept_back, _ = [asked for asked in google.changes() if asked.path == f"b/{PROJECT}-files"]
    assert kept_back.body["softDeletePolicy"]["retentionDurationSeconds"] == "0"
    assert not [path for path in google.resources if path.startswith("secretmanager")]


def _asks_nobody(_: Command) -> Completed:
    raise AssertionError("it asked somebody")


def _has_no_key() -> str:
    raise AssertionError("it asked for SendGrid's key")


NOBODY = Outside(_asks_nobody, Api(_has_no_key), Resolver)


def test_a_plan_calls_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("plan", SETTINGS, NOBODY) == 0
    said = capsys.readouterr().out
    assert "gcloud functions deploy register" in said
    assert "https://api.sendgrid.com/v3/" in said


@pytest.mark.parametrize("missing", ["PROJECT", "REGION", "DOMAIN"])
@pytest.mark.parametrize("command", ["plan", "deploy", "check", "destroy", "rotate"])
def test_a_missing_setting_is_named_with_an_example(
    command: str, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command, {**SETTINGS, missing: ""}, NOBODY) == 1
    assert f"as {missing}=" in capsys.readouterr().out


def test_all_invalid_settings_are_named_before_any_call(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = {"PROJECT": "Desk", "REGION": "Zurich", "DOMAIN": "http://desk", "ON_CALL": "me", "EVENTS": "docs"}
    wrong |= {"SENDGRID_REGION": "EU", "SENDGRID_HOST": "https://api.eu.sendgrid.com"}
    wrong |= {"WORKFORCE_POOL": "locations/global", "OWN_KEY": "no"}
    for command in ("plan", "deploy", "check", "destroy", "rotate"):
        assert main(command, wrong, NOBODY) == 1
        said = capsys.readouterr().out
        assert re.findall(r"^(\w+)=", said, re.MULTILINE) == list(wrong), said


def test_an_unknown_key_is_refused_before_any_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("rotate", SETTINGS | {"KEY": "links"}, NOBODY) == 1
    assert "link-key, sendgrid-key, delivery-events-key, inbound-key" in capsys.readouterr().out


def test_a_plan_names_the_events_and_their_faults(capsys: pytest.CaptureFixture[str]) -> None:
    late = Outside(_asks_nobody, Api(_has_no_key), Resolver, now=lambda: datetime(2004, 3, 1, tzinfo=UTC))
    assert main("plan", SETTINGS, late) == 0
    said = capsys.readouterr().out
    assert "# The events to deploy, from events/: intgov04" in said
    assert "# `make deploy` refuses this, unless the database says otherwise: intgov04.toml: intake.closes" in said


@pytest.mark.parametrize("really", ["", "yes", PROJECT.upper(), "another-project"])
def test_nothing_is_destroyed_unless_the_project_is_named_again(
    really: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("destroy", SETTINGS | {"REALLY": really}, NOBODY) == 1
    said = capsys.readouterr().out
    assert f"REALLY={PROJECT}" in said
    assert "databases delete" not in said
    assert "# This stays: the database" in said
    assert f'DELETE_EVERYTHING_PEOPLE_SENT="yes, delete the registrations of {PROJECT}"' in said


def test_a_wrong_sentence_destroys_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    words = {"REALLY": PROJECT, "DELETE_EVERYTHING_PEOPLE_SENT": "yes"}
    assert main("destroy", SETTINGS | words, NOBODY) == 1
    assert "Nothing was done" in capsys.readouterr().out


@pytest.mark.usefixtures("gcloud_is_there")
def test_a_project_without_billing_is_refused_first(capsys: pytest.CaptureFixture[str]) -> None:
    run, asked = _a_new_project(billed=False)
    assert main("deploy", SETTINGS, Outside(run, Api(_has_no_key), Resolver)) == 1
    assert "billing" in capsys.readouterr().out
    assert [command.argv[1] for command in asked] == ["projects", "functions", "billing"]


def test_one_changed_byte_changes_the_fingerprint(tmp_path: Path) -> None:
    """Else the mend that somebody deploys at night would be "as it was"."""
    place = replace(PLACE, events=os.path.relpath(tmp_path))
    one, two = (f"{place.events}/{name}" for name in ("one.toml", "two.toml"))

    def fingerprint(*names: str) -> str:
        return functions.fingerprint(place, lambda _: Completed(True, "\n".join(names) + "\n", ""))

    Path(one).write_text("a", "utf-8")
    Path(two).write_text("a", "utf-8")
    before = fingerprint(one, two)
    assert fingerprint(two, one) == before
    assert fingerprint(one) != before
    Path(two).write_text("b", "utf-8")
    assert fingerprint(one, two) != before


def test_events_that_are_not_uploaded_are_refused() -> None:
    with pytest.raises(StepFailed, match="keeps all of it"):
        functions.fingerprint(PLACE, lambda _: Completed(True, "main.py\nevents-of-another/intgov04.toml\n", ""))


def _a_new_project(billed: bool = True) -> tuple[Run, list[Command]]:
    """Google, where there is a project and nothing in it; and what it was asked."""
    answers = {"projects": {"projectNumber": NUMBER}, "billing": {"billingEnabled": billed}}
    asked: list[Command] = []

    def run(command: Command) -> Completed:
        asked.append(command)
        there = answers.get(command.argv[1])
        return Completed(there is not None, json.dumps(there), "not found")

    return run, asked


@pytest.mark.usefixtures("gcloud_is_there")
def test_an_unknown_sendgrid_key_is_refused_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, asked = _a_new_project()
    with sendgrid_account() as account:
        wrong = Api(lambda: "SG.of.another", account.url, _never_waits)
        assert main("deploy", SETTINGS, Outside(run, wrong, Resolver, now=lambda: NOW)) == 1
    assert "The key is unknown or was deleted" in capsys.readouterr().out
    assert [command.argv[1] for command in asked] == ["projects", "functions", "billing", "firestore"]


@pytest.mark.usefixtures("gcloud_is_there")
def test_an_event_past_its_deadline_is_refused_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, asked = _a_new_project()
    late = Outside(run, Api(_has_no_key), Resolver, now=lambda: datetime(2004, 3, 1, tzinfo=UTC))
    assert main("deploy", SETTINGS, late) == 1
    assert "intgov04.toml: intake.closes" in capsys.readouterr().out
    assert [command.argv[1] for command in asked] == ["projects", "functions", "billing", "firestore"]
