"""The blank form as `register` hands it out, and the form page's links to it."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from pypdf import PdfReader

from tests.support.builders import EVENTS, write_open_event
from tests.support.served import Served, function


def get(served: Served, path: str) -> tuple[bytes, dict[str, str]]:
    with urlopen(f"http://127.0.0.1:{served.port}{path}") as answer:
        return answer.read(), dict(answer.headers)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("events")
    write_open_event(folder)
    with function("register", EVENTS=str(folder), SQLITE_PATH=":memory:", FORMS_HOST="forms.example.org") as running:
        yield running


@pytest.mark.parametrize("path", ["/register/open", "/open", "/register/open/"])
def test_the_form_page_links_them_and_says_where_to_send_them(served: Served, path: str) -> None:
    page = get(served, path)[0].decode()
    assert '<a dir="ltr" href="mailto:open@forms.example.org">' in page
    pdf, text = re.findall(r'href="([^"]*/form\.\w+)"', page)
    content, headers = get(served, pdf)
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"] == 'attachment; filename="open-form.pdf"'
    reader = PdfReader(io.BytesIO(content))
    assert "open@forms.example.org" in reader.pages[0].extract_text()
    assert "family_name" in (reader.get_fields() or {})
    content, headers = get(served, text)
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "by e-mail to open@forms.example.org" in content.decode()


@pytest.mark.slow
def test_where_no_mail_comes_in_the_form_goes_to_the_staff(tmp_path: Path) -> None:
    write_open_event(tmp_path)
    with function("register", EVENTS=str(tmp_path), SQLITE_PATH=":memory:", FORMS_HOST="") as served:
        page = get(served, "/register/open")[0].decode()
        assert "Prefer paper?" in page
        assert "Prefer e-mail?" not in page
        assert "by e-mail to spumail@itu.int" in get(served, "/register/open/form.txt")[0].decode()
        for method, path, status in (("POST", "open/form.pdf", 405), ("GET", "none/form.pdf", 404)):
            with pytest.raises(HTTPError) as refused:
                urlopen(Request(f"http://127.0.0.1:{served.port}/register/{path}", method=method))
            assert refused.value.code == status


@pytest.mark.slow
def test_a_form_with_letters_of_no_font_is_there_as_text_alone(tmp_path: Path) -> None:
    arabic = (EVENTS / "examples" / "training.toml").read_text("utf-8")
    (tmp_path / "training.toml").write_text(arabic, "utf-8")
    (tmp_path / "armenian.toml").write_text(arabic.replace("اسم العائلة", "Ազգանուն"), "utf-8")
    with function("register", EVENTS=str(tmp_path), SQLITE_PATH=":memory:", FORMS_HOST="forms.example.org") as served:
        assert "/register/training/form.pdf" in served.ask("GET", "/register/training").text
        assert get(served, "/register/training/form.pdf")[0].startswith(b"%PDF-")
        page = served.ask("GET", "/register/armenian").text
        assert "form.pdf" not in page
        assert "/register/armenian/form.txt" in page
        assert served.ask("GET", "/register/armenian/form.pdf").status == 404
        assert "Ազգանուն:" in served.ask("GET", "/register/armenian/form.txt").text
