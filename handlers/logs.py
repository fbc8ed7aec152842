"""Structured logs, a JSON object a line on standard output (Cloud Logging's special fields).

They carry no personal data: no name, no address, nothing that was typed into a form.
"""

import json
import sys

from rollcall.desk.errors import StoreUnavailable


def log(severity: str, message: str, **fields: object) -> None:
    """Write one entry; `severity` is Cloud Logging's (INFO, WARNING, ERROR)."""
    entry = {"severity": severity, "message": message, **fields}
    sys.stdout.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def log_fault(error: Exception, **fields: object) -> None:
    """Write an entry about what nobody foresaw: its kind and place, not its message, which may quote what was typed."""
    log("ERROR", "unexpected fault", fault=type(error).__name__, at=_innermost(error), **fields)


def log_unavailable(error: StoreUnavailable, **fields: object) -> None:
    """Write an entry about books that cannot be reached: the kind of what kept them away, not its message."""
    log("WARNING", "store unavailable", cause=type(error.__cause__).__name__, **fields)


def _innermost(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
