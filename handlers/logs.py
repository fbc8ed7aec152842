"""Structured logs, a JSON object a line on standard output (Cloud Logging's special fields).

They carry no personal data: no name, no address, nothing that was typed into a form.
"""

import json
import sys


def log(severity: str, message: str, **fields: object) -> None:
    """Write one entry; `severity` is Cloud Logging's (INFO, WARNING, ERROR)."""
    entry = {"severity": severity, "message": message, **fields}
    sys.stdout.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()
