"""Contributions that come by e-mail.

1. What is certain is taken, as by the page; `number_due` sends its receipt.
2. Of what is not, one reply asks, with a link to the page filled in: its files are kept already.
3. An answer to a receipt, with a file, is a further paper of its contribution; one that clearly withdraws, withdraws it.
4. What is left needs a person. Reading the same e-mail again takes nothing twice.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from rollcall.desk.contributions import change
from rollcall.desk.contributions.submit import Over, Received, ReceivedBefore, submit
from rollcall.desk.desk import Desk
from rollcall.language import N_, language
from rollcall.model.contribution import Contribution, Draft, PaperDoubt, PaperFile, PaperKind
from rollcall.model.email import EmailKind, email_id_in, is_email_id
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.inbound import (
    REGISTERED,
    AttachedFile,
    InboundEmail,
    InboundPaper,
    InboundPaperStatus,
    InboundStatus,
    ParsedEmail,
    ParsedPaper,
)
from rollcall.model.registration import Actor, Way, base32, normal_form, normalized, same_mailbox

AGREED = N_("Whoever sends a contribution to %(address)s agrees that it is published on the event’s pages.")
"""Consent to publication: stands wherever that address is told, and is kept with what comes there."""
SETTLED = (InboundPaperStatus.RECEIVED, InboundPaperStatus.DUPLICATE, InboundPaperStatus.WITHDRAWN)
_ASKED = ("title", "source", "item")
_BY_EMAIL = change.By(Actor.SUBMITTER if hasattr(Actor, "SUBMITTER") else Actor.REGISTRANT, Way.EMAIL)
