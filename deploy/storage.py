"""The messages as they came, and rosters that no mail can carry, each an object that is written once."""

import json
from pathlib import Path
from typing import Any

from deploy.place import Place
from deploy.steps import GcloudStep, Step, gcloud

_LIFECYCLE = Path("deploy/messages.lifecycle.json")
"""A message is put away in full, whatever was in it, and what it said is in the books. It can be looked at until its
event is surely over: 400 days, a year and a month. Then it goes: nobody needs it, and it is personal. So with a
roster."""
_TAKEN_BACK = 7
"""Days for which a message that was deleted can be had back: as many as the books go back. Whoever has all taken away,
in so many words, means it: then none is kept back but those that went in the days before
(https://cloud.google.com/storage/docs/soft-delete)."""


def steps(place: Place) -> tuple[Step, ...]:
    """The bucket. One storage class does: a colder one would save cents and cost more to read.
    Public access prevention holds even where somebody grants it (https://cloud.google.com/storage/docs/public-access-prevention).
    """
    bucket = f"gs://{place.bucket}"
    lifecycle = json.loads(_LIFECYCLE.read_text())
    days = lifecycle["rule"][0]["condition"]["age"]
    settings = (
        "--uniform-bucket-level-access",
        "--public-access-prevention",
        f"--soft-delete-duration={_TAKEN_BACK}d",
        f"--lifecycle-file={_LIFECYCLE}",
    )

    def wanted(there: Any) -> bool:
        access = there["iamConfiguration"]
        return bool(
            access["publicAccessPrevention"] == "enforced"
            and access["uniformBucketLevelAccess"]["enabled"]
            and int(there["softDeletePolicy"]["retentionDurationSeconds"]) == _TAKEN_BACK * 24 * 3600
            and there.get("lifecycle") == lifecycle
        )

    change = gcloud(f"storage buckets update {bucket}", *settings, project=place.project)
    return (
        GcloudStep(
            makes=f"a bucket for messages and large rosters, which nobody outside can read; each for {days} days",
            look=gcloud(f"storage buckets describe {bucket} --raw --format=json", project=place.project),
            make=(
                gcloud(
                    f"storage buckets create {bucket} --location={place.region}", *settings[:3], project=place.project
                ),
                change,
            ),
            wanted=wanted,
            change=(change,),
            unmake=(
                gcloud(f"storage buckets update {bucket} --clear-soft-delete", project=place.project),
                gcloud(f"storage rm --recursive {bucket}", project=place.project),
            ),
            holds_data=True,
        ),
    )
