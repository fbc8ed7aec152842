"""The Firestore database, its indexes, and rules that keep every client out.

Idempotency keys expire by themselves (a TTL policy), a month after the deadline, and so do forms that changed nothing,
after an hour. Everything else is what people sent, or e-mails to them: the operator decides when to delete it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from deploy import keys
from deploy.place import Place
from deploy.steps import Command, GcloudSet, GcloudStep, Result, Run, Step, StepFailed, find_if_enabled, gcloud

_HERE = Path(__file__).parent
RULES_API = "https://firebaserules.googleapis.com/"
_NAME = "(default)"
"""The default of client libraries, the emulator and the trigger."""


def steps(place: Place, rules_api: str = RULES_API) -> tuple[Step, ...]:
    """The database first; the rest is in it, and is deleted with it."""
    wanted = json.loads((_HERE / "firestore.indexes.json").read_text())
    return (
        _database(place),
        _indexes(place, wanted["indexes"]),
        _exemptions(place, [field for field in wanted["fieldOverrides"] if not field.get("ttl")]),
        _expiry(place, [field for field in wanted["fieldOverrides"] if field.get("ttl")]),
        _backup_schedule(place),
        _backups(place),
        Rules(place.project, (_HERE / "firestore.rules").read_text(), rules_api),
    )


def exists(place: Place, run: Run) -> bool:
    """Whether the database exists. Raises `StepFailed` where Google could not be asked: else events would be checked
    against nothing."""
    return find_if_enabled(run, _database(place).look) is not None


def _database(place: Place) -> GcloudStep:
    databases = "firestore databases"
    which = f"--database={_NAME}"

    def is_current(there: Any) -> bool:
        if there["locationId"] != place.region:
            there_already = there["locationId"]
            raise StepFailed(
                f"The database of {place.project} is in {there_already}, and cannot move: REGION={there_already}"
            )
        if there["type"] != "FIRESTORE_NATIVE":
            raise StepFailed(f"The database of {place.project} is in Datastore mode; use a project without one")
        has_key = "kmsKeyName" in there.get("cmekConfig", {})
        if place.own_key and not has_key:
            raise StepFailed(
                f"OWN_KEY=yes: the database of {place.project} was made without a key of your own, and never gets one; "
                "leave it out, or use another project"
            )
        if has_key and not place.own_key:
            raise StepFailed(f"The database of {place.project} is encrypted by a key of your own: OWN_KEY=yes")
        return bool(
            there["deleteProtectionState"] == "DELETE_PROTECTION_ENABLED"
            and there["pointInTimeRecoveryEnablement"] == "POINT_IN_TIME_RECOVERY_ENABLED"
        )

    return GcloudStep(
        title="the database: Firestore, protected from deletion, with seven days of point-in-time recovery: "
        "so long what was erased can be brought back",
        look=gcloud(f"{databases} describe {which} --format=json", project=place.project),
        create=(
            gcloud(
                f"{databases} create {which} --location={place.region} --type=firestore-native"
                " --delete-protection --enable-pitr",
                *([f"--kms-key-name={keys.name(place)}"] if place.own_key else []),
                project=place.project,
            ),
        ),
        is_current=is_current,
        update=(gcloud(f"{databases} update {which} --delete-protection --enable-pitr", project=place.project),),
        delete=(
            gcloud(f"{databases} update {which} --no-delete-protection", project=place.project),
            gcloud(f"{databases} delete {which}", project=place.project),
        ),
        holds_data=True,
    )


def _indexes(place: Place, wanted: Sequence[Mapping[str, Any]]) -> GcloudSet:
    """gcloud waits until each is built. Google adds a field to each: the document's name."""

    def known(index: Mapping[str, Any]) -> tuple[Any, ...]:
        fields = [(field["fieldPath"], *_how(field)) for field in index["fields"] if field["fieldPath"] != "__name__"]
        return index["collectionGroup"], index["queryScope"], tuple(fields)

    def changes(there: Any) -> Sequence[Command]:
        have = {known({**index, "collectionGroup": _collection(index["name"])}) for index in there if _plain(index)}
        return [_create_index(place, index) for index in wanted if known(index) not in have]

    return GcloudSet(
        title="the indexes that queries need",
        look=gcloud(f"firestore indexes composite list --database={_NAME} --format=json", project=place.project),
        changes=changes,
        empty=[],
    )


def _plain(index: Mapping[str, Any]) -> bool:
    return all("order" in field or "arrayConfig" in field for field in index["fields"])


def _how(field: Mapping[str, Any]) -> tuple[str, str]:
    """As gcloud's options say it."""
    return ("order", field["order"].lower()) if "order" in field else ("array-config", field["arrayConfig"].lower())


def _create_index(place: Place, index: Mapping[str, Any]) -> Command:
    fields = [f"--field-config=field-path={one['fieldPath']},{'='.join(_how(one))}" for one in index["fields"]]
    scope = index["queryScope"].lower().replace("_", "-")
    return gcloud(
        f"firestore indexes composite create --database={_NAME} --collection-group={index['collectionGroup']}"
        f" --query-scope={scope}",
        *fields,
        project=place.project,
    )


def _exemptions(place: Place, wanted: Sequence[Mapping[str, Any]]) -> GcloudSet:
    """Firestore indexes every field unless told otherwise, each at the price of a write's time and of storage."""

    def changes(there: Any) -> Sequence[Command]:
        have = {
            _field(field["name"]): sorted(
                one["fields"][0].get("order", "CONTAINS") for one in field["indexConfig"].get("indexes", [])
            )
            for field in there
        }
        return [
            _exempt(place, field)
            for field in wanted
            if have.get((field["collectionGroup"], field["fieldPath"]))
            != sorted(index.get("order", "CONTAINS") for index in field["indexes"])
        ]

    return GcloudSet(
        title="no index on fields that no query uses: faster writes, less storage",
        look=gcloud(f"firestore indexes fields list --database={_NAME} --format=json", project=place.project),
        changes=changes,
        empty=[],
    )


def _exempt(place: Place, field: Mapping[str, Any]) -> Command:
    indexes = [f"--index={'='.join(_how(index))}" for index in field["indexes"]]
    return gcloud(
        "firestore indexes fields update",
        field["fieldPath"],
        f"--database={_NAME}",
        f"--collection-group={field['collectionGroup']}",
        *(indexes or ["--disable-indexes"]),
        project=place.project,
    )


def _expiry(place: Place, wanted: Sequence[Mapping[str, Any]]) -> GcloudSet:
    """Google deletes within a day of expiry. Switching it on takes ten minutes or more, so this does not wait
    (https://cloud.google.com/firestore/docs/ttl). The field has no index: it would be a hot one."""

    def changes(there: Any) -> Sequence[Command]:
        have = {_field(field["name"]) for field in there}
        return [
            gcloud(
                "firestore fields ttls update",
                field["fieldPath"],
                f"--database={_NAME}",
                f"--collection-group={field['collectionGroup']}",
                "--enable-ttl",
                "--async",
                project=place.project,
            )
            for field in wanted
            if (field["collectionGroup"], field["fieldPath"]) not in have
        ]

    return GcloudSet(
        title="idempotency keys expire a month after the deadline, forms that changed nothing after an hour",
        look=gcloud(f"firestore fields ttls list --database={_NAME} --format=json", project=place.project),
        changes=changes,
        empty=[],
    )


_KEPT_FOR = 5 * 7 * 86400
"""Seconds a backup is kept: a month in which a mistake may be seen, and no longer, since what a person asked to have
deleted is in it. Google allows 14 weeks
(https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.backupSchedules)."""


def _backup_schedule(place: Place) -> GcloudSet:
    """Point-in-time recovery ends after seven days; a mistake may be seen later. The schedule is deleted with the
    database."""
    schedules = f"firestore backups schedules {{}} --database={_NAME}"
    kept_for = f"--retention={_KEPT_FOR}s"

    def changes(there: Any) -> Sequence[Command]:
        weekly = [one for one in there if "weeklyRecurrence" in one]
        if not weekly:
            new = f"{schedules.format('create')} --recurrence=weekly --day-of-week=SUN {kept_for}"
            return [gcloud(new, project=place.project)]
        return [
            gcloud(f"{schedules.format('update')} --backup-schedule={id} {kept_for}", project=place.project)
            for id, retention in ((one["name"].rpartition("/")[2], one["retention"]) for one in weekly)
            if retention != f"{_KEPT_FOR}s"
        ]

    return GcloudSet(
        title="a backup of the database each Sunday, kept for five weeks, with what is erased afterwards",
        look=gcloud(f"{schedules.format('list')} --format=json", project=place.project),
        changes=changes,
        empty=[],
    )


def _backups(place: Place) -> GcloudSet:
    """What the schedule made: it would outlive the database, with everything that people sent."""
    where = f"--location={place.region}"
    return GcloudSet(
        title="the backups",
        look=gcloud(f"firestore backups list {where} --format=json", project=place.project),
        changes=lambda _: [],
        empty=[],
        delete=lambda there: [
            gcloud(f"firestore backups delete {where} --backup={one['name'].rpartition('/')[2]}", project=place.project)
            for one in there
        ],
        holds_data=True,
    )


def _field(name: str) -> tuple[str, str]:
    """The collection and the path of the field with this name at Google."""
    return _collection(name), name.rpartition("/")[2].strip("`")


def _collection(name: str) -> str:
    """The collection of `projects/…/collectionGroups/<collection>/…`."""
    return name.partition("/collectionGroups/")[2].partition("/")[0]


@dataclass(frozen=True)
class Rules:
    """Security rules for clients. gcloud has no command for them (https://firebase.google.com/docs/reference/rules/rest).
    A ruleset is immutable: a change creates a new one and releases it."""

    project: str
    rules: str
    api: str
    """Its address."""
    title: str = "rules by which no client reads or writes the database; the functions' accounts bypass them"
    holds_data: bool = False

    def plan(self) -> Sequence[str]:
        """See `Step`."""
        return [
            f"POST {self.api}v1/{self._parent}/rulesets    # with deploy/firestore.rules",
            f"POST {self.api}v1/{self._parent}/releases    # of it, as cloud.firestore",
        ]

    def apply(self, run: Run) -> Result:
        """See `Step`."""
        token = run(Command(("gcloud", "auth", "print-access-token"))).stdout.strip()
        release = self._ask(token, "GET", self._release)
        if release and self._released(token, release["rulesetName"]) == self.rules:
            return Result.UNCHANGED
        source = {"files": [{"name": "firestore.rules", "content": self.rules}]}
        made = self._ask(token, "POST", f"{self._parent}/rulesets", {"source": source})
        new = {"name": self._release, "rulesetName": (made or {})["name"]}
        if release:
            self._ask(token, "PATCH", self._release, {"release": new})
            return Result.UPDATED
        self._ask(token, "POST", f"{self._parent}/releases", new)
        return Result.CREATED

    def plan_removal(self) -> Sequence[str]:
        return []

    def remove(self, run: Run) -> Result:
        """See `Step`."""
        return Result.UNCHANGED

    @property
    def _parent(self) -> str:
        return f"projects/{self.project}"

    @property
    def _release(self) -> str:
        return f"{self._parent}/releases/cloud.firestore"

    def _released(self, token: str, ruleset: str) -> str | None:
        there = self._ask(token, "GET", ruleset)
        return str(there["source"]["files"][0]["content"]) if there else None

    def _ask(self, token: str, method: str, path: str, body: object = None) -> Any:
        """The answer; None where there is no such thing. A person's token needs the project that the quota is taken
        from (https://cloud.google.com/docs/quotas/set-quota-project)."""
        headers = {"Content-Type": "application/json", "X-Goog-User-Project": self.project}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        content = json.dumps(body).encode() if body is not None else None
        request = Request(f"{self.api}v1/{path}", content, headers, method=method)
        try:
            with urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except HTTPError as error:
            said = error.read().decode(errors="replace")
            if error.code == 404 and method == "GET":
                return None
            raise StepFailed(f"{method} {request.full_url}\n{error} {said}") from error
        except (URLError, OSError) as error:
            raise StepFailed(f"{method} {request.full_url}\n{error}") from error
