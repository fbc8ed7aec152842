"""The functions, and the settings of each. `main.py` is the map of what they do."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from deploy.place import Place
from deploy.secrets import SECRETS, newest_version
from deploy.steps import Command, GcloudStep, Result, Run, Step, StepFailed, find, find_if_enabled, gcloud, run_checked

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
    """Its purpose, as the plan prints it."""
    public: bool
    """Anybody may call it, through the load balancer; it checks the caller itself."""
    memory: str
    timeout: int
    """Seconds for an answer."""
    concurrency: int
    """Concurrent requests in one instance, a thread each."""
    max_instances: int
    min_instances: int = 0
    keys: tuple[str, ...] = ()
    """The settings that are secrets."""
    files: tuple[str, ...] = ()
    """Its roles on the whole bucket of files."""
    rosters: tuple[str, ...] = ()
    """Its roles on the rosters in the bucket, and on nothing else there."""
    papers: tuple[str, ...] = ()
    """Its roles on contributions' files in the bucket, on their way in too, and on nothing else there."""
    published: tuple[str, ...] = ()
    """Its roles on the bucket of what is published."""
    database: bool = True
    """Whether it reads and writes the database."""
    erases: bool = False
    """Whether it may delete from the database: one function alone."""
    behind_iap: bool = False
    """Browsers reach it through the load balancer and Identity-Aware Proxy, which alone may call it."""

    @property
    def entry_point(self) -> str:
        """Its name in `main.py`."""
        return self.name.replace("-", "_")


_READ = "roles/storage.objectViewer"
"""Not `legacyObjectReader`: without the right to list, a missing object answers 403, not 404."""
_WRITE = "roles/storage.objectCreator"
_DELETE = "roles/storage.objectUser"
"""Lists, reads, creates, replaces and deletes (https://cloud.google.com/storage/docs/access-control/iam-roles)."""
_PUBLISH = _DELETE
"""What is no longer published goes."""

FUNCTIONS = (
    # Eventarc calls it once an outbox entry. At most 5 x 4 senders: senders that count at the same moment may overrun
    # the limit of e-mails to one address. Posting may take 20 s. Up to four rosters are built at once: one of 100,000
    # takes a minute or two, and 110 MB of files, which are memory there (`bench/closing.py`). One too large for an
    # e-mail goes into the bucket.
    Function(
        "send-mail",
        "sends each new outbox entry",
        False,
        "1Gi",
        540,
        concurrency=4,
        max_instances=5,
        keys=("SENDGRID_API_KEY", "LINK_KEY"),
        files=(_READ,),
        rosters=(_WRITE,),
    ),
    # One sweep at a time, which sends several e-mails in parallel and ends after some minutes. The timeout is the
    # longest that Scheduler waits; it makes no second call meanwhile. The next sweep continues one that died. It also
    # reads inbound e-mails that were not read at once, hence the memory.
    Function(
        "send-due-mail",
        "retries e-mails, and reads inbound e-mails that were not read at once",
        False,
        "1Gi",
        1800,
        concurrency=1,
        max_instances=1,
        keys=("SENDGRID_API_KEY", "LINK_KEY"),
        files=(_READ,),
        rosters=(_WRITE,),
        papers=(_WRITE,),
        published=(_PUBLISH,),
    ),
    # Reads all registrations of an event once, at its deadline.
    Function(
        "close-intake",
        "closes each intake whose deadline has passed",
        False,
        "512Mi",
        540,
        concurrency=1,
        max_instances=1,
    ),
    # One call at a time, bounded by itself, well below the timeout; the next call continues one that died. It alone may
    # delete: whoever takes over a function that the public reaches deletes nothing.
    Function(
        "erase",
        "erases people who asked for it, and what is past its time",
        False,
        "512Mi",
        540,
        concurrency=1,
        max_instances=1,
        files=(_DELETE,),
        published=(_PUBLISH,),
        erases=True,
    ),
    # SendGrid posts delivery events in batches of up to 1,000 or 768 kB, and repeats a batch until it is accepted.
    Function(
        "record-deliveries",
        "records SendGrid's delivery events",
        True,
        "512Mi",
        120,
        concurrency=8,
        max_instances=5,
        keys=("SENDGRID_WEBHOOK_KEY",),
    ),
    # An inbound e-mail has at most 30 MB, and is in memory several times. Four at once are received, and read one by
    # one (rollcall/inbound/reader.py): 700 MB, and room for Google's libraries and the files. SendGrid repeats for
    # three days what got a 5xx, and never what got a 429 because no instance was free: whoever holds posts without end
    # must hold many.
    Function(
        "receive-email",
        "receives e-mails, and the forms in them, from SendGrid",
        True,
        "1Gi",
        300,
        concurrency=4,
        max_instances=20,
        keys=("SENDGRID_PARSE_KEY",),
        files=(_READ, _WRITE),
        published=(_PUBLISH,),
    ),
    # A handful of people work here. A scan of a form on paper has 10 MB, an export of 100,000 rows takes a minute, and
    # is on its way to a slow line for some more. It enqueues e-mails and has no key to send them.
    Function(
        "staff",
        "the staff's desk",
        False,
        "1Gi",
        300,
        concurrency=8,
        max_instances=5,
        keys=("LINK_KEY",),
        files=(_READ, _WRITE),
        published=(_PUBLISH,),
        behind_iap=True,
    ),
    # People send papers in. Browsers put their files into the bucket by themselves; without a script they come through
    # the function, 25 MB at the most. To be looked into, a file of 50 MB lies in memory, which is the disk there, and
    # once more in a child process, one after another.
    Function(
        "contribute",
        "takes contributions",
        True,
        "1Gi",
        300,
        concurrency=8,
        max_instances=10,
        keys=("LINK_KEY",),
        papers=(_READ, _WRITE),
        published=(_PUBLISH,),
    ),
    # Everybody reads the event's pages: an answer is made once and kept. It holds no key, and sees neither the database
    # nor the files: whoever takes it over has what is public anyway.
    Function(
        "pages",
        "shows the event's own pages",
        True,
        "512Mi",
        300,
        concurrency=80,
        max_instances=20,
        published=(_READ,),
        database=False,
    ),
    # People wait for it. A form needs some milliseconds of processor time and then waits for Firestore:
    # 80 at once wait less for each other than for the start of a second instance. 20 instances serve more forms
    # a second than an opening for 10,000 brings, and bound the bill of a flood. Staff download rosters from it: 100,000
    # rows are 30 MB, for which a slow line has five minutes.
    Function(
        "register",
        "shows the form, and registers",
        True,
        "512Mi",
        300,
        concurrency=80,
        max_instances=20,
        keys=("LINK_KEY",),
        rosters=(_READ,),
        published=(_PUBLISH,),
    ),
)
"""In order of deployment: those that write registrations come last, so that new documents meet new readers.

docs/deploy.md, "The functions' settings", explains the numbers, and `bench/instances.py` measures them. A whole
processor each: concurrency above one needs it
(https://cloud.google.com/run/docs/configuring/services/cpu)."""


def settings(place: Place) -> dict[str, str]:
    """The environment of each function, without its keys (README, "Configuration")."""
    return {
        "STORE": "firestore",
        "GOOGLE_CLOUD_PROJECT": place.project,
        "EVENTS": place.events,
        "FILES": f"gs://{place.bucket}",
        "PUBLISHED": f"gs://{place.published}",
        "MAIL_FROM": place.sender,
        "PAGES": place.pages,
        "FORMS_HOST": place.domain,
        "SENDGRID_REGION": place.sendgrid_region,
        "IAP_AUDIENCE": place.iap_audience,
        **({"WORKFORCE_POOL": place.workforce_pool} if place.workforce_pool else {}),
        **({"CLAMD": place.clamd} if place.clamd else {}),
        **({"OWN_KEY": "yes"} if place.own_key else {}),  # remembered for the next deployment
        # The library would ask for the bucket's settings, which takes a role that nothing else needs.
        "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
        # That of Cloud Run's machines. Babel looks for it when it is imported, for 10 ms of a first page.
        "TZ": "UTC",
    }


def steps(place: Place) -> tuple[Step, ...]:
    """The functions. Their secrets have versions by now."""
    source, version = cache(partial(fingerprint, place)), cache(partial(newest_version, place))
    return tuple(Deployed(place, function, source, version) for function in FUNCTIONS)


def deployed_settings(place: Place, run: Run) -> Mapping[str, str]:
    """The environment of `register` as deployed now; empty where it is not. After a failed first build a function
    exists without a service (https://github.com/firebase/firebase-tools/issues/5093). Raises `StepFailed`."""
    there = find_if_enabled(run, _functions(place, "describe register", "--format=json")) or {}
    settings: Mapping[str, str] = there.get("serviceConfig", {}).get("environmentVariables", {})
    return settings


def google_leftovers(place: Place) -> tuple[Step, ...]:
    """What Google creates for functions: sources and images. `make destroy` deletes them too. The bucket of uploads has
    one of two names: the longer one in older projects."""
    sources = f"gs://gcf-v2-sources-{place.number}-{place.region}"
    uploads = f"gs://gcf-v2-uploads-{place.number}-{place.region}"
    older = f"gs://gcf-v2-uploads-{place.number}.{place.region}.cloudfunctions.appspot.com"
    repository = f"artifacts repositories {{}} gcf-artifacts --location={place.region}"
    buckets = tuple(
        GcloudStep(
            title=f"the functions' sources, put there by Google: {bucket}",
            look=gcloud(f"storage buckets describe {bucket} --format=json", project=place.project),
            delete=(gcloud(f"storage rm --recursive {bucket}", project=place.project),),
        )
        for bucket in (sources, uploads, older)
    )
    images = GcloudStep(
        title="the functions' images, made by Google",
        look=gcloud(f"{repository.format('describe')} --format=json", project=place.project),
        delete=(gcloud(repository.format("delete"), project=place.project),),
    )
    return (*buckets, images)


@dataclass(frozen=True)
class Deployed:
    """A function in the cloud. It is deployed again where its source, settings or keys changed, or its last deployment
    failed: a failed function is deployed over, as Firebase's own tool does
    (https://github.com/firebase/firebase-tools/pull/8289)."""

    place: Place
    function: Function
    source: Callable[[Run], str]
    """The fingerprint of the source."""
    version: Callable[[str, Run], str]
    """The newest version of a secret."""
    holds_data: bool = False

    @property
    def title(self) -> str:
        """See `Step`."""
        public, iap = self.function.public, self.function.behind_iap
        who = "everybody, through the load balancer" if public else "Identity-Aware Proxy" if iap else "its own caller"
        return f"the function {self.function.name}: {self.function.does}; callable by {who}{'' if public else ' alone'}"

    def plan(self) -> Sequence[str]:
        """See `Step`."""
        return [str(self.command({SECRETS[key]: "$VERSION" for key in self.function.keys}, f"{_LABEL}={_UNKNOWN}"))]

    def apply(self, run: Run) -> Result:
        """See `Step`."""
        versions = {SECRETS[key]: self.version(SECRETS[key], run) for key in self.function.keys}
        label = _short(f"{self.source(run)} {self.command(versions, '')}".encode())
        there = find(run, self._look)
        if there and there["state"] == "ACTIVE" and there.get("labels", {}).get(_LABEL) == label:
            return Result.UNCHANGED
        commit = f",commit={self.place.commit}" if self.place.commit else ""
        run_checked(run, self.command(versions, f"{_LABEL}={label}{commit}"))
        return Result.UPDATED if there else Result.CREATED

    def plan_removal(self) -> Sequence[str]:
        """See `Step`."""
        return [str(self._delete)]

    def remove(self, run: Run) -> Result:
        """See `Step`."""
        if find_if_enabled(run, self._look) is None:
            return Result.ABSENT
        run_checked(run, self._delete)
        return Result.DELETED

    @property
    def _look(self) -> Command:
        return self._gcloud("describe", "--format=json")

    @property
    def _delete(self) -> Command:
        return self._gcloud("delete")

    def command(self, versions: Mapping[str, str], labels: str) -> Command:
        """Deploys it with pinned versions of its secrets, so that all instances of a revision have the same keys."""
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
            f"--min-instances={function.min_instances}",
            f"--max-instances={function.max_instances}",
            "--set-env-vars=" + ",".join(f"{name}={value}" for name, value in environment.items()),
            *([f"--set-secrets={','.join(keys)}"] if keys else ["--clear-secrets"]),
            f"--update-labels={labels}",
        )

    def _gcloud(self, verb: str, *more: str) -> Command:
        return _functions(self.place, f"{verb} {self.function.name}", *more)


def _functions(place: Place, words: str, *more: str) -> Command:
    return gcloud(f"functions {words} --gen2 --region={place.region}", *more, project=place.project)


def _who_reaches(function: Function) -> Sequence[str]:
    """Ingress and IAM each close the door by themselves. Public functions are reached through the load balancer alone,
    so that nobody bypasses Cloud Armor. Calls by Eventarc and Scheduler of the same project to the `run.app` address
    count as internal (https://cloud.google.com/run/docs/securing/ingress)."""
    if function.public:
        return ["--ingress-settings=internal-and-gclb", "--allow-unauthenticated"]
    if function.behind_iap:
        return ["--ingress-settings=internal-and-gclb", "--no-allow-unauthenticated"]
    return ["--ingress-settings=internal-only", "--no-allow-unauthenticated"]


def _trigger(place: Place) -> Sequence[str]:
    """Each new outbox entry. With retry: Eventarc repeats a failed call for 24 hours
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
    """Of the uploaded source: what `.gcloudignore` lets through. Raises `StepFailed` where it leaves out the events."""
    names = sorted(run_checked(run, Command(("gcloud", "meta", "list-files-for-upload", "."))).split("\n"))
    if not any(name.startswith(f"{place.events.strip('/')}/") for name in names):
        raise StepFailed(f"EVENTS={place.events}: .gcloudignore keeps all of it from being deployed")
    return _short(b"".join(name.encode() + b"\0" + Path(name).read_bytes() for name in names if name))


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:40]
