"""Attention: what does not go by itself is put before the staff."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rollcall.desk.desk import AttentionStore, Desk
from rollcall.desk.event import Event
from rollcall.desk.mail import UNDELIVERED, Attention, Mail, MailRecord, attention_mail


def owed_to_staff(event: Event, now: datetime) -> Sequence[Mail]:
    """The mails that tell the staff, at the end of the present hour: one an hour, however much there is to tell."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return [
        attention_mail(event.slug, f"{hour:%Y%m%dT%H}", number, to, hour + timedelta(hours=1))
        for number, to in enumerate(event.staff, start=1)
    ]


def word_of(desk: Desk, record: MailRecord, now: datetime) -> Sequence[Mail]:
    """What the staff are owed because of how this mail stands: word, where it will not reach a registrant."""
    event = desk.events.get(record.mail.event)
    if event is None or record.state not in UNDELIVERED or record.mail.registration_id is None:
        return []
    return owed_to_staff(event, now)


def draw_up_attention(store: AttentionStore, event: Event) -> Attention:
    """What wants a person as the books stand now. Raises `StoreUnavailable`."""
    undelivered = []
    for record in store.unsent_mails(event.slug):
        if record.state in UNDELIVERED and record.mail.registration_id:
            registered = store.registered(event.slug, record.mail.registration_id)
            if registered:
                undelivered.append((registered, record))
    return Attention(tuple(undelivered), store.mail_queue())
