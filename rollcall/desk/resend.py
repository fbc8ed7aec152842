"""Telling anew: what the staff did not get, since the event's file named a wrong address, is owed to those it names
now."""

from collections.abc import Sequence

from rollcall.desk.desk import TellingStore
from rollcall.desk.scan import unsent_mails
from rollcall.model.email import AT_ONCE, UNDELIVERED, Mail, MailKind, needs_a_person_mail, roster_mail
from rollcall.model.event import Event


def tell_anew(store: TellingStore, event: Event) -> Sequence[Mail]:
    """Owe the staff the roster once more if the intake is closed, and word of what needs a person if such a word did
    not arrive; each as the books stand when it is sent. Each call owes mails of its own.

    Returns the mails that are owed now. Raises `StoreUnavailable`.
    """
    intake = store.known_intake(event.slug)
    if intake is None:
        return []
    stamp = f"{intake.as_of:%Y%m%dT%H%M%S}"
    mails = []
    word_was_lost = _word_was_lost(store, event)
    for number, to in enumerate(event.staff, start=1):
        if intake.closing:
            mails.append(roster_mail(event.slug, number, to, stamp))
        if word_was_lost:
            mails.append(needs_a_person_mail(event.slug, stamp, number, to, AT_ONCE))
    for mail in mails:
        store.queue(mail)
    return mails


def _word_was_lost(store: TellingStore, event: Event) -> bool:
    return any(
        record.mail.kind is MailKind.NEEDS_A_PERSON and record.state in UNDELIVERED
        for record in unsent_mails(store, event.slug)
    )
