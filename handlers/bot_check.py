"""The page's own two fields: what they tell of how a form was filled in. Nobody else's form need have them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from handlers.request_body import Form
from rollcall.desk.quarantine import bot_signal_in
from rollcall.model.registration import BotSignal

HIDDEN = "message"
"""Stands where no person sees it. No browser fills in a field of this name by itself; robots do."""
SHOWN_AT = "shown_at"
"""When the page was first shown, an ISO 8601 time of the store's."""


def shown_now(now: datetime) -> dict[str, str]:
    """The page's own fields on a form that is shown for the first time."""
    return {SHOWN_AT: now.isoformat(timespec="milliseconds")}


def without_traces(form: Form) -> Form:
    """The form's own answers; a JSON client's form is what it is."""
    if form.as_json or not isinstance(form.answers, Mapping):
        return form
    answers = {name: value for name, value in form.answers.items() if name not in (HIDDEN, SHOWN_AT)}
    return replace(form, answers=answers)


def sign_in(form: Form, now: datetime) -> BotSignal | None:
    """Why the form looks as if no person had filled it in, if it does."""
    if form.as_json:
        return None
    return bot_signal_in(form.typed.get(HIDDEN, ""), _instant(form.typed.get(SHOWN_AT, "")), now)


def _instant(text: str) -> datetime | None:
    """The time; None where it cannot be read, since no person wrote it."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None
