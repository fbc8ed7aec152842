"""`python -m tests.emails.golden`: write the golden files anew. Then look at what changed: `git diff tests/emails`."""

from tests.emails.golden import FOLDER, files
from tests.emails.samples import SAMPLES

if __name__ == "__main__":
    for old in (*FOLDER.glob("*.txt"), *FOLDER.glob("*.html")):
        old.unlink()
    for name, make in SAMPLES.items():
        for path, text in files(name, make()).items():
            path.write_text(text, encoding="utf-8")
