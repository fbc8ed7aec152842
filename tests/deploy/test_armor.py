"""`deploy/armor.sh` as it is run, by the real gcloud against a recorder in Google's place."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import leave_out
from tests.served import ROOT


@dataclass
class Recorder:
    """What was asked of Compute Engine's API."""

    url: str = ""
    posted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Path below the project, and body, of each POST."""


@pytest.fixture
def compute() -> Iterator[Recorder]:
    """An API that does all that it is asked at once."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            recorder.posted.append((self.path.partition("/projects/p-test/")[2].partition("?")[0], body))
            self.do_GET()

        def do_GET(self) -> None:
            link = f"{recorder.url}projects/p-test/global/securityPolicies/rollcall"
            done = {"name": "done", "status": "DONE", "operationType": "any", "selfLink": link, "targetLink": link}
            answer = json.dumps(done).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder.url = f"http://127.0.0.1:{server.server_port}/compute/v1/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield recorder
    server.shutdown()
    thread.join()
    server.server_close()


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("gcloud") is None:
        leave_out("deploy/armor.sh: gcloud is not installed")
    alone = {
        "CLOUDSDK_CONFIG": str(folder),
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "True",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    }
    return subprocess.run(
        ["deploy/armor.sh"],
        cwd=ROOT,
        env={**os.environ, **alone, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_one_client_may_ask_so_much_and_then_gets_429(compute: Recorder, tmp_path: Path) -> None:
    ran = run(tmp_path, PROJECT="p-test", BACKEND="register", CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE=compute.url)
    assert ran.returncode == 0, ran.stderr
    policies = "global/securityPolicies"
    add_rule, use = f"{policies}/rollcall/addRule", "global/backendServices/register/setSecurityPolicy"
    assert [path for path, _ in compute.posted] == [policies, add_rule, add_rule, use]
    forms, others = (body for path, body in compute.posted if path == add_rule)
    assert forms["match"] == {"expr": {"expression": "request.method == 'POST'"}}
    assert others["match"] == {"config": {"srcIpRanges": ["*"]}, "versionedExpr": "SRC_IPS_V1"}
    assert forms["priority"] < others["priority"]
    for rule, count in ((forms, 60), (others, 300)):
        assert rule["action"] == "throttle"
        assert rule["rateLimitOptions"] == {
            "conformAction": "allow",
            "enforceOnKey": "IP",
            "exceedAction": "deny(429)",
            "rateLimitThreshold": {"count": count, "intervalSec": 60},
        }
    assert compute.posted[-1][1]["securityPolicy"].endswith("/projects/p-test/global/securityPolicies/rollcall")


def test_it_says_what_it_wants_to_know(tmp_path: Path) -> None:
    ran = run(tmp_path, PROJECT="p-test", BACKEND="")
    assert ran.returncode != 0
    assert "say which backend service" in ran.stderr
