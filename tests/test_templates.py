import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """What is deployed of it, with all templates compiled ahead."""
    for room in ("rollcall", "templates"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("compiled", "__pycache__"))
    subprocess.run([sys.executable, "-m", "templates"], cwd=tmp_path, check=True)
    return tmp_path


def _loads(house: Path, *names: str, compiles: bool) -> subprocess.CompletedProcess[str]:
    program = f"""
import jinja2, templates
if not {compiles}:
    jinja2.Environment.compile = None
for name in {names}:
    templates._pages().get_template(name)
for form in ("html", "text"):
    templates._emails(form).get_template("emails/confirmation.jinja")
print(templates.render("pages/page.css"))
"""
    return subprocess.run([sys.executable, "-c", program], cwd=house, capture_output=True, text=True, check=False)


def test_what_is_compiled_ahead_is_not_compiled_again(house: Path) -> None:
    """Also where it stands in another folder then, as at Google."""
    moved = house.rename(house.parent / "workspace")
    pages = moved / "templates" / "pages"
    names = [f"pages/{path.relative_to(pages)}" for path in pages.rglob("*") if path.is_file()]
    ran = _loads(moved, *names, compiles=False)
    assert ran.returncode == 0, ran.stderr


def test_a_template_that_changed_is_compiled_anew(house: Path) -> None:
    (house / "templates" / "pages" / "page.css").write_text("p { color: {{ 1 + 1 }} }")
    assert _loads(house, compiles=False).returncode != 0
    assert "color: 2" in _loads(house, compiles=True).stdout


def test_other_settings_of_templates_compile_them_anew(house: Path) -> None:
    with (house / "templates" / "__init__.py").open("a") as settings:
        settings.write("# other\n")
    assert _loads(house, compiles=False).returncode != 0
    assert _loads(house, compiles=True).returncode == 0
