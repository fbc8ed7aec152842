"""What is compared: the product as deployed, and the floors.

An instance at Google has one processor: each subject runs on the first, and what loads it and answers it on the others
(`beside_them`).
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.serving import FRAMEWORK, ON_ONE_PROCESSOR, ROOT, Running, running
from deploy.functions import FUNCTIONS
from rollcall.local.emulator import free_port
from tests.support.builders import a_form

PRODUCT, FLOOR, AIO, NODE, HELLO = "product", "floor", "floor, aio", "node", "framework alone"
EVENT = "open"
THREADS = next(one.concurrency for one in FUNCTIONS if one.name == "register")
NUMBER = "NUMBER"
"""Stands in `FORM` where each form has a number of its own."""
FORM = a_form(first_name=f"Amina {NUMBER}", email=f"{NUMBER}@mpt.example.org", hotel_tel="+41 22 716 12 12")
"""A form that is accepted. Its telephone numbers are E.164 without their spaces: no floor could do more."""
_NODE_FOLDER = ROOT / "bench" / "node"
_NODE_FRAMEWORK = _NODE_FOLDER / "node_modules" / "@google-cloud" / "functions-framework" / "build" / "src" / "main.js"


@dataclass(frozen=True)
class Subject:
    """A function that takes registrations."""

    name: str
    command: Sequence[str]
    path: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def served(self, environment: Mapping[str, str]) -> Iterator[Running]:
        settings = {"THREADS": str(THREADS), **self.environment, **environment}
        with running((*ON_ONE_PROCESSOR, *self.command), free_port(), settings) as server:
            yield server


@contextmanager
def beside_them() -> Iterator[None]:
    """Leaves the first processor to the subjects: this process, and what it starts meanwhile, have the others."""
    ours = os.sched_getaffinity(0)
    if not ours - {0}:
        raise SystemExit("The bench needs two processors, one for the function alone")
    os.sched_setaffinity(0, ours - {0})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


def product(events: Path) -> Subject:
    """Rollcall's `register`; the folder has the open event `EVENT`."""
    settings = {
        "STORE": "firestore",
        "EVENTS": str(events),
        "LINK_KEY": "the-key-of-the-bench-in-32-letters",
        "PAGES": "https://desk.example.org/register",
        "FORMS_HOST": "desk.example.org",
        "FILES": "gs://bench",
        "PUBLISHED": "gs://bench-published",
        "K_SERVICE": "register",
        "TZ": "UTC",
    }
    return Subject(PRODUCT, (FRAMEWORK, "--target", "register"), f"/register/{EVENT}", settings)


def python_functions() -> tuple[Subject, Subject]:
    """The bare functions of `bench/floor`, plain and with asyncio."""
    return _python_function(FLOOR, "floor/main.py"), _python_function(AIO, "floor/aio.py")


def framework_alone() -> Subject:
    return _python_function(HELLO, "hello/main.py")


def node_function() -> Subject | None:
    """None, with a printed reason, where this machine cannot run it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        print("Left out: the Node function, which needs node and npm (apt-get install nodejs npm)")
        return None
    lock, installed = _NODE_FOLDER / "package-lock.json", _NODE_FOLDER / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        print("Installing what bench/node/package-lock.json names ...", flush=True)
        if subprocess.run([npm, "ci", "--silent", "--no-fund", "--no-audit"], cwd=_NODE_FOLDER).returncode:
            print("Left out: the Node function; npm could not install what it needs")
            return None
    command = (node, str(_NODE_FRAMEWORK), "--target=register", f"--source={_NODE_FOLDER}")
    return Subject(NODE, command, environment={"METADATA_SERVER_DETECTION": "none"})  # this machine is not Google's


def subjects(events: Path) -> list[Subject]:
    """Those in Python: floor, product, others."""
    floor, aio = python_functions()
    return [floor, product(events), aio]


def _python_function(name: str, file: str) -> Subject:
    command = (FRAMEWORK, "--target", "register", "--source", str(ROOT / "bench" / file))
    return Subject(name, command, environment={"PYTHONPATH": str(ROOT)})
