"""What a registration leaves in the database, unchecked: the three documents that the product writes in one commit.

Field by field the values have the types and sizes of the product's: `bench.accepting` checks before it measures, and
tests/bench holds it.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

EVENT = "open"
_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
_ANSWERS = ("title", "organization", "address", "tel", "fax", "hotel", "hotel_tel", "signature")
_TERMS = [f"{number:05}" for number in range(57)]
"""As many and as long as those by which the product finds a registration."""


def new_id() -> str:
    return secrets.token_hex(12)


def documents(id: str, form: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By their paths: the registration, the person, the outbox entry."""
    return {
        f"events/{EVENT}/registrations/{id}": _registration(form),
        f"events/{EVENT}/people/{_person_key(form)}": {"schema_version": 1, "registration_id": id},
        f"outbox/{EVENT}.{id}.confirmation": _entry(id, form),
    }


def answer(id: str) -> dict[str, str]:
    return {"status": "accepted", "event": EVENT, "reference": id}


def _registration(form: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "family_name": form["family_name"],
        "first_name": form["first_name"],
        "email": form["email"],
        "category": form["category"],
        "answers": {name: form[name] for name in _ANSWERS},
        "signed_on": form["signed_on"],
        "language": "en",
        "chosen": {"title": "Ms.", "category": "Administration of ITU Member State"},
        "form_version": "00000000",
        "address": form["email"],
        "status": "registered",
        "revision": 1,
        "arrived_at": None,
        "similar": _person_key(form),
        "name_key": "\x1f".join(2 * (form["family_name"], form["first_name"])),
        "terms": _TERMS,
    }


def _person_key(form: Mapping[str, Any]) -> str:
    person = f"{form['email']}\n{form['family_name']}\n{form['first_name']}".lower()
    return hashlib.sha256(person.encode()).hexdigest()[:24]


def _entry(id: str, form: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "kind": "confirmation",
        "event": EVENT,
        "to_registrants_of": EVENT,
        "to": form["email"],
        "address": form["email"],
        "registration_id": id,
        "not_before": _AT_ONCE,
        "inbound_id": None,
        "thread": [],
        "status": "pending",
        "shard": 0,
        "due_at": _AT_ONCE,
        "last_sent_at": None,
        "attempts": [],
        "reason": "",
        "waits_since": None,
    }
