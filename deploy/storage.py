"""Two buckets: inbound e-mails, contributions, and rosters too large for an e-mail; and what everybody may read."""

import json
from pathlib import Path
from typing import Any

from deploy.place import Place
from deploy.steps import GcloudStep, Step, gcloud

_LIFECYCLE = Path("deploy/files.lifecycle.json")
"""Objects hold personal data and are of no use once their event is over: Google deletes them after 400 days, a year and
a month. Contributions' files on their way in, which nobody sent off, go after three days."""
_CORS = Path("deploy/files.cors.json")
"""A browser puts a file to an address that nobody can guess, and reads how far it came: `Range`
(https://cloud.google.com/storage/docs/cross-origin)."""
_RESTORABLE_DAYS = 7
"""Days in which a deleted object can be restored, as many as the database's point-in-time recovery. Deleting the bucket
itself first switches this off: then only objects deleted before can be restored
(https://cloud.google.com/storage/docs/soft-delete). What is published is made anew from the database, and who withdraws
consent is to be gone: there it is off."""


def steps(place: Place) -> tuple[Step, ...]:
    """The buckets. Standard storage: a colder class would save cents and cost more to read. Public access prevention
    holds even against a role for everybody (https://cloud.google.com/storage/docs/public-access-prevention): also what
    is published goes out through the function `pages`.
    """
    lifecycle = json.loads(_LIFECYCLE.read_text())
    days = lifecycle["rule"][0]["condition"]["age"]
    return (
        _bucket(
            place,
            place.bucket,
            f"a bucket for inbound e-mails, contributions and large rosters, never public; deleted after {days} days",
            _RESTORABLE_DAYS,
            lifecycle,
        ),
        _bucket(place, place.published, "what is published: a bucket of its own, read by the function pages", 0),
    )


def _bucket(
    place: Place, name: str, title: str, restorable_days: int, lifecycle: dict[str, Any] | None = None
) -> GcloudStep:
    bucket = f"gs://{name}"
    settings = (
        "--uniform-bucket-level-access",
        "--public-access-prevention",
        f"--soft-delete-duration={restorable_days}d",
        *([f"--lifecycle-file={_LIFECYCLE}", f"--cors-file={_CORS}"] if lifecycle else []),
    )

    def is_current(there: Any) -> bool:
        access = there["iamConfiguration"]
        return bool(
            access["publicAccessPrevention"] == "enforced"
            and access["uniformBucketLevelAccess"]["enabled"]
            and int(there["softDeletePolicy"]["retentionDurationSeconds"]) == restorable_days * 24 * 3600
            and there.get("lifecycle") == lifecycle
            and there.get("cors", []) == (json.loads(_CORS.read_text()) if lifecycle else [])
        )

    change = gcloud(f"storage buckets update {bucket}", *settings, project=place.project)
    create = gcloud(f"storage buckets create {bucket} --location={place.region}", *settings[:3], project=place.project)
    return GcloudStep(
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
