"""Google's services that the desk stands on."""

from collections.abc import Sequence
from typing import Any

from deploy.place import Place
from deploy.steps import Command, GcloudSet, Step, gcloud

APIS = {
    "artifactregistry": "keeps the functions' images",
    "cloudbuild": "builds them",
    "cloudfunctions": "the functions",
    "cloudresourcemanager": "who may do what in the project",
    "cloudscheduler": "calls the two functions of each minute",
    "compute": "the load balancer, its certificate and Cloud Armor",
    "eventarc": "calls `send_mail` for each mail that is queued",
    "eventarcpublishing": "the same: Google's page on routing Firestore's events names both",
    "firebaserules": "lets no client at the books",
    "firestore": "the books",
    "iam": "the functions' accounts",
    "logging": "what the functions say",
    "monitoring": "the alerts",
    "pubsub": "what Eventarc sends its events by",
    "run": "where functions of the 2nd generation run",
    "secretmanager": "the keys",
    "storage": "the messages, as they came",
}
"""Each, and what for."""


def steps(place: Place) -> tuple[Step, ...]:
    """They stay when the rest is taken away: that costs nothing, and something else in the project may stand on one."""

    def lacking(there: Any) -> Sequence[Command]:
        enabled = {service["config"]["name"] for service in there}
        missing = [name for name in (f"{api}.googleapis.com" for api in APIS) if name not in enabled]
        return [gcloud("services enable", *missing, project=place.project)] if missing else []

    return (
        GcloudSet(
            makes="Google's services that the desk stands on, switched on",
            look=gcloud("services list --enabled --format=json", project=place.project),
            lacking=lacking,
            none=[],
        ),
    )
