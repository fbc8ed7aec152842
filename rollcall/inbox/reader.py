"""Reading: a message as SendGrid's Inbound Parse posts it becomes what we understand of it."""

import hashlib

from rollcall.desk.event import Event
from rollcall.desk.incoming import Glance, Reading
from rollcall.desk.mail import Attachment


class InboxReader:
    """An `EmailReader`. What it is given is the post as it came: `Content-Type: ...`, an empty line, the body."""

    def glance(self, raw: bytes) -> Glance:
        """See `EmailReader`."""
        return Glance(hashlib.sha256(raw).hexdigest()[:24], ())

    def read(self, raw: bytes, event: Event) -> Reading:
        """See `EmailReader`."""
        return Reading("", "", "", (), None)

    def attachments(self, raw: bytes) -> tuple[Attachment, ...]:
        """See `EmailReader`."""
        return ()
