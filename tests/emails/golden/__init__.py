"""The golden files: every e-mail of `samples` as it goes out. A change of a sentence shows as a diff of these."""

from pathlib import Path

from rollcall.model.email import Email

FOLDER = Path(__file__).parent


def files(name: str, email: Email) -> dict[Path, str]:
    """What the golden files of this name should hold."""
    head = {
        "Subject": email.subject,
        "From": email.sender_name,
        "To": email.to,
        "Reply-To": email.reply_to,
        "Copies-To": ", ".join(email.copies_to),
        "Attached": ", ".join(file.name for file in email.attachments),
    }
    header = "".join(f"{label}: {text}\n" for label, text in head.items() if text)
    return {FOLDER / f"{name}.txt": f"{header}\n{email.text}", FOLDER / f"{name}.html": email.html}
