"""The blank form, filled in as a person fills it in."""

import io
from collections.abc import Mapping

from pypdf import PdfReader, PdfWriter

from rollcall.documents.blank_form import blank_form_pdf
from rollcall.model.event import Event


def filled_in(event: Event, answers: Mapping[str, str], to: str = "intgov04@forms.example.org") -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(blank_form_pdf(event, to))))
    for page in writer.pages:
        writer.update_page_form_field_values(page, dict(answers))
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()
