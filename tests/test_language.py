"""Languages as CLDR and their speakers have them; expectations are looked up, not copied from what the code says."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.served import ROOT


def test_without_compiled_catalogues_nothing_starts(tmp_path: Path) -> None:
    """As from a fresh clone, where nobody said `make`."""
    (tmp_path / "rollcall").mkdir()
    shutil.copy(ROOT / "rollcall" / "language.py", tmp_path / "rollcall")
    shutil.copytree(ROOT / "templates" / "locales", tmp_path / "templates" / "locales")
    start = [sys.executable, "-c", "from rollcall.language import languages; languages()"]
    assert subprocess.run(start, cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "templates" / "locales" / "fr" / "LC_MESSAGES" / "rollcall.mo").unlink()
    failed = subprocess.run(start, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "fr/LC_MESSAGES/rollcall.mo is missing: `make compiled` makes it" in failed.stderr
