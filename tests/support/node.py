"""Node.js with the packages of tests/node, where this machine has them."""

import shutil
from pathlib import Path

from tests.support.left_out import leave_out

FOLDER = Path(__file__).parents[1] / "node"


def node_or_leave_out(what: str) -> str:
    """The path of `node`; leaves the test out, as `what`, where it or its packages are missing."""
    node = shutil.which("node")
    if node is None:
        leave_out(f"{what}: node is not installed")
    if not (FOLDER / "node_modules").is_dir():
        leave_out(f"{what}: the packages of tests/node are not installed (npm ci --prefix tests/node)")
    return node
