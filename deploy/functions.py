"""The functions, and the settings of each. `main.py` is the map of what they do."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from deploy.place import Place
from deploy.secrets import SECRETS, newest_version
from deploy.steps import Came, Command, GcloudStep, Run, Step, StepFailed, do, find, find_if_on, gcloud

RUNTIME = "python311"
"""What the tests run with: what is deployed is what was tested. Google keeps it until October 2027
(https://cloud.google.com/functions/docs/runtime-support)."""
_LABEL = "rollcall"
"""Carries the fingerprint of what was deployed."""
_UNKNOWN = "$FINGERPRINT"


@dataclass(frozen=True)
class Function:
    """How a function is deployed. The reasons stand in the table below."""

    name: str
    does: str
    """What for, to whoever reads the plan."""
    public: bool
    """Anybody may call it, through the load balancer; it looks itself at who does."""
    memory: str
    timeout: int
    """Seconds for an answer."""
    concurrency: int
    """Requests at a time in one instance, a thread each."""
    most: int
    """Instances at the most."""
    least: int = 0
    """Instances that wait for work, day and night."""
    keys: tuple[str, ...] = ()
    """The settings that are secrets."""
    messages: tuple[str, ...] = ()
    """Its roles on the bucket of the messages, and of the rosters."""
    rosters: tuple[str, ...] = ()
    """Its roles on the rosters in it, and on nothing else there."""

    @property
    def entry_point(self) -> str:
        """Its name in `main.py`."""
        return self.name.replace("-", "_")


_READ = "roles/storage.objectViewer"
"""Not `legacyObjectReader`: who may not list is told 403 where there is no object, not 404."""
_WRITE = "roles/storage.objectCreator"

FUNCTIONS = (
    # Eventarc calls it once a mail. 5 x 4 senders at the most: the limit of mails to one address is exact but for those
    # that count at the same moment. A post may take 20 s. The rosters for four of the staff may be drawn up at once:
    # one of 100,000 takes a minute or two, and 110 MB of files, which are memory there (`bench/closing.py`).
    # One that no mail can carry goes into the bucket.
    Function(
        "send-mail",
        "sends each mail that is queued",
        False,
        "1Gi",
        540,
        concurrency=4,
        most=5,
        keys=("SENDGRID_API_KEY", "LINK_KEY"),
        messages=(_READ,),
        rosters=(_WRITE,),
    ),
    # One sweep at a time, which sends several mails at once and ends by itself after some minutes: this is the longest
    # that Scheduler waits, and it calls no second time while it does. Whatever ends it in the middle, the next one goes
    # on. It reads the messages that were not read at once, so it has the memory for it.
    Function(
        "send-due-mail",
        "sends what is due again, and reads messages that were not read at once",
        False,
        "1Gi",
        1800,
        concurrency=1,
        most=1,
        keys=("SENDGRID_API_KEY", "LINK_KEY"),
        messages=(_READ,),
        rosters=(_WRITE,),
    ),
    # Reads all registrations of an event once, at its deadline.
    Function(
        "close-intake", "closes each intake whose deadline has passed", False, "512Mi", 540, concurrency=1, most=1
    ),
    # SendGrid posts reports in batches of up to 1,000 or 768 kB, and posts again what was not taken.
    Function(
        "record-deliveries",
        "takes SendGrid's reports of what became of mails",
        True,
        "512Mi",
        120,
        concurrency=8,
        most=5,
        keys=("SENDGRID_WEBHOOK_KEY",),
    ),
    # A message is 30 MB at the most and is several times in memory while it is read: one takes half of this. SendGrid
    # posts again for three days what was answered 5xx, and never what was answered 429, because no instance was free.
    Function(
        "receive-email",
        "takes forms that come by e-mail, from SendGrid",
        True,
        "1Gi",
        300,
        concurrency=1,
        most=20,
        keys=("SENDGRID_PARSE_KEY",),
        messages=(_READ, _WRITE),
    ),
    # People wait for it. A form keeps the processor for some milliseconds and waits for Firestore the rest of the time:
    # 80 at once wait for each other less than for the start of a second instance. 20 instances take more forms a second
    # than an opening of 10,000 would bring, and bound the bill of a flood. The staff fetch a roster of 100,000 from it,
    # 30 MB, for which a slow line has these five minutes.
    Function(
        "register",
        "shows the form, and registers",
        True,
        "512Mi",
        300,
        concurrency=80,
        most=20,
        keys=("LINK_KEY",),
        rosters=(_READ,),
    ),
)
"""In the order in which they are deployed: whoever writes down what people sent comes last, so that a new version's
documents meet new readers.

What the numbers are made of is in docs/deploy.md, "The functions' settings", and `bench/instances.py` measures it. A
processor each: more than one request at a time needs a whole one
(https://cloud.google.com/run/docs/configuring/services/cpu)."""


def settings(place: Place) -> dict[str, str]:
    """The environment of each function, but for its keys (README, "Configuration")."""
    return {
        "STORE": "firestore",
        "GOOGLE_CLOUD_PROJECT": place.project,
        "EVENTS": place.events,
        "FILES": f"gs://{place.bucket}",
        "MAIL_FROM": place.sender,
        "PAGES": place.pages,
        "FORMS_HOST": place.domain,
        # The library would ask for the bucket's settings, which takes a role that nothing else needs.
        "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
    }


def steps(place: Place) -> tuple[Step, ...]:
    """The functions. The secrets hold something by now."""
    source = cache(partial(fingerprint, place))
    return tuple(Deployed(place, function, source) for function in FUNCTIONS)


def deployed_settings(place: Place, run: Run) -> Mapping[str, str]:
    """The environment of `register` as it is deployed now; nothing where it is not. One whose first build failed is
    there without a service (https://github.com/firebase/firebase-tools/issues/5093). Raises `StepFailed`."""
    there = find_if_on(run, _functions(place, "describe register", "--format=json")) or {}
    settings: Mapping[str, str] = there.get("serviceConfig", {}).get("environmentVariables", {})
    return settings


def left_behind(place: Place) -> tuple[Step, ...]:
    """What Google makes for functions, which `make destroy` takes away with them: their sources and their images. The
    bucket of uploads has one of two names: in older projects it is the longer one."""
    sources = f"gs://gcf-v2-sources-{place.number}-{place.region}"
    uploads = f"gs://gcf-v2-uploads-{place.number}-{place.region}"
    older = f"gs://gcf-v2-uploads-{place.number}.{place.region}.cloudfunctions.appspot.com"
    repository = f"artifacts repositories {{}} gcf-artifacts --location={place.region}"
    buckets = tuple(
        GcloudStep(
            makes=f"the functions' sources, put there by Google: {bucket}",
            look=gcloud(f"storage buckets describe {bucket} --format=json", project=place.project),
            unmake=(gcloud(f"storage rm --recursive {bucket}", project=place.project),),
        )
        for bucket in (sources, uploads, older)
    )
    images = GcloudStep(
        makes="the functions' images, made by Google",
        look=gcloud(f"{repository.format('describe')} --format=json", project=place.project),
        unmake=(gcloud(repository.format("delete"), project=place.project),),
    )
    return (*buckets, images)


@dataclass(frozen=True)
class Deployed:
    """A function in the cloud. It is built and started anew where its source, its settings or its keys have changed, or
    where the last attempt failed: a failed function is deployed over, as Firebase's own tool does
    (https://github.com/firebase/firebase-tools/pull/8289)."""

    place: Place
    function: Function
    source: Callable[[Run], str]
    """The fingerprint of what goes up."""
    holds_data: bool = False

    @property
    def makes(self) -> str:
        """See `Step`."""
        who = "everybody, through the load balancer" if self.function.public else "nobody but its own caller"
        return f"the function {self.function.name}: {self.function.does}; it may be called by {who}"

    def plan(self) -> Sequence[str]:
        """See `Step`."""
        return [str(self.command({SECRETS[key]: "$VERSION" for key in self.function.keys}, f"{_LABEL}={_UNKNOWN}"))]

    def take(self, run: Run) -> Came:
        """See `Step`."""
        versions = {SECRETS[key]: newest_version(self.place, SECRETS[key], run) for key in self.function.keys}
        label = _short(f"{self.source(run)} {self.command(versions, '')}".encode())
        there = find(run, self._look)
        if there and there["state"] == "ACTIVE" and there.get("labels", {}).get(_LABEL) == label:
            return Came.AS_IT_WAS
        commit = f",commit={self.place.commit}" if self.place.commit else ""
        do(run, self.command(versions, f"{_LABEL}={label}{commit}"))
        return Came.CHANGED if there else Came.MADE

    def plan_away(self) -> Sequence[str]:
        """See `Step`."""
        return [str(self._delete)]

    def take_away(self, run: Run) -> Came:
        """See `Step`."""
        if find_if_on(run, self._look) is None:
            return Came.NOT_THERE
        do(run, self._delete)
        return Came.TAKEN_AWAY

    @property
    def _look(self) -> Command:
        return self._gcloud("describe", "--format=json")

    @property
    def _delete(self) -> Command:
        return self._gcloud("delete")

    def command(self, versions: Mapping[str, str], labels: str) -> Command:
        """Deploys it, with these versions of its secrets: a new version is a new revision, and an instance that starts
        tomorrow has the same keys as one that started today."""
        function, place = self.function, self.place
        environment = settings(place) | {"THREADS": str(function.concurrency)}
        keys = [f"{key}={SECRETS[key]}:{versions[SECRETS[key]]}" for key in function.keys]
        return self._gcloud(
            "deploy",
            f"--runtime={RUNTIME}",
            "--source=.",
            f"--entry-point={function.entry_point}",
            *(_trigger(place) if function.name == "send-mail" else ["--trigger-http"]),
            f"--service-account={place.account(function.name)}",
            f"--build-service-account=projects/{place.project}/serviceAccounts/{place.account('builder')}",
            *_who_reaches(function),
            f"--memory={function.memory}",
            "--cpu=1",
            f"--timeout={function.timeout}s",
            f"--concurrency={function.concurrency}",
            f"--min-instances={function.least}",
            f"--max-instances={function.most}",
            "--set-env-vars=" + ",".join(f"{name}={value}" for name, value in environment.items()),
            *([f"--set-secrets={','.join(keys)}"] if keys else ["--clear-secrets"]),
            f"--update-labels={labels}",
        )

    def _gcloud(self, verb: str, *more: str) -> Command:
        return _functions(self.place, f"{verb} {self.function.name}", *more)


def _functions(place: Place, words: str, *more: str) -> Command:
    return gcloud(f"functions {words} --gen2 --region={place.region}", *more, project=place.project)


def _who_reaches(function: Function) -> Sequence[str]:
    """Ingress and IAM are two locks, each closed by itself. Public functions are reached through the load balancer
    alone, so that Cloud Armor cannot be gone round; Eventarc and Scheduler of the same project count as internal where
    they call the address at `run.app` (https://cloud.google.com/run/docs/securing/ingress)."""
    if function.public:
        return ["--ingress-settings=internal-and-gclb", "--allow-unauthenticated"]
    return ["--ingress-settings=internal-only", "--no-allow-unauthenticated"]


def _trigger(place: Place) -> Sequence[str]:
    """Each mail that is queued. With retry: what failed is brought again, for 24 hours
    (https://cloud.google.com/functions/docs/bestpractices/retries)."""
    return [
        "--trigger-event-filters=type=google.cloud.firestore.document.v1.created",
        "--trigger-event-filters=database=(default)",
        "--trigger-event-filters-path-pattern=document=outbox/{id}",
        f"--trigger-location={place.region}",
        f"--trigger-service-account={place.account('trigger')}",
        "--retry",
    ]


def fingerprint(place: Place, run: Run) -> str:
    """Of all that goes up: what `.gcloudignore` leaves. Raises `StepFailed` where the events are not in it."""
    names = sorted(do(run, Command(("gcloud", "meta", "list-files-for-upload", "."))).split("\n"))
    if not any(name.startswith(f"{place.events.strip('/')}/") for name in names):
        raise StepFailed(f"EVENTS={place.events}: .gcloudignore leaves none of it to be deployed")
    return _short(b"".join(name.encode() + b"\0" + Path(name).read_bytes() for name in names if name))


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:40]
