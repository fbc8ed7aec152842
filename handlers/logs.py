"""Structured logs: a JSON object a line on standard output, with Cloud Logging's special fields.

They carry no personal data: no name, no address, nothing that was typed into a form or written into a header. An entry
written during a request has the request's trace. docs/operations.md lists all messages.
"""

import json
import os
import re
import sys

from flask import has_request_context, request

from rollcall.model.errors import StoreUnavailable

_TRACE = "(?P<trace>(?!0{32})[0-9a-f]{32})"
_W3C = re.compile(f"(?!ff)[0-9a-f]{{2}}-{_TRACE}-(?P<span>(?!0{{16}})[0-9a-f]{{16}})-(?P<flags>[0-9a-f]{{2}})")
"""`traceparent` (https://www.w3.org/TR/trace-context/#traceparent-header)."""
_GOOGLE = re.compile(f"{_TRACE}/(?P<span>[0-9]{{1,20}})(?:;o=(?P<flags>[0-9]))?", re.IGNORECASE)
"""`X-Cloud-Trace-Context`, the span in decimal (https://cloud.google.com/trace/docs/trace-context)."""


def log(severity: str, message: str, **fields: object) -> None:
    """`severity` is Cloud Logging's: INFO, WARNING or ERROR."""
    entry = {"severity": severity, "message": message, **fields, **(_trace() if has_request_context() else {})}
    sys.stdout.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def log_fault(error: Exception, **fields: object) -> None:
    """Of a fault nobody foresaw: its type and place, not its message, which may quote what was typed."""
    log("ERROR", "unexpected fault", fault=type(error).__name__, at=_innermost(error), **fields)


def log_broken(error: Exception, **fields: object) -> None:
    if isinstance(error, StoreUnavailable):
        log_unavailable(error, **fields)
    else:
        log_fault(error, **fields)


def log_unavailable(error: StoreUnavailable, **fields: object) -> None:
    """The type of the cause, not its message."""
    log("WARNING", "store unavailable", cause=type(error.__cause__).__name__, **fields)


def trace_of(project: str, w3c: str, google: str) -> dict[str, object]:
    """The request's trace, by either of two headers, in Cloud Logging's fields
    (https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields)."""
    if project and (found := _W3C.fullmatch(w3c)):
        span, sampled = found["span"], int(found["flags"], 16) & 1
    elif project and (found := _GOOGLE.fullmatch(google)) and int(found["span"]) < 1 << 64:
        span, sampled = f"{int(found['span']):016x}", int(found["flags"] or 0) & 1
    else:
        return {}
    return {
        "logging.googleapis.com/trace": f"projects/{project}/traces/{found['trace'].lower()}",
        "logging.googleapis.com/spanId": span,
        "logging.googleapis.com/trace_sampled": bool(sampled),
    }


def _trace() -> dict[str, object]:
    headers = request.headers
    project = os.environ.get("GOOGLE_CLOUD_PROJECT", "")
    return trace_of(project, headers.get("traceparent", ""), headers.get("X-Cloud-Trace-Context", ""))


def _innermost(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
