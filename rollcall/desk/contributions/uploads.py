"""Files on their way in: looked into once, then kept."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rollcall.desk.desk import Desk
from rollcall.model.contribution import Upload

GONE = "file_gone"
"""The fault of an upload that is not there, or not wholly."""


def looked_into(desk: Desk, upload: Upload) -> Upload | str:
    """As its content says; or the code of what is wrong with it (`schemas.faults`)."""
    if upload.sha256:
        return upload
    with TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        if not desk.uploads().fetch(upload.id, path):
            return GONE
        found = desk.inspect()(path, upload.name)
    if found.fault:
        return found.fault
    return replace(upload, name=found.name, size=found.size, type=found.type, sha256=found.sha256, doubt=found.doubt)


def kept(desk: Desk, upload: Upload) -> bool:
    """Among `Files`, under its own id; False where it is gone. Said again, it does nothing."""
    try:
        desk.uploads().keep(upload.id, upload.id)
    except LookupError:
        return False
    return True
