"""What the deployment would do, as `make deploy-plan` prints it."""

from dns.resolver import Resolver

from deploy.__main__ import Outside, all_steps
from deploy.place import Place
from deploy.sendgrid import open_api
from deploy.steps import run_command

PLACE = Place("p-test", "123", "europe-west6", "registration.example.org", "on-call@example.org")


def plan() -> list[str]:
    """Every command and request, in their order. For a plan nothing outside is reached."""
    outside = Outside(run=run_command, sendgrid=open_api(), resolver=Resolver)
    return [line for step in all_steps(PLACE, outside) for line in step.plan()]
