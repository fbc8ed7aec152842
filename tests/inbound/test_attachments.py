"""Filled-in forms in files."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import docx
import pytest
import xlsxwriter
from docx.oxml import parse_xml
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, StreamObject
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from rollcall.inbound import attachments as attached
from rollcall.inbound.attachments import forms_in_file
from rollcall.inbound.forms import find_forms
from rollcall.inbound.mime import File, Parts
from rollcall.model.inbound import Doubt
from schemas.form import form_fields
from tests.support.builders import a_form, an_event

EVENT = an_event()
CASES = Path(__file__).parent.parent / "cases"
FORM = {name: str(answer) for name, answer in a_form().items()}
LABELS = {field.name: field.label for field in form_fields(EVENT)}
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def read(content: bytes, name: str = "form", type: str = "application/octet-stream") -> list[Mapping[str, str]]:
    """The answers of each form in the file."""
    return [form.answers for form in forms_in_file(EVENT, File(name, type, content))]


def blank_pdf(prefix: str = "") -> bytes:
    """A form with fields named as in the schema; choices are radio groups."""
    file = io.BytesIO()
    canvas = Canvas(file)
    for place, field in enumerate(form_fields(EVENT)):
        height = 800 - 40 * place
        canvas.drawString(40, height, field.label)
        canvas.drawString(40, height - 12, f"{field.help} Please use capital letters.")
        name = prefix + field.name
        for number, (value, _) in enumerate(field.choices):
            canvas.acroForm.radio(name=name, value=value, x=200 + 40 * number, y=height)
        if not field.choices:
            canvas.acroForm.textfield(name=name, x=200, y=height, fieldFlags="multiline")
    canvas.save()
    return file.getvalue()


def filled_pdf(answers: Mapping[str, str], prefix: str = "", password: str | None = None) -> bytes:
    """That form filled in."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(blank_pdf(prefix))))
    values: Any = {
        prefix + name: f"/{answer}" if name in ("title", "category") else answer for name, answer in answers.items()
    }
    for page in writer.pages:
        writer.update_page_form_field_values(page, values, auto_regenerate=False)
    if password is not None:
        writer.encrypt(password, "owner")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def pdf_of(*pages: str) -> bytes:
    """A PDF without fields."""
    file = io.BytesIO()
    canvas = Canvas(file)
    for page in pages:
        text = canvas.beginText(40, 800)
        text.textLines(page)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def docx_of(*rows: tuple[str, str], xml: str = "") -> bytes:
    """A Word document with a table of these rows, and below it this XML."""
    document = docx.Document()
    document.add_paragraph("Registration form")
    table = document.add_table(rows=0, cols=2)
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    if xml:
        part = parse_xml(f'<w:p xmlns:w="{WORD}">{xml}</w:p>')
        document.element.body.insert(len(document.element.body) - 1, part)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


@pytest.mark.parametrize(("prefix", "password"), [("", None), ("form1.", None), ("2_", None), ("", "")])
def test_a_filled_in_pdf(prefix: str, password: str | None) -> None:
    assert read(filled_pdf(FORM, prefix, password), "form.pdf") == [FORM]


def test_a_pdf_that_was_left_blank_is_no_form_though_it_explains_its_fields() -> None:
    assert read(blank_pdf()) == []


def test_boxes_of_a_pdf_that_were_left_empty() -> None:
    (answers,) = read(filled_pdf({"family_name": "Diallo", "first_name": "Amina"}))
    assert answers == {"family_name": "Diallo", "first_name": "Amina"}


def test_the_text_of_a_pdf_without_fields() -> None:
    text = "\n".join(f"{LABELS[name]}: {answer}" for name, answer in FORM.items())
    assert read(pdf_of("Dear Sir", text)) == [FORM]
    assert read(pdf_of("", "")) == []


def test_our_form_filled_in_and_flattened() -> None:
    """Fields are drawings then: answers stand beside their labels, crosses in their boxes."""
    (answers,) = read((CASES / "own-form-flattened.pdf").read_bytes())
    assert answers == {
        "title": "ms",
        "category": "sector-member",
        "family_name": "Exemple",
        "first_name": "Una",
        "organization": "Ministère d'Exemple",
        "address": "1 rue de l’Exemple\nVille",
        "tel": "+41 22 000 00 00",
        "email": "pdflib@d.example.org",
        "hotel": "Hôtel du Lac",
        "hotel_tel": "+41 22 000 00 01",
        "signature": "Una Exemple",
    }


def test_our_page_filled_in_and_printed() -> None:
    """By Chromium: labels and hints above their answers, choices as circles, letters drawn apart."""
    (answers,) = read((CASES / "own-page-printed.pdf").read_bytes())
    assert answers == FORM | {"address": "BP 3000\nConakry\nGuinée", "signed_on": "02/02/2004"}


def test_a_table_of_two_columns_in_a_pdf() -> None:
    (answers,) = read((CASES / "two-columns-chromium.pdf").read_bytes())
    assert answers == {
        "title": "mr",
        "category": "sector-member",
        "family_name": "Affine-Official",
        "first_name": "Efficient",
        "organization": "Office of fluffy affairs",
        "address": "1 Field Flat 2",
        "email": "ligtable@e.example.org",
        "signature": "x",
    }


@pytest.mark.parametrize(
    ("place", "width"), [("TOP", 200), ("MIDDLE", 200), ("BOTTOM", 200), ("TOP", 90), ("BOTTOM", 90)]
)
def test_where_a_label_stands_beside_an_answer_of_several_lines(place: str, width: int) -> None:
    """And wrapped in a narrow column."""
    style = ParagraphStyle("", fontSize=10, leading=12)
    form = {name: answer for name, answer in FORM.items() if name not in ("title", "category")}
    form["address"] = "BP 3000\nConakry\nGuinée"
    rows = [
        [Paragraph(LABELS[name], style), Paragraph(answer.replace("\n", "<br/>"), style)]
        for name, answer in form.items()
    ]
    file = io.BytesIO()
    SimpleDocTemplate(file).build([Table(rows, [width, 300], style=[("VALIGN", (0, 0), (-1, -1), place)])])
    (answers,) = read(file.getvalue())
    assert answers == form


def drawn(*draw: Callable[[Canvas], None]) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file)
    canvas.drawString(40, 800, "Family name: Diallo")
    canvas.drawString(40, 780, "First name: Amina")
    for one in draw:
        one(canvas)
    canvas.save()
    return file.getvalue()


def titles(canvas: Canvas) -> None:
    canvas.drawString(40, 760, "Title")
    for place, label in enumerate(("Mr.", "Mrs.", "Ms.")):
        canvas.rect(200 + 60 * place, 758, 11, 11)
        canvas.drawString(216 + 60 * place, 760, label)


def cross(canvas: Canvas) -> None:
    canvas.line(322, 760, 329, 767)
    canvas.line(322, 767, 329, 760)


def dot(canvas: Canvas) -> None:
    canvas.circle(325.5, 763.5, 3, fill=1)


def letter(canvas: Canvas) -> None:
    canvas.drawString(322, 760, "X")


def test_right_to_left_text_of_a_pdf_is_in_doubt() -> None:
    (form,) = forms_in_file(EVENT, File("form.pdf", "", (CASES / "arabic-lines-chromium.pdf").read_bytes()))
    turned = ("family_name", "first_name", "organization", "address", "tel", "hotel", "signature")
    assert form.doubts == {Doubt.RIGHT_TO_LEFT_PDF: turned}
    assert form.answers["family_name"] == "المثال"


def test_letters_that_a_pdf_s_font_does_not_tell_are_in_doubt() -> None:
    """No character stands in their place, which people would have to remove."""
    (form,) = forms_in_file(EVENT, File("form.pdf", "", (CASES / "thai-lines-chromium.pdf").read_bytes()))
    assert form.doubts == {Doubt.LOST_LETTERS: ("first_name", "organization", "signature")}
    assert (form.answers["family_name"], form.answers["first_name"]) == ("ตัวอย่าง", "หนึง")


def test_a_number_that_a_spreadsheet_shortened_is_asked_about() -> None:
    content = (CASES / "scientific-phone.csv").read_bytes()
    first, second = find_forms(EVENT, Parts(files=(File("list.csv", "text/csv", content),))).forms
    assert list(first.faults) == ["tel"]
    assert second.registration


@pytest.mark.parametrize("mark", [cross, dot, letter])
def test_a_box_ticked_in_a_printed_pdf(mark: Callable[[Canvas], None]) -> None:
    (answers,) = read(drawn(titles, mark))
    assert answers == {"family_name": "Diallo", "first_name": "Amina", "title": "ms"}


def test_no_box_ticked_in_a_printed_pdf() -> None:
    (answers,) = read(drawn(titles))
    assert "title" not in answers


def test_squares_for_letters_are_no_boxes() -> None:
    def squares(canvas: Canvas) -> None:
        canvas.drawString(40, 760, "Hotel:")
        for place, character in enumerate("LUX"):
            canvas.rect(100 + 14 * place, 758, 12, 12)
            canvas.drawString(102 + 14 * place, 760, character)

    (answers,) = read(drawn(squares))
    assert "[" not in answers.get("hotel", "")


def test_text_laid_over_a_pdf() -> None:
    """As Preview, Edge and Acrobat do where a form has no fields."""
    file = io.BytesIO()
    canvas = Canvas(file)
    for place, label in enumerate(("Family name", "First name", "Complete address")):
        canvas.drawString(40, 788 - 40 * place, label)
        place_of_it = (200, 760 - 40 * place, 400, 800 - 40 * place)
        canvas.freeTextAnnotation(("Diallo", "Amina", "BP 3\nConakry")[place], "/Helv 10 Tf", Rect=place_of_it)
    canvas.save()
    (answers,) = read(file.getvalue())
    assert answers == {"family_name": "Diallo", "first_name": "Amina", "address": "BP 3\nConakry"}


def test_fields_of_a_form_that_somebody_else_made() -> None:
    """Their names say nothing; they stand beside the labels."""
    file = io.BytesIO()
    canvas = Canvas(file)
    for place, label in enumerate(("Family name", "First name", "Complete address", "Hotel")):
        canvas.drawString(40, 766 - 60 * place, label)
        flags = "multiline" if label == "Complete address" else ""
        value = ("Diallo", "Amina", "BP 3\nConakry", "")[place]
        height = 50 if flags else 20
        canvas.acroForm.textfield(
            name=f"Text{place}", value=value, x=200, y=778 - 60 * place - height, height=height, fieldFlags=flags
        )
    canvas.drawString(40, 520, "Title")
    for place, label in enumerate(("Mr.", "Ms.")):
        canvas.acroForm.checkbox(name=f"Check{place}", checked=label == "Ms.", x=200 + 80 * place, y=516)
        canvas.drawString(230 + 80 * place, 520, label)
    canvas.save()
    (answers,) = read(file.getvalue())
    assert answers == {"family_name": "Diallo", "first_name": "Amina", "address": "BP 3\nConakry", "title": "ms"}


def test_a_drawing_that_draws_itself_again_and_again() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_of("Family name: Diallo\nFirst name: Amina"))))
    page = writer.pages[0]
    drawing = StreamObject()
    drawings = DictionaryObject({NameObject("/Again"): writer._add_object(drawing)})
    drawing.set_data(b"/Again Do " * 100)
    drawing[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): drawings})
    resources: Any = page["/Resources"]
    resources[NameObject("/XObject")] = drawings
    drawing[NameObject("/Subtype")] = NameObject("/Form")
    contents = page.get_contents()
    assert contents is not None
    contents.set_data(contents.get_data() + b" /Again Do")
    page[NameObject("/Contents")] = contents
    file = io.BytesIO()
    writer.write(file)
    with pytest.raises(ValueError, match="too much"):
        read(file.getvalue())


def test_a_pdf_that_cannot_be_opened_or_is_a_book() -> None:
    assert read(filled_pdf(FORM, password="secret")) == []
    assert read(pdf_of("Family name: Diallo\nFirst name: Amina", *[""] * attached.MOST_PAGES)) == []


def test_a_word_document() -> None:
    rows = [(LABELS[name], answer) for name, answer in FORM.items() if name != "title"]
    box = (
        "<w:r><w:t>Mr. </w:t></w:r><w:sdt><w:sdtContent><w:r><w:t>☐</w:t></w:r></w:sdtContent></w:sdt>"
        "<w:r><w:tab/><w:t>Ms. </w:t></w:r><w:sdt><w:sdtContent><w:r><w:t>☒</w:t></w:r></w:sdtContent></w:sdt>"
    )
    assert read(docx_of(*rows, xml=box)) == [FORM]


@pytest.mark.parametrize(
    "xml",
    [
        '<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r><w:r><w:t>Ms.</w:t></w:r>',
        '<w:r><w:fldChar><w:ffData><w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox></w:ffData></w:fldChar>'
        "<w:t>Ms.</w:t></w:r>",
        "<w:r><w:rPr><w:strike/></w:rPr><w:t>Mr.</w:t></w:r><w:r><w:t>Ms.</w:t></w:r>",
        "<w:r><w:t>Hotel: </w:t></w:r><w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:r>"
        "<w:t>Click here</w:t></w:r></w:sdtContent></w:sdt><w:r><w:br/><w:t>Title: Ms.</w:t></w:r>",
    ],
)
def test_what_word_calls_a_box_and_an_empty_field(xml: str) -> None:
    (answers,) = read(docx_of(("Family name", "Diallo"), ("First name", "Amina"), xml=xml))
    assert answers == {"family_name": "Diallo", "first_name": "Amina", "title": "ms"}


def test_hyphens_that_word_does_not_break_at_stay_hyphens() -> None:
    (answers,) = read((CASES / "nbhyphen.docx").read_bytes())
    assert answers["family_name"] == "Exemple-Muster"
    assert answers["email"] == "una-x@f.example.org"
    assert answers["tel"] == "+41 22 000 00 00 ext. 1-2"


def test_the_chosen_entry_of_an_old_drop_down_list() -> None:
    (answers,) = read((CASES / "legacy-dropdown.docx").read_bytes())
    assert (answers["title"], answers["category"]) == ("ms", "sector-member")


@pytest.mark.parametrize("result", ["", '<w:result w:val="9"/>', '<w:result w:val="x"/>'])
def test_an_old_drop_down_list_that_nobody_touched_says_nothing(result: str) -> None:
    entries = f'<w:ddList>{result}<w:listEntry w:val="Mr."/><w:listEntry w:val="Ms."/></w:ddList>'
    xml = f"<w:r><w:t>Title: </w:t></w:r><w:r><w:fldChar><w:ffData>{entries}</w:ffData></w:fldChar></w:r>"
    (answers,) = read(docx_of(("Family name", "Diallo"), ("First name", "Amina"), xml=xml))
    assert "title" not in answers


@pytest.mark.parametrize(
    "struck",
    [
        "<w:r><w:rPr><w:strike/></w:rPr><w:t>Cornavin</w:t></w:r>",
        "<w:r><w:rPr><w:dstrike/></w:rPr><w:t>Corna</w:t></w:r><w:r><w:rPr><w:strike/></w:rPr><w:t>vin</w:t></w:r>",
        "<w:del><w:r><w:delText>Cornavin</w:delText></w:r></w:del>",
    ],
)
def test_an_answer_struck_out_in_word_is_in_doubt(struck: str) -> None:
    xml = f"<w:r><w:t>Hotel: </w:t></w:r>{struck}<w:r><w:t> Bristol</w:t></w:r>"
    (form,) = forms_in_file(EVENT, File("", "", docx_of(("Family name", "Diallo"), ("First name", "Amina"), xml=xml)))
    assert (form.answers["hotel"], form.doubts) == ("Bristol", {Doubt.STRUCK_OUT: ("hotel",)})


def test_a_choice_made_by_striking_out_is_not_in_doubt() -> None:
    xml = "<w:r><w:t>Title: </w:t></w:r><w:r><w:rPr><w:strike/></w:rPr><w:t>Mr. / </w:t></w:r><w:r><w:t>Ms.</w:t></w:r>"
    (form,) = forms_in_file(EVENT, File("", "", docx_of(("Family name", "Diallo"), ("First name", "Amina"), xml=xml)))
    assert (form.answers["title"], form.doubts) == ("ms", {})


def test_how_a_name_is_said_is_no_part_of_it() -> None:
    ruby = (
        "<w:r><w:t>Hotel: </w:t></w:r><w:r><w:ruby><w:rt><w:r><w:t>みなと</w:t></w:r></w:rt>"
        "<w:rubyBase><w:r><w:t>港</w:t></w:r></w:rubyBase></w:ruby></w:r>"
    )
    (answers,) = read(docx_of(("Family name", "Diallo"), ("First name", "Amina"), xml=ruby))
    assert answers["hotel"] == "港"


def test_a_word_document_that_would_become_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    content = docx_of(("Family name", "Diallo"), ("First name", "Amina"))
    assert read(content)
    monkeypatch.setattr(attached, "MOST_UNPACKED", 1000)
    assert read(content) == []


def test_an_archive_of_too_many_files_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    content = docx_of(("Family name", "Diallo"), ("First name", "Amina"))
    assert read(content)
    monkeypatch.setattr(attached, "MOST_ENTRIES", 3)
    assert read(content) == []


def test_entities_in_a_word_document_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "Diallo"><!ENTITY b "&a;&a;&a;&a;">]>'
    document = (
        f'{bomb}<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>Family name: &b;</w:t></w:r></w:p>'
        "<w:p><w:r><w:t>First name: Amina</w:t></w:r></w:p></w:body></w:document>"
    )
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(docx_of(("A", "B")))) as made,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for name in made.namelist():
            changed.writestr(name, document if name == "word/document.xml" else made.read(name))
    assert "Diallo" not in str(read(file.getvalue()))


@pytest.mark.parametrize(
    "told",
    [
        FORM,
        [FORM],
        {"registrations": [FORM]},
        {"event": "intgov04", "people": [FORM]},
        {LABELS[name]: answer for name, answer in FORM.items()},
        FORM | {"Shoe size": 42, "address": FORM["address"].split("\n"), "other": None},
        FORM | {"category": "Administration of ITU Member State", "title": "ms"},
    ],
)
def test_json(told: object) -> None:
    content = json.dumps(told).encode()
    assert read(content, "list.json") == [FORM]
    assert read(b"\xef\xbb\xbf" + content, type="application/json") == [FORM]


def test_an_address_of_very_many_signs() -> None:
    """Each was tried anew: 32,000 took half a minute."""
    (answers,) = read(json.dumps(FORM | {"email": "<" + "@" * 200_000}).encode(), "list.json")
    assert answers["email"] == "<" + "@" * 200_000


@pytest.mark.parametrize("told", [[], {}, 1, None, "x", [[FORM]], {"tel": "1"}, [{"title": {"a": []}}]])
def test_json_that_is_no_form(told: object) -> None:
    assert read(json.dumps(told).encode(), "list.json") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", [list(FORM), [LABELS[name] for name in FORM]])
@pytest.mark.parametrize("said", [False, True])
def test_csv(encoding: str, delimiter: str, header: list[str], said: bool) -> None:
    file = io.StringIO()
    if said:
        file.write(f"sep={delimiter}\r\n")
    rows = csv.writer(file, delimiter=delimiter)
    second = FORM | {"first_name": "Sekou", "tel": "'+224 1"}
    rows.writerows([[*header, "Shoe size"], [*FORM.values(), "42"], [], [*second.values(), ""]])
    content = file.getvalue().encode(encoding)
    assert read(content, "list.csv", "application/vnd.ms-excel") == [FORM, second | {"tel": "+224 1"}]


def xlsx_of(*rows: Sequence[object], hidden: Sequence[Sequence[object]] = ()) -> bytes:
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file, {"default_date_format": "dd/mm/yy"})
    for lines in filter(None, (rows, hidden)):
        sheet = workbook.add_worksheet()
        for place, row in enumerate(lines):
            sheet.write_row(place, 0, row)
    if hidden:
        sheet.hide()
    workbook.close()
    return file.getvalue()


def test_a_list_in_excel() -> None:
    header = [LABELS[name] for name in FORM]
    second = FORM | {"first_name": "Sekou"}
    dated = [date(2004, 2, 2) if name == "signed_on" else answer for name, answer in second.items()]
    content = xlsx_of(["Delegation of Guinea"], [], header, list(FORM.values()), dated, hidden=[header, dated])
    assert read(content, "list.xlsx") == [FORM, second]


def test_a_list_as_libreoffice_writes_it() -> None:
    first, second = read((CASES / "list.ods").read_bytes())
    assert first == FORM
    assert (second["first_name"], second["tel"]) == ("Sekou", "41227305111")


def test_a_form_in_a_sheet() -> None:
    content = xlsx_of(["Registration form"], ["Family name", "Diallo"], ["First name:", "Amina"], ["Tel.", 41227305111])
    assert read(content, "form.xlsx") == [{"family_name": "Diallo", "first_name": "Amina", "tel": "41227305111"}]


def test_cells_far_apart_take_no_memory() -> None:
    """Between them lie 17 billion cells."""
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file)
    sheet = workbook.add_worksheet()
    sheet.write_row(0, 0, ["Family name", "First name"])
    sheet.write_row(1, 0, ["Diallo", "Amina"])
    sheet.write(1_048_575, 16_383, "x")
    workbook.close()
    assert read(file.getvalue(), "list.xlsx") == []


@pytest.mark.parametrize("attribute", ["row", "cell"])
def test_cells_that_stand_for_many_take_no_memory(attribute: str) -> None:
    rows = 'table:number-rows-repeated="1048000"' if attribute == "row" else ""
    columns = 'table:number-columns-repeated="16000"' if attribute == "cell" else ""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(CASES / "list.ods") as made,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for name in made.namelist():
            content = made.read(name)
            if name == "content.xml":
                cell = f"<table:table-cell {columns}><text:p>x</text:p></table:table-cell>"
                row = f"<table:table-row {rows}>{cell}</table:table-row>".encode()
                content = content.replace(b"</table:table>", row * 40 + b"</table:table>", 1)
            changed.writestr(name, content)
    assert read(file.getvalue(), "list.ods") == []


@pytest.mark.parametrize(
    ("content", "name", "type"),
    [
        ("Nom : Diallo\nPrénom : Amina\n".encode("cp1252"), "form.txt", "application/octet-stream"),
        (b"\xef\xbb\xbfNom : Diallo\nPr\xc3\xa9nom : Amina\n", "", "text/plain"),
        ("<p>Nom : Diallo<p>Prénom : Amina".encode(), "form.htm", "text/plain"),
        ("<p>Nom : Diallo<p>Prénom : Amina".encode(), "", "text/html"),
    ],
)
def test_text_and_html(content: bytes, name: str, type: str) -> None:
    assert read(content, name, type) == [{"family_name": "Diallo", "first_name": "Amina"}]


def test_what_excel_for_mac_wrote() -> None:
    """Mac Roman, with bare carriage returns."""
    (answers,) = read((CASES / "mac-roman-acute.csv").read_bytes(), "list.csv")
    assert (answers["family_name"], answers["organization"]) == ("Exemplé", "Société")


@pytest.mark.parametrize(
    ("names", "encoding", "doubted"),
    [
        ("Müller;François", "cp1252", False),
        ("Núñez;José", "cp1252", False),
        ("Diallo;Amina", "cp1251", False),
        ("Dvořák;Černý", "cp1250", True),
        ("Horáček;Ada", "cp1250", True),
        ("Kovács;Győző", "cp1250", True),
        ("Gdański;Jan", "cp1250", True),
        ("Иванов;Иван", "cp1251", True),
        ("Yıldız;Ayşe", "cp1254", True),
        ("Παπάς;Νίκος", "cp1253", True),
        ("Müller;François", "cp850", True),
        ("Müller;François", "mac_roman", True),
        ("Dvořák;Černý", "utf-8", False),
    ],
)
def test_a_guessed_charset_casts_doubt_unless_all_is_of_one_western_language(
    names: str, encoding: str, doubted: bool
) -> None:
    content = f"Family name;First name;Organization\n{names};ITU\n".encode(encoding)
    (form,) = forms_in_file(EVENT, File("list.csv", "text/csv", content))
    assert (Doubt.CHARSET_GUESSED in form.doubts) == doubted


@pytest.mark.parametrize("name", ["scan.tif", "list.xlsx", "form", "form.doc"])
def test_what_is_for_people_to_read(name: str) -> None:
    assert read(b"Family name: Diallo\nFirst name: Amina", name) == []


def test_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps(FORM).encode()
    monkeypatch.setitem(attached.MOST_BYTES, "text", len(content) - 1)
    assert read(content, "list.json") == []


def test_a_word_file_that_becomes_far_more_is_not_read() -> None:
    """A tenth of a megabyte that takes minutes and a gigabyte."""
    file = io.BytesIO()
    document = docx.Document()
    for name, answer in FORM.items():
        document.add_paragraph(f"{LABELS[name]}: {answer}")
    document.save(file)
    assert read(file.getvalue(), "form.docx") == [FORM]
    bomb = io.BytesIO()
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as written:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "word/document.xml":
                content = content.replace(b"<w:sectPr", b"<w:p/>" * 600_000 + b"<w:sectPr", 1)
            written.writestr(name, content)
    assert read(bomb.getvalue(), "form.docx") == []


def test_what_is_in_a_pdf_comes_into_no_log(caplog: pytest.LogCaptureFixture) -> None:
    file = io.BytesIO()
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(blank_pdf())))
    writer.write(file)
    twice = file.getvalue().replace(b"/Type /Page\n", b"/Type /Page\n/Amina 1\n/Amina 2\n")
    assert twice != file.getvalue()
    assert read(twice, "form.pdf") == []
    assert caplog.text == ""
