"""Where Rollcall is put, and what things are called there. Names are derived, and so the same at each run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """One desk: a project of its own at Google, and a host name of its own."""

    project: str
    """The Google Cloud project's id; it holds nothing else."""
    number: str
    """The project's number, which Google uses in addresses and for its own accounts."""
    region: str
    """Where the functions run and the books are, as `europe-west6`."""
    domain: str
    """The desk's host name, as `registration.example.org`: its pages, its mail and the forms that come by e-mail."""
    duty: str
    """The e-mail address of the person on duty, who gets the alerts."""
    events: str = "events"
    """The folder of the event files, below the project's own."""
    commit: str = ""
    """Of what is deployed, for whoever wants to go back to it; empty where nobody knows."""

    @property
    def pages(self) -> str:
        """The address of `register`."""
        return f"https://{self.domain}/register"

    @property
    def sender(self) -> str:
        """The address that mails come from."""
        return f"registration@{self.domain}"

    @property
    def bucket(self) -> str:
        """The bucket of the messages; names of buckets are the whole world's, so it has the project's in it."""
        return f"{self.project}-messages"

    def account(self, name: str) -> str:
        """The service account of a function, or of another caller."""
        return f"{name}@{self.project}.iam.gserviceaccount.com"

    def run_address(self, function: str) -> str:
        """The address of a function that Google's own callers use; it is known before the function is there
        (https://cloud.google.com/run/docs/triggering/https-request, "deterministic URL")."""
        return f"https://{function}-{self.number}.{self.region}.run.app"
