"""A file is looked into in a child process, within a budget; nothing in it holds, fills or ends the function."""

import io
import os
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rollcall.budget import Budget
from rollcall.desk.contribution_ports import Inspected
from rollcall.inspection.inspector import BUDGET, ChildInspector
from rollcall.inspection.look import begin, inspect
from rollcall.model.contribution import LARGEST_FILE, PaperDoubt
from rollcall.record import from_json, to_json
from tests.support.documents import a_docx, a_pdf, streamed, written_by_pypdf

SMALL = Budget(cpu=1, memory=BUDGET.memory)


@pytest.fixture
def provoked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Children in which a look does this, as a library or an expression might."""

    def provoke(does: str) -> None:
        head = "import os, time\nfrom rollcall.inspection import look\n"
        (tmp_path / "sitecustomize.py").write_text(f"{head}def _does(*_): {does}\nlook.finish = _does\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    return provoke


def put(folder: Path, content: bytes) -> Path:
    (folder / "upload").write_bytes(content)
    return folder / "upload"


def test_the_same_comes_out_as_in_this_process(tmp_path: Path) -> None:
    path = put(tmp_path, written_by_pypdf(add_metadata=({"/Title": "حركة"},)))
    assert ChildInspector()(path, "é.pdf") == inspect(path, "é.pdf")
    assert from_json(Inspected, to_json(inspect(path, "é.pdf"))) == inspect(path, "é.pdf")


@pytest.mark.parametrize(
    "does",
    ["exec('while True: pass')", "bytearray(10**10)", "os.kill(os.getpid(), 9)", "raise BaseException"],
    ids=["a loop", "memory", "killed", "a panic"],
)
def test_over_budget_it_is_held(provoked: Callable[[str], None], tmp_path: Path, does: str) -> None:
    provoked(does)
    path = put(tmp_path, a_pdf())
    found = ChildInspector(budget=SMALL)(path, "a.pdf")
    assert found == begin(path, "a.pdf")
    assert found.doubt is PaperDoubt.NOT_INSPECTED


def test_one_that_waits_is_ended_by_the_clock(provoked: Callable[[str], None], tmp_path: Path) -> None:
    provoked("time.sleep(600)")
    found = ChildInspector(budget=Budget(patience=1))(put(tmp_path, a_pdf()), "a.pdf")
    assert found.doubt is PaperDoubt.NOT_INSPECTED


def test_a_child_that_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("rollcall.budget.to_json", lambda _: b"no order")
    found = ChildInspector()(put(tmp_path, a_pdf()), "a.pdf")
    assert found.doubt is PaperDoubt.NOT_INSPECTED


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    assert ChildInspector()(tmp_path / "gone", "a.pdf").fault


PICTURE = b"\xff\xd8\xff\xe0" + os.urandom(1_000_000 - 4)


def photographs(size: int) -> bytes:
    made = io.BytesIO(a_docx())
    with zipfile.ZipFile(made, "a", zipfile.ZIP_STORED) as package:
        for number in range(size // 1_000_000 - 1):
            package.writestr(f"word/media/{number}.jpeg", PICTURE)
    return made.getvalue()


def pictures(size: int) -> bytes:
    """Each picture is a stream that no program unpacks to text."""
    places, body = {}, io.BytesIO(b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n")
    body.seek(0, os.SEEK_END)
    for number in range(2, size // 1_000_000):
        places[number] = body.tell()
        head = b"%d 0 obj<</Type/XObject/Subtype/Image/Filter/DCTDecode/Length 1000000>>stream\n" % number
        body.write(head + PICTURE + b"\nendstream endobj\n")
    start, last = body.tell(), max(places)
    table = b"".join(b"%010d 00000 n \n" % place for place in places.values())
    body.write(b"xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n2 %d\n%b" % (len(places), table))
    body.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (last + 1, start))
    return body.getvalue()


@pytest.mark.parametrize(("made", "name"), [(photographs, "a.docx"), (pictures, "a.pdf")])
def test_an_honest_file_of_50_mb_passes(tmp_path: Path, made: Callable[[int], bytes], name: str) -> None:
    content = made(LARGEST_FILE)
    assert LARGEST_FILE - 2_000_000 < len(content) <= LARGEST_FILE
    half = Budget(BUDGET.cpu // 2, BUDGET.memory // 2, BUDGET.answer, BUDGET.patience)
    found = ChildInspector(budget=half)(put(tmp_path, content), name)
    assert (found.fault, found.size) == ("", len(content))
    # random bytes say one of the names of `rollcall.inbound.active` now and then: once in about a hundred files
    assert found.doubt in (None, PaperDoubt.ACTIVE)


def of_elements() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<x/>")
        package.writestr("word/document.xml", "<w><instrText/>" + "<a b='c'/>" * 3_000_000 + "</w>")
    return made.getvalue()


def test_a_bomb_is_held_within_the_budget(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    found = ChildInspector(budget=SMALL)(put(tmp_path, of_elements()), "a.docx")
    assert found.doubt is PaperDoubt.NOT_INSPECTED
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 1.5


def test_a_packed_stream_is_never_in_memory_whole(tmp_path: Path) -> None:
    path = put(tmp_path, a_pdf(more=streamed(b"5 0 " + bytes(90_000_000))))
    found = ChildInspector(budget=Budget(cpu=20, memory=150_000_000))(path, "a.pdf")
    assert (found.fault, found.doubt) == ("", None)
