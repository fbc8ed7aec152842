"""A key of one's own encrypts what people sent, from the first command on: with the real gcloud, in Google's place a
stand-in."""

from dataclasses import replace

import pytest

from deploy import apis, firestore, functions, keys, storage
from deploy.place import Place
from deploy.steps import Result, Run, Step, StepFailed
from tests.support.google_api import NUMBER, PROJECT, GoogleApi

PLACE = Place(PROJECT, NUMBER, "europe-west6", "registration.example.org", "on-call@example.org", own_key=True)
WITHOUT = replace(PLACE, own_key=False)
KEY = f"projects/{PROJECT}/locations/europe-west6/keyRings/rollcall/cryptoKeys/personal-data"
DATABASE = f"firestore projects/{PROJECT}/databases/(default)"
BUCKET = f"storage b/{PROJECT}-files"


def steps(place: Place) -> tuple[Step, ...]:
    return (*keys.steps(place), firestore.steps(place)[0], *storage.steps(place))


@pytest.fixture(scope="module")
def run(google: GoogleApi, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return google.runs(tmp_path_factory.mktemp("gcloud"))


@pytest.mark.slow
def test_a_key_of_ones_own_encrypts_database_and_files(google: GoogleApi, run: Run) -> None:
    assert {step.apply(run) for step in steps(PLACE)} == {Result.CREATED}
    assert {step.apply(run) for step in steps(PLACE)} == {Result.UNCHANGED}
    key = google.resources[f"cloudkms {KEY}"]
    assert (key["purpose"], key["rotationPeriod"]) == ("ENCRYPT_DECRYPT", f"{90 * 86400}s")
    agents = ("gcp-sa-firestore", "gs-project-accounts")
    assert google.members(f"cloudkms {KEY}") == {
        ("roles/cloudkms.cryptoKeyEncrypterDecrypter", f"serviceAccount:service-{NUMBER}@{one}.iam.gserviceaccount.com")
        for one in agents
    }
    assert google.resources[DATABASE]["cmekConfig"] == {"kmsKeyName": KEY}
    for bucket in (BUCKET, f"storage b/{PROJECT}-published"):
        assert google.resources[bucket]["encryption"] == {"defaultKmsKeyName": KEY}
    with pytest.raises(StepFailed, match="encrypted by a key of your own: OWN_KEY=yes"):
        firestore.steps(WITHOUT)[0].apply(run)
    del google.resources[BUCKET]["encryption"]
    assert storage.steps(PLACE)[0].apply(run) is Result.UPDATED
    assert google.resources[BUCKET]["encryption"] == {"defaultKmsKeyName": KEY}
    del google.resources[DATABASE]["cmekConfig"]
    with pytest.raises(StepFailed, match="was made without a key of your own, and never gets one"):
        firestore.steps(PLACE)[0].apply(run)


def test_nobody_gets_a_key_who_asked_for_none() -> None:
    planned = [line for step in (*steps(WITHOUT), *apis.steps(WITHOUT)) for line in step.plan()]
    assert not [line for line in planned if "kms" in line or "encryption-key" in line]
    assert functions.settings(PLACE) == functions.settings(WITHOUT) | {"OWN_KEY": "yes"}


def test_the_key_is_there_before_what_it_encrypts_and_stays() -> None:
    planned = [line for step in (*apis.steps(PLACE), *steps(PLACE)) for line in step.plan()]
    assert "cloudkms.googleapis.com" in planned[0]
    assert planned.index(next(line for line in planned if "kms keys create" in line)) < planned.index(
        next(line for line in planned if "databases create" in line)
    )
    assert [line for step in keys.steps(PLACE) for line in step.plan_removal()] == []
