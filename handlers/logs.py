"""Structured logs, as JSON lines with Cloud Logging's special fields; without personal data. docs/operations.md lists
all messages."""

import json
import logging
import os
import re
import sys
import traceback

from flask import has_request_context, request

from rollcall.model.errors import StoreUnavailable

_STARTED_IN = os.getpid()
_TRACE = "(?P<trace>(?!0{32})[0-9a-f]{32})"
# https://www.w3.org/TR/trace-context/#traceparent-header
_W3C = re.compile(f"(?!ff)[0-9a-f]{{2}}-{_TRACE}-(?P<span>(?!0{{16}})[0-9a-f]{{16}})-(?P<flags>[0-9a-f]{{2}})")
# The span in decimal (https://cloud.google.com/trace/docs/trace-context)
_GOOGLE = re.compile(f"{_TRACE}/(?P<span>[0-9]{{1,20}})(?:;o=(?P<flags>[0-9]))?", re.IGNORECASE)


def log(severity: str, message: str, **fields: object) -> None:
    """`severity`: INFO, WARNING or ERROR."""
    entry = {"severity": severity, "message": message, **fields, **(_trace() if has_request_context() else {})}
    sys.stdout.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def log_fault(error: Exception, **fields: object) -> None:
    """Its type and place; its message may quote what was typed."""
    log("ERROR", "unexpected fault", fault=type(error).__name__, at=_place(error), **fields)


def log_broken(error: Exception, **fields: object) -> None:
    if isinstance(error, StoreUnavailable):
        log_unavailable(error, **fields)
    else:
        log_fault(error, **fields)


def log_unavailable(error: StoreUnavailable, **fields: object) -> None:
    log("WARNING", "store unavailable", cause=type(error.__cause__).__name__, **fields)


def hide_requests(*loggers: str) -> None:
    # what a server logs for itself may hold an address, with the secret part of a link, and what was typed
    for name in loggers:
        logging.getLogger(name).addFilter(_as_server_fault)


def _as_server_fault(record: logging.LogRecord) -> bool:
    if record.name == "gunicorn.error" and record.process == _STARTED_IN:  # it starts processes, and serves nobody
        return True
    if record.levelno >= logging.ERROR:
        error = record.exc_info[1] if record.exc_info else None
        about = {"fault": type(error).__name__, "at": _place(error)} if error else {}
        log("ERROR", "server fault", logger=record.name, **about)
    return False


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def trace_of(project: str, w3c: str, google: str) -> dict[str, object]:
    """The fields for the request's trace, from `traceparent` or else `X-Cloud-Trace-Context`
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
    # elsewhere a client says it; before Cloud Run the load balancer takes that away (deploy/front.py)
    if "K_SERVICE" not in os.environ:
        return {}
    headers = request.headers
    project = os.environ.get("GOOGLE_CLOUD_PROJECT", "")
    return trace_of(project, headers.get("traceparent", ""), headers.get("X-Cloud-Trace-Context", ""))
