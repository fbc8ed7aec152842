"""Google's services that the desk stands on."""

from collections.abc import Sequence
from typing import Any

from deploy.place import Place
from deploy.steps import Command, GcloudSet, Step, gcloud

APIS = {
    "billingbudgets": "tells `deploy-check` whether a budget warns of the costs",
    "artifactregistry": "keeps the functions' images",
    "cloudbuild": "builds them",
    "cloudfunctions": "the functions",
    "cloudresourcemanager": "who may do what in the project",
    "cloudscheduler": "calls three functions at their times",
    "compute": "the load balancer, its certificate and Cloud Armor",
    "eventarc": "calls `send_mail` for each new outbox entry",
    "eventarcpublishing": "the same: Google's page on routing Firestore's events names both",
    "firebaserules": "keeps every client out of the database",
    "firestore": "the database",
    "iam": "the functions' accounts",
    "iap": "asks the staff who they are",
    "logging": "the functions' logs",
    "monitoring": "the alerts",
    "pubsub": "carries Eventarc's triggers",
    "run": "where functions of the 2nd generation run",
    "secretmanager": "the keys",
    "storage": "inbound e-mails, and large rosters",
}
"""Each, and what for."""


def steps(place: Place) -> tuple[Step, ...]:
    """They stay when the rest is deleted: that costs nothing, and something else in the project may need one."""

    def changes(there: Any) -> Sequence[Command]:
        enabled = {service["config"]["name"] for service in there}
        apis = (*APIS, *(["cloudkms"] if place.own_key else []))
        missing = [name for name in (f"{api}.googleapis.com" for api in apis) if name not in enabled]
        return [gcloud("services enable", *missing, project=place.project)] if missing else []

    return (
        GcloudSet(
            title="Google's services that the desk stands on, switched on",
            look=gcloud("services list --enabled --format=json", project=place.project),
            changes=changes,
            empty=[],
        ),
    )
