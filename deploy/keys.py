"""A key of your own in Cloud KMS (`OWN_KEY=yes`): the database, its backups and both buckets are encrypted by it.

Whoever disables it stops the desk; whoever destroys all of its versions makes all of it, backups too, unreadable for
ever (https://cloud.google.com/firestore/docs/cmek)."""

from collections.abc import Sequence
from typing import Any

from deploy.place import Place
from deploy.steps import Command, GcloudSet, GcloudStep, Step, gcloud

_RING, _KEY = "rollcall", "personal-data"
_USES_IT = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
_ROTATED = "90d"
"""A new version for what is written from then on; the older ones stay, for what was written before."""


def steps(place: Place) -> tuple[Step, ...]:
    """Nothing here can be deleted but versions of the key, which is left to you."""
    return (_ring(place), _key(place), _users(place)) if place.own_key else ()


def name(place: Place) -> str:
    """In the region of what it encrypts; empty where there is none."""
    ring = f"projects/{place.project}/locations/{place.region}/keyRings/{_RING}"
    return f"{ring}/cryptoKeys/{_KEY}" if place.own_key else ""


def _ring(place: Place) -> GcloudStep:
    return GcloudStep(
        title="a ring for your own key",
        look=_kms(place, f"keyrings describe {_RING}", "--format=json"),
        create=(_kms(place, f"keyrings create {_RING}"),),
        holds_data=True,
    )


def _key(place: Place) -> GcloudStep:
    key = f"--keyring={_RING}"
    rotated = f"--rotation-period={_ROTATED}", f"--next-rotation-time=p{_ROTATED}"
    return GcloudStep(
        title="your own key: without it nobody reads the database, its backups or the files, neither do you",
        look=_kms(place, f"keys describe {_KEY}", key, "--format=json"),
        create=(_kms(place, f"keys create {_KEY}", key, "--purpose=encryption", *rotated),),
        holds_data=True,
    )


def _users(place: Place) -> GcloudSet:
    """Google's accounts for Firestore and Cloud Storage, which are made first."""
    agents = {
        f"service-{place.number}@gcp-sa-firestore.iam.gserviceaccount.com": (
            "beta services identity create --service=firestore.googleapis.com"
        ),
        f"service-{place.number}@gs-project-accounts.iam.gserviceaccount.com": "storage service-agent",
    }

    def changes(there: Any) -> Sequence[Command]:
        bindings = there.get("bindings", ())
        have = {member for one in bindings if one["role"] == _USES_IT for member in one["members"]}
        return [
            command
            for agent, made in agents.items()
            if f"serviceAccount:{agent}" not in have
            for command in (
                gcloud(made, project=place.project),
                _kms(
                    place,
                    f"keys add-iam-policy-binding {_KEY} --keyring={_RING}",
                    f"--member=serviceAccount:{agent}",
                    f"--role={_USES_IT}",
                ),
            )
        ]

    return GcloudSet(
        title="who uses your own key: Firestore and Cloud Storage",
        look=_kms(place, f"keys get-iam-policy {_KEY} --keyring={_RING}", "--format=json"),
        changes=changes,
        empty={},
    )


def _kms(place: Place, words: str, *more: str) -> Command:
    return gcloud(f"kms {words} --location={place.region}", *more, project=place.project)
