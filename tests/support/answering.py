"""What each function does, by its name."""

from collections.abc import Callable, Mapping

from flask import Request, Response

from handlers.close_intake import close_intake
from handlers.erase import erase
from handlers.receive_email import receive_email
from handlers.record_deliveries import record_deliveries
from handlers.register import register
from handlers.send_due_mail import send_due_mail
from handlers.signature import verification_keys
from handlers.staff import staff
from rollcall.desk.desk import Desk

Answering = Mapping[str, Callable[[Desk, Request], Response]]


def answering(environment: Mapping[str, str]) -> Answering:
    """The HTTP functions; their settings are these."""
    reports, emails = (verification_keys(environment[name]) for name in ("SENDGRID_WEBHOOK_KEY", "SENDGRID_PARSE_KEY"))
    return {
        "register": register,
        "send_due_mail": send_due_mail,
        "record_deliveries": lambda desk, request: record_deliveries(desk, reports, request),
        "receive_email": lambda desk, request: receive_email(desk, emails, request),
        "close_intake": close_intake,
        "erase": erase,
        "staff": lambda desk, request: staff(desk, lambda _: _secretary(desk), request),
    }


def _secretary(desk: Desk) -> str:
    (event,) = desk.events.values()
    return event.staff[0].address
