"""`main.py`, whose readings of the intake can judge a commit for `GOOD_FOR` seconds and are not made again by
themselves."""

import os
from datetime import timedelta

from rollcall.model import intake

intake.GOOD_FOR = timedelta(seconds=float(os.environ["GOOD_FOR"]))
intake.READ_AGAIN_AFTER = timedelta(hours=1)

from main import close_intake, register  # noqa: E402

__all__ = ["close_intake", "register"]
