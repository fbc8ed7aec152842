"""Two buckets: inbound e-mails, contributions, and rosters too large for an e-mail; and what everybody may read."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from deploy import keys
from deploy.place import Place
from deploy.steps import GcloudStep, Result, Run, Step, gcloud
from rollcall.model.event import KEEP_DAYS, Event
from schemas.event import read_folder

BEFORE_OPENING = 60
"""Days: who writes to the event before it opens."""
_ON_THEIR_WAY = 3
"""Days, of contributions' files that nobody sent off."""
_LIFECYCLE = Path("deploy/files.lifecycle.json")
"""Written for gcloud, which reads it from no pipe."""
_CORS = Path("deploy/files.cors.json")
"""A browser puts a file to an address that nobody can guess, and reads how far it came: `Range`
(https://cloud.google.com/storage/docs/cross-origin)."""
_RESTORABLE_DAYS = 7
"""Days in which a deleted object can be restored, as many as the database's point-in-time recovery. Deleting the bucket
itself first switches this off: then only objects deleted before can be restored. No earlier version of an object is
kept besides, or what is erased would stay for ever as one
(https://cloud.google.com/storage/docs/soft-delete). What is published is made anew from the database, and who withdraws
consent is to be gone: there it is off."""


@dataclass(frozen=True, kw_only=True)
class Bucket(GcloudStep):
    lifecycle: Mapping[str, Any] | None
    """As Google has it."""

    def apply(self, run: Run) -> Result:
        _LIFECYCLE.write_text(json.dumps(self.lifecycle))
        try:
            return super().apply(run)
        finally:
            _LIFECYCLE.unlink()


def steps(place: Place) -> tuple[Step, ...]:
    """The buckets. Standard storage: a colder class would save cents and cost more to read. Public access prevention
    holds even against a role for everybody (https://cloud.google.com/storage/docs/public-access-prevention): also what
    is published goes out through the function `pages`.
    """
    events, _ = read_folder(Path(place.events), in_all_languages=False)
    days = days_kept(events.values())
    return (
        _bucket(
            place,
            place.bucket,
            f"a bucket for inbound e-mails, contributions and large rosters, never public; what the function erase "
            f"missed goes {days} days after it was stored. Deleted files can be restored for {_RESTORABLE_DAYS} days",
            _RESTORABLE_DAYS,
            _lifecycle(days),
        ),
        _bucket(place, place.published, "what is published: a bucket of its own, read by the function pages", 0),
    )


def days_kept(events: Iterable[Event]) -> int:
    """After it was stored, whatever is stored goes: of no event before its `keep_until`."""
    longest = max((one.keep_until - one.opens_at for one in events), default=timedelta(days=KEEP_DAYS))
    return longest.days + 1 + BEFORE_OPENING


def _lifecycle(days: int) -> dict[str, Any]:
    conditions = {"age": days}, {"age": _ON_THEIR_WAY, "matchesPrefix": ["upload-"]}
    return {"rule": [{"action": {"type": "Delete"}, "condition": one} for one in conditions]}


def _bucket(
    place: Place, name: str, title: str, restorable_days: int, lifecycle: Mapping[str, Any] | None = None
) -> Bucket:
    bucket = f"gs://{name}"
    settings = (
        "--uniform-bucket-level-access",
        "--public-access-prevention",
        f"--soft-delete-duration={restorable_days}d",
        *([f"--default-encryption-key={keys.name(place)}"] if place.own_key else []),
    )
    more = [f"--lifecycle-file={_LIFECYCLE}", f"--cors-file={_CORS}"] if lifecycle else []

    def is_current(there: Any) -> bool:
        access = there["iamConfiguration"]
        return bool(
            access["publicAccessPrevention"] == "enforced"
            and access["uniformBucketLevelAccess"]["enabled"]
            and int(there["softDeletePolicy"]["retentionDurationSeconds"]) == restorable_days * 24 * 3600
            and not there.get("versioning", {}).get("enabled")
            and there.get("encryption", {}).get("defaultKmsKeyName", "") == keys.name(place)
            and there.get("lifecycle") == lifecycle
            and there.get("cors", []) == (json.loads(_CORS.read_text()) if lifecycle else [])
        )

    change = gcloud(f"storage buckets update {bucket}", *settings, "--no-versioning", *more, project=place.project)
    create = gcloud(f"storage buckets create {bucket} --location={place.region}", *settings, project=place.project)
    return Bucket(
        lifecycle=lifecycle,
        title=title,
        look=gcloud(f"storage buckets describe {bucket} --raw --format=json", project=place.project),
        create=(create, *([change] if lifecycle else [])),
        is_current=is_current,
        update=(change,),
        delete=(
            *(
                [gcloud(f"storage buckets update {bucket} --clear-soft-delete", project=place.project)]
                if restorable_days
                else []
            ),
            gcloud(f"storage rm --recursive {bucket}", project=place.project),
        ),
        holds_data=True,
    )
