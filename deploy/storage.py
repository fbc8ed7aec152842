"""The bucket of inbound e-mails and of rosters too large for an e-mail; each object is written once."""

import json
from pathlib import Path
from typing import Any

from deploy.place import Place
from deploy.steps import GcloudStep, Step, gcloud

_LIFECYCLE = Path("deploy/files.lifecycle.json")
"""Objects hold personal data and are of no use once their event is over: Google deletes them after 400 days, a year and
a month."""
_RESTORABLE_DAYS = 7
"""Days in which a deleted object can be restored, as many as the database's point-in-time recovery. Deleting the bucket
itself first switches this off: then only objects deleted before can be restored
(https://cloud.google.com/storage/docs/soft-delete)."""


def steps(place: Place) -> tuple[Step, ...]:
    """The bucket. Standard storage: a colder class would save cents and cost more to read. Public access prevention
    holds even against a role for everybody (https://cloud.google.com/storage/docs/public-access-prevention).
    """
    bucket = f"gs://{place.bucket}"
    lifecycle = json.loads(_LIFECYCLE.read_text())
    days = lifecycle["rule"][0]["condition"]["age"]
    settings = (
        "--uniform-bucket-level-access",
        "--public-access-prevention",
        f"--soft-delete-duration={_RESTORABLE_DAYS}d",
        f"--lifecycle-file={_LIFECYCLE}",
    )

    def is_current(there: Any) -> bool:
        access = there["iamConfiguration"]
        return bool(
            access["publicAccessPrevention"] == "enforced"
            and access["uniformBucketLevelAccess"]["enabled"]
            and int(there["softDeletePolicy"]["retentionDurationSeconds"]) == _RESTORABLE_DAYS * 24 * 3600
            and there.get("lifecycle") == lifecycle
        )

    change = gcloud(f"storage buckets update {bucket}", *settings, project=place.project)
    return (
        GcloudStep(
            title=f"a bucket for inbound e-mails and large rosters, never public; deleted after {days} days",
            look=gcloud(f"storage buckets describe {bucket} --raw --format=json", project=place.project),
            create=(
                gcloud(
                    f"storage buckets create {bucket} --location={place.region}", *settings[:3], project=place.project
                ),
                change,
            ),
            is_current=is_current,
            update=(change,),
            delete=(
                gcloud(f"storage buckets update {bucket} --clear-soft-delete", project=place.project),
                gcloud(f"storage rm --recursive {bucket}", project=place.project),
            ),
            holds_data=True,
        ),
    )
