"""Where Rollcall is deployed, and the names of things there: derived, and so the same at each run."""

from dataclasses import dataclass

from rollcall.sendgrid import HOSTS


@dataclass(frozen=True)
class Place:
    """One desk: a project of its own at Google, and a host name of its own."""

    project: str
    """The Google Cloud project's id; it holds nothing else."""
    number: str
    """The project's number, which Google uses in addresses and for its own accounts."""
    region: str
    """Where the functions run and the database is, as `europe-west6`."""
    domain: str
    """The desk's host name, as `registration.example.org`: for pages, and for e-mail both ways."""
    on_call: str
    """The e-mail address that gets the alerts."""
    events: str = "events"
    """The folder of the event files, below the project's own."""
    sendgrid_region: str = "global"
    """SendGrid's, of the account or subuser; others are keys of `HOSTS`."""
    workforce_pool: str = ""
    """Of workforce identity federation, by which the staff sign in; empty: with Google's accounts."""
    clamd: str = ""
    """Host and port of a virus scanner (docs/contributions.md); empty: there is none."""
    own_key: bool = False
    """Whether a key of one's own encrypts what people sent (`deploy.keys`)."""
    commit: str = ""
    """Of what is deployed, for a later rollback; empty where it is unknown."""

    @property
    def pages(self) -> str:
        """The address of `register`."""
        return f"https://{self.domain}/register"

    @property
    def sender(self) -> str:
        """The sender of e-mails."""
        return f"registration@{self.domain}"

    @property
    def bucket(self) -> str:
        """Holds inbound e-mails and large rosters. Bucket names are global, so it contains the project's."""
        return f"{self.project}-files"

    @property
    def published(self) -> str:
        """The bucket of what everybody may read."""
        return f"{self.project}-published"

    @property
    def sendgrid(self) -> str:
        """The address of SendGrid's API."""
        return HOSTS[self.sendgrid_region]

    def account(self, name: str) -> str:
        """The service account of a function, or of another caller."""
        return f"{account_id(name)}@{self.project}.iam.gserviceaccount.com"

    @property
    def iap_audience(self) -> str:
        """Whom Identity-Aware Proxy's signed header is for: the function `staff`
        (https://cloud.google.com/iap/docs/signed-headers-howto)."""
        return f"/projects/{self.number}/locations/{self.region}/services/staff"

    @property
    def iap(self) -> str:
        """Identity-Aware Proxy's own account (https://cloud.google.com/iap/docs/enabling-cloud-run)."""
        return f"service-{self.number}@gcp-sa-iap.iam.gserviceaccount.com"

    def run_address(self, function: str) -> str:
        """The address of a function that Google's own callers use; it is known before the function is there
        (https://cloud.google.com/run/docs/triggering/https-request, "deterministic URL")."""
        return f"https://{function}-{self.number}.{self.region}.run.app"


def account_id(name: str) -> str:
    """At least six characters (https://cloud.google.com/iam/docs/service-accounts-create)."""
    return name if len(name) >= 6 else f"run-{name}"
