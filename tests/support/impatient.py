"""`main.py` with limits that no test has to wait for, in seconds: `GOOD_FOR` is how long a reading of the intake can
judge a commit (it is then not read again by itself), `RETRY_WITHIN` bounds the calls to Firestore, `PATIENCE` the wait
for a body."""

import os
from datetime import timedelta

from handlers import request_body, signature
from rollcall.model import intake

if "GOOD_FOR" in os.environ:
    intake.GOOD_FOR = timedelta(seconds=float(os.environ["GOOD_FOR"]))
    intake.READ_AGAIN_AFTER = timedelta(hours=1)

if "PATIENCE" in os.environ:
    request_body.PATIENCE_WITH_MANY = signature.PATIENCE = float(os.environ["PATIENCE"])
    request_body.MANY = 0

import main
from main import close_intake, receive_email, register

if "RETRY_WITHIN" in os.environ:
    from rollcall.store.firestore import FirestoreStore

    _RETRY_WITHIN = timedelta(seconds=float(os.environ["RETRY_WITHIN"]))
    main._store = lambda: FirestoreStore(os.environ["GOOGLE_CLOUD_PROJECT"], retry_within=_RETRY_WITHIN)

__all__ = ["close_intake", "receive_email", "register"]
