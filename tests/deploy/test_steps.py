"""How a step is taken, whatever it makes: what Google's refusals are taken for."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.steps import (
    Command,
    Completed,
    GcloudSet,
    GcloudStep,
    Result,
    Run,
    StepFailed,
    apply_all,
    find,
    remove_all,
    run_checked,
    run_command,
    transient_error,
)

LOOK, MAKE, UNMAKE = (Command(("gcloud", word)) for word in ("describe", "create", "delete"))
THING = GcloudStep(title="a thing", look=LOOK, create=(MAKE,), delete=(UNMAKE,))
THINGS = GcloudSet(
    title="things", look=LOOK, changes=lambda _: [MAKE], empty=[], delete=lambda there: [UNMAKE] * len(there)
)
EXPIRED = "ERROR: (gcloud.x) There was a problem refreshing your current auth tokens: Reauthentication failed."


def google(said: str = "", output: str = "", ok: bool = False) -> tuple[Run, list[Command]]:
    """A Google that answers a look so, and does everything else; and what it was asked, waiting or not."""
    asked: list[Command] = []

    def run(command: Command) -> Completed:
        asked.append(replace(command, retries=True))
        return Completed(ok, output, said) if command.argv == LOOK.argv else Completed(True, "", "")

    return run, asked


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: (gcloud.compute) - The resource 'projects/p/global/addresses/rollcall' was not found",
        "ERROR: (gcloud.secrets.describe) NOT_FOUND: Secret [projects/1/secrets/link-key] not found",
        "ERROR: (gcloud.run.services.get-iam-policy) Resource 'x' of kind 'SERVICE' in region 'y' does not exist.",
        "ERROR: (gcloud.functions.describe) ResponseError: status=[404], message=[Resource was not found]",
    ],
)
def test_a_missing_thing_is_created_and_not_removed(said: str) -> None:
    run, asked = google(said)
    assert THING.apply(run) is Result.CREATED
    assert THING.remove(run) is THINGS.remove(run) is Result.ABSENT
    assert asked == [LOOK, MAKE, LOOK, LOOK]


@pytest.mark.parametrize("said", [EXPIRED, "ERROR: PERMISSION_DENIED: missing compute.addresses.get", "no network"])
def test_a_failed_look_does_not_pass_for_gone(said: str) -> None:
    """Else a `make destroy` with an expired login would take nothing away, and say that all is gone."""
    for step in (THING, THINGS):
        for call in (step.apply, step.remove):
            run, asked = google(said)
            with pytest.raises(StepFailed, match="gcloud describe"):
                call(run)
            assert set(asked) == {LOOK}


def test_a_disabled_service_has_nothing_to_remove() -> None:
    """As where the deploying stopped at switching it on. That is not waited for."""
    off = "The API has not been used in project 1 before or it is disabled. If you enabled this API recently, wait"
    for step in (THING, THINGS):
        waits: list[bool] = []

        def run(command: Command, waits: list[bool] = waits) -> Completed:
            waits.append(command.retries)
            return Completed(False, "", off)

        assert step.remove(run) is Result.ABSENT
        assert waits == [False]


def test_an_existing_thing_is_left_or_removed() -> None:
    run, asked = google(output='[{"name": "a"}, {"name": "b"}]', ok=True)
    assert THING.apply(run) is Result.UNCHANGED
    assert THINGS.remove(run) is Result.DELETED
    assert asked == [LOOK, LOOK, UNMAKE, UNMAKE]


def test_removal_runs_backwards() -> None:
    """Google deletes nothing that something else still uses."""
    first, second = (replace(THING, title=name, delete=(Command((name,)),)) for name in ("first", "second"))
    stays = replace(THING, delete=())
    run, asked = google(output="{}", ok=True)
    remove_all([first, stays, second], run)
    assert [command.argv for command in asked if command != LOOK] == [("second",), ("first",)]


def test_nothing_is_created_after_a_failure() -> None:
    made: list[Command] = []

    def run(command: Command) -> Completed:
        made.append(command)
        return Completed(False, "", "was not found" if command is LOOK else "no")

    with pytest.raises(StepFailed, match="no"):
        apply_all([THING, THING], run)
    assert made == [LOOK, MAKE]


def test_find_returns_what_google_has() -> None:
    assert find(google(output='{"name": "a"}', ok=True)[0], LOOK) == {"name": "a"}
    assert find(google("was not found")[0], LOOK) is None


def test_an_organisation_policy_against_allusers_is_explained() -> None:
    said = "FAILED_PRECONDITION: One or more users named in the policy do not belong to a permitted customer"
    with pytest.raises(StepFailed, match=r"iam\.allowedPolicyMemberDomains"):
        run_checked(google(said)[0], LOOK)


@pytest.mark.parametrize(
    ("said", "looks", "passes"),
    [
        ("ERROR: Service account trigger@p.iam.gserviceaccount.com does not exist.", False, True),
        ("ERROR: Location europe-west99 does not exist.", False, False),
        ("Permission denied on secret: projects/1/secrets/link-key/versions/1 for Revision", False, True),
        ("Cloud Scheduler API has not been used in project 1 ... If you enabled this API recently, wait", True, True),
        ("Cannot find metric. It could take up to 10 minutes to become available.", False, True),
        ("ERROR: the service account x does not exist", True, False),
        ("Role (projects/p/roles/rollcallDatabase) does not exist in the resource's hierarchy.", False, True),
        ("failed to Fetch: Access to bucket gcf-v2-sources-1-europe-west6 denied. You must grant", False, True),
        ("Unable to retrieve ... Ensure that the Cloud Functions service account has 'artifactregistry.", False, True),
        ("The resource 'projects/p/global/backendServices/register' is not ready", False, True),
        (
            "Could not create or update Cloud Run service register, Container Healthcheck failed. Revision "
            "'register-00001-abc' is not ready and cannot serve traffic. The user-provided container failed to start",
            False,
            False,
        ),
    ],
)
def test_transient_errors(said: str, looks: bool, passes: bool) -> None:
    assert bool(transient_error(said, looks)) is passes


def test_a_transient_error_is_retried_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A command that is refused twice, because what it needs has not got round yet."""
    tries = tmp_path / "tries"
    program = (
        "import pathlib, sys\n"
        f"tries = pathlib.Path({str(tries)!r})\n"
        "tries.write_text((tries.read_text() if tries.exists() else '') + 'x')\n"
        "sys.exit('it may take a few minutes' if len(tries.read_text()) < 3 else 0)\n"
    )
    waits: list[float] = []
    assert run_command(Command((sys.executable, "-c", program)), waits.append).ok
    assert waits == [15.0, 15.0]
    assert capsys.readouterr().out.count("it may take a few minutes") == 2


@pytest.mark.parametrize(("says", "waits_for_it"), [("no", True), ("UNAVAILABLE", False)])
def test_other_errors_are_not_retried(says: str, waits_for_it: bool) -> None:
    waits: list[float] = []
    ran = run_command(
        Command((sys.executable, "-c", f"import sys; sys.exit({says!r})"), retries=waits_for_it), waits.append
    )
    assert not ran.ok
    assert ran.stderr.strip() == says
    assert waits == []


def test_a_plan_may_be_piped_into_head() -> None:
    """As with `| head`."""
    settings = {"PROJECT": "p-test", "REGION": "europe-west6", "DOMAIN": "registration.example.org"}
    plan = subprocess.Popen(
        [sys.executable, "-m", "deploy", "plan"],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert plan.stdout
    assert plan.stderr
    plan.stdout.close()
    assert plan.stderr.read() == ""
    assert plan.wait(timeout=30) == 1
