"""Who may do what: an account for each function, and the fewest roles."""

import json
from collections.abc import Mapping, Sequence, Set
from typing import Any

from deploy.functions import FUNCTIONS, Function
from deploy.place import Place, account_id
from deploy.secrets import SECRETS
from deploy.steps import Command, GcloudSet, GcloudStep, Step, gcloud

CALLERS = {
    "scheduler": "calls send-due-mail, close-intake and erase",
    "trigger": "calls send-mail for each new outbox entry",
    "builder": "builds the functions",
}
"""The accounts beside the functions' own."""
INVOKERS = {"send-mail": "trigger", "send-due-mail": "scheduler", "close-intake": "scheduler", "erase": "scheduler"}
"""Who calls the private functions."""
_DATABASE = (
    "datastore.databases.get",
    "datastore.entities.create",
    "datastore.entities.get",
    "datastore.entities.list",
    "datastore.entities.update",
)
"""A function reads, queries, creates and updates documents, and never deletes. `roles/datastore.user` would let it
delete everything (https://cloud.google.com/firestore/docs/security/iam, "Required permissions")."""
_ERASURE = (*_DATABASE, "datastore.entities.delete")
_DATABASE_ROLE, _ERASURE_ROLE = "rollcallDatabase", "rollcallErasure"
_Binding = tuple[str, str, str]
"""Role, member, and the condition's expression or nothing."""


def steps(place: Place) -> tuple[Step, ...]:
    """The accounts and their roles. The bucket and the secrets are there already."""
    return (
        _accounts(place),
        _role(place, _DATABASE_ROLE, "reads and writes the database and deletes nothing", _DATABASE),
        _role(place, _ERASURE_ROLE, "also deletes, for the function erase alone", _ERASURE),
        _in_project(place),
        _on_bucket(place),
        _on_published(place),
        *(_on_secret(place, key) for key in SECRETS),
        _audit_logs(place),
    )


def invokers(place: Place) -> tuple[Step, ...]:
    """Who may call the functions, which are there by now."""
    return tuple(_on_function(place, function) for function in FUNCTIONS)


def _accounts(place: Place) -> GcloudSet:
    wanted = {function.name: f"Rollcall: runs {function.name}" for function in FUNCTIONS}
    wanted |= {name: f"Rollcall: {what}" for name, what in CALLERS.items()}

    def changes(there: Any) -> Sequence[Command]:
        have = {account["email"] for account in there}
        return [
            gcloud(f"iam service-accounts create {account_id(name)}", f"--display-name={what}", project=place.project)
            for name, what in wanted.items()
            if place.account(name) not in have
        ]

    def delete(there: Any) -> Sequence[Command]:
        ours = {place.account(name) for name in wanted}
        emails = [account["email"] for account in there if account["email"] in ours]
        return [gcloud(f"iam service-accounts delete {email}", project=place.project) for email in emails]

    return GcloudSet(
        title="an account for each function, and for who calls or builds them",
        look=gcloud("iam service-accounts list --format=json", project=place.project),
        changes=changes,
        empty=[],
        delete=delete,
    )


def _role(place: Place, name: str, does: str, permissions: Sequence[str]) -> GcloudStep:
    """It stays when the rest is deleted: nobody holds it then, and its name would be blocked for 44 days
    (https://cloud.google.com/iam/docs/creating-custom-roles#deleting-custom-role)."""
    settings = (f"--title=Rollcall: {does}", f"--permissions={','.join(permissions)}", "--stage=GA")
    return GcloudStep(
        title=f"a role that {does}",
        look=gcloud(f"iam roles describe {name} --format=json", project=place.project),
        create=(gcloud(f"iam roles create {name}", *settings, project=place.project),),
        is_current=lambda there: set(there.get("includedPermissions", ())) == set(permissions),
        update=(gcloud(f"iam roles update {name}", *settings, project=place.project),),
    )


def _in_project(place: Place) -> GcloudSet:
    """The builder reads the functions' sources, not the inbound e-mails: hence the condition
    (https://cloud.google.com/functions/docs/securing/build-custom-sa has the role without). Google gives Compute
    Engine's default account the role Editor; nothing here runs as it."""
    sources = f"resource.name.startsWith('projects/_/buckets/gcf-v2-sources-{place.number}-')"
    database = {
        (f"projects/{place.project}/roles/{_ERASURE_ROLE if one.erases else _DATABASE_ROLE}", member, "")
        for one, member in ((one, _member(place, one.name)) for one in FUNCTIONS if one.database)
    }
    builder = _member(place, "builder")
    wanted = database | {
        ("roles/artifactregistry.writer", builder, ""),
        ("roles/logging.logWriter", builder, ""),
        ("roles/storage.objectViewer", builder, sources),
        ("roles/eventarc.eventReceiver", _member(place, "trigger"), ""),
    }
    return bindings(
        place,
        "roles in the project: the database for the functions, building, receiving triggers",
        look=f"projects get-iam-policy {place.project}",
        change=f"projects {{}}-iam-policy-binding {place.project}",
        wanted=wanted,
        surplus={("roles/editor", f"serviceAccount:{place.number}-compute@developer.gserviceaccount.com", "")},
    )


def _on_bucket(place: Place) -> GcloudSet:
    """The public reaches `register` and `contribute`, so they may read rosters or contributions (by the prefix of their
    names) and no inbound e-mail."""
    bucket = f"gs://{place.bucket}"
    rosters, uploads, papers = (
        f"resource.name.startsWith('projects/_/buckets/{place.bucket}/objects/{prefix}')"
        for prefix in ("roster-", "upload-", "PAPER")
    )
    whole_bucket = {(role, _member(place, function.name), "") for function in FUNCTIONS for role in function.files}
    return bindings(
        place,
        "who may read and create inbound e-mails, rosters and contributions in the bucket; erase alone may delete any",
        look=f"storage buckets get-iam-policy {bucket}",
        change=f"storage buckets {{}}-iam-policy-binding {bucket}",
        wanted=whole_bucket
        | {(role, _member(place, function.name), rosters) for function in FUNCTIONS for role in function.rosters}
        | {
            (role, _member(place, function.name), f"{uploads} || {papers}")
            for function in FUNCTIONS
            for role in function.papers
        },
    )


def _on_published(place: Place) -> GcloudSet:
    bucket = f"gs://{place.published}"
    return bindings(
        place,
        "who may read what is published, and who may publish",
        look=f"storage buckets get-iam-policy {bucket}",
        change=f"storage buckets {{}}-iam-policy-binding {bucket}",
        wanted={(role, _member(place, function.name), "") for function in FUNCTIONS for role in function.published},
    )


def _on_secret(place: Place, key: str) -> GcloudSet:
    readers = [function.name for function in FUNCTIONS if key in function.keys]
    return bindings(
        place,
        f"who may read the secret {SECRETS[key]}: {', '.join(readers)}",
        look=f"secrets get-iam-policy {SECRETS[key]}",
        change=f"secrets {{}}-iam-policy-binding {SECRETS[key]}",
        wanted={("roles/secretmanager.secretAccessor", _member(place, reader), "") for reader in readers},
    )


_DATA = ("DATA_READ", "DATA_WRITE")


def _audit_logs(place: Place) -> GcloudSet:
    """Who looks into what people sent, or takes a key, is written down; Google logs changes of settings by itself. The
    functions' own accounts are left out: the database and the bucket are what they work on, and a log of it would hold
    every registration's id and cost more than the rest. They do not read secrets often, so there nobody is left out.
    `datastore` stands for Firestore too (https://cloud.google.com/firestore/docs/audit-logging).

    gcloud changes what the file names and leaves the roles as they are; the etag keeps two who change it apart."""
    functions = sorted(_member(place, function.name) for function in FUNCTIONS)
    exempt = {"datastore.googleapis.com": functions, "storage.googleapis.com": functions}
    wanted = {
        service: [
            {"logType": kind, **({"exemptedMembers": exempt[service]} if service in exempt else {})} for kind in _DATA
        ]
        for service in (*exempt, "secretmanager.googleapis.com")
    }

    def changes(there: Any) -> Sequence[Command]:
        have = {one["service"]: one["auditLogConfigs"] for one in there.get("auditConfigs", ())}
        if all(_same_logs(have.get(service, ()), logs) for service, logs in wanted.items()):
            return []
        configs = [{"service": service, "auditLogConfigs": logs} for service, logs in {**have, **wanted}.items()]
        told = {"auditConfigs": configs} | ({"etag": there["etag"]} if "etag" in there else {})
        put = f"projects set-iam-policy {place.project} /dev/stdin"
        return [gcloud(put, project=place.project, stdin=json.dumps(told, indent=2))]

    return GcloudSet(
        title="a log of each access by a person to the database, the bucket and the secrets",
        look=gcloud(f"projects get-iam-policy {place.project} --format=json", project=place.project),
        changes=changes,
        empty={},
    )


def _same_logs(have: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> bool:
    def plain(logs: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
        return {log["logType"]: set(log.get("exemptedMembers", ())) for log in logs}

    return plain(have) == plain(wanted)


def _on_function(place: Place, function: Function) -> GcloudSet:
    name = function.name
    if function.public:
        caller, who = "allUsers", "everybody, through the load balancer"
    elif function.behind_iap:
        caller, who = f"serviceAccount:{place.iap}", "Identity-Aware Proxy, and nobody else"
    else:
        caller, who = _member(place, INVOKERS[name]), f"{INVOKERS[name]}, and nobody else"
    return bindings(
        place,
        f"who may call {name}: {who}",
        look=f"run services get-iam-policy {name} --region={place.region}",
        change=f"run services {{}}-iam-policy-binding {name} --region={place.region}",
        wanted={("roles/run.invoker", caller, "")},
        all_are_ours=True,
    )


def bindings(
    place: Place,
    title: str,
    look: str,
    change: str,
    wanted: set[_Binding],
    all_are_ours: bool = False,
    surplus: Set[_Binding] = frozenset(),
) -> GcloudSet:
    """Our accounts get exactly these roles; with `all_are_ours`, nobody else has any. `surplus` goes too."""
    accounts = {_member(place, name) for name in (*CALLERS, *(function.name for function in FUNCTIONS))}

    def ours(there: Any) -> set[_Binding]:
        bindings = {
            (binding["role"], member, binding.get("condition", {}).get("expression", ""))
            for binding in there.get("bindings", ())
            for member in binding["members"]
        }
        return {one for one in bindings if all_are_ours or one[1] in accounts or one in surplus}

    def changes(there: Any) -> Sequence[Command]:
        have = ours(there)
        return [command("add", one) for one in sorted(wanted - have)] + [
            command("remove", one) for one in sorted(have - wanted)
        ]

    def command(verb: str, binding: _Binding) -> Command:
        role, member, expression = binding
        condition = f"expression={expression},title=rollcall" if expression else "None"
        words = [f"--condition={condition}"] if change.startswith(("projects ", "storage ")) else []
        return gcloud(change.format(verb), f"--member={member}", f"--role={role}", *words, project=place.project)

    return GcloudSet(
        title=title,
        look=gcloud(f"{look} --format=json", project=place.project),
        changes=changes,
        empty={},
        delete=lambda there: [command("remove", one) for one in sorted(ours(there))],
    )


def _member(place: Place, name: str) -> str:
    return f"serviceAccount:{place.account(name)}"
