"""The machine that measured, and the result files that name it."""

import argparse
import json
import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.serving import ROOT

_RESULTS = ROOT / "bench" / "results"
_PACKAGES = ("functions-framework", "google-cloud-firestore", "grpcio", "gunicorn", "marshmallow")


def no_arguments(doc: str | None) -> None:
    """A bench takes none; `--help` helps."""
    as_it_stands = argparse.RawDescriptionHelpFormatter
    argparse.ArgumentParser(description=doc, formatter_class=as_it_stands).parse_args()


def machine() -> dict[str, object]:
    models = [line for line in Path("/proc/cpuinfo").read_text("ascii").splitlines() if line.startswith("model name")]
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": models[0].partition(": ")[2] if models else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "node": _node(),
        **{name: version(name) for name in _PACKAGES},
    }


def write_results(name: str, found: object) -> None:
    """To `bench/results/<name>.json`, with the machine."""
    _RESULTS.mkdir(parents=True, exist_ok=True)
    path = _RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), "found": found}, indent=1) + "\n", encoding="utf-8")
    print(f"Written to {path.relative_to(ROOT)}\n", flush=True)


def _node() -> str | None:
    node = shutil.which("node")
    return subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip() if node else None
