"""What a registration leaves in the books, unchecked: the two documents that `rollcall.store.firestore` writes.

Beside the product's they have the same fields with values of the same types and sizes; `bench.accepting` looks before
it measures, and tests/bench holds it.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

EVENT = "open"
_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
_ANSWERS = ("title", "organization", "address", "tel", "fax", "hotel", "hotel_tel", "signature")
_NUMBERS = ("tel", "fax", "hotel_tel")


def new_id() -> str:
    """As long as the product's."""
    return secrets.token_hex(12)


def registration(form: Mapping[str, Any]) -> dict[str, Any]:
    """The form as it stands; a number is taken for E.164 once its spaces are out."""
    return {
        "shape": 1,
        "family_name": form["family_name"],
        "first_name": form["first_name"],
        "email": form["email"],
        "category": form["category"],
        "answers": {name: form[name] for name in _ANSWERS},
        "e164": {name: form[name].replace(" ", "") for name in _NUMBERS},
        "signed_on": form["signed_on"],
    }


def mail(id: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """The confirmation owed."""
    return {
        "shape": 1,
        "kind": "confirmation",
        "event": EVENT,
        "to": form["email"],
        "address": form["email"],
        "registration_id": id,
        "not_before": _AT_ONCE,
        "incoming_id": None,
        "thread": [],
        "state": "queued",
        "due_at": _AT_ONCE,
        "handed_over_at": None,
        "attempts": [],
        "reason": "",
    }


def answer(id: str) -> dict[str, str]:
    """What the client is told."""
    return {"status": "accepted", "event": EVENT, "reference": id}
