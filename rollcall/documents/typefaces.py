"""Our PDFs as Typst sets them, and their letters."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rollcall.language import Language

if TYPE_CHECKING:
    from typst import Fonts

_NUMBER = "\ufffc"
"""Stands for a page's number, which only the template knows."""


def typeset(template: Path, spoken: Language, about: str, said: Mapping[str, Any]) -> bytes:
    """`about`: what stands at the foot of each page."""
    from typst import Compiler

    code, _, region = spoken.tag.partition("-")
    foot = spoken.gettext("%(event)s · page %(number)s", event=about, number=_NUMBER)
    whole = {"language": code, "region": region or None, "foot": foot, **said}
    pages: Any = Compiler(template, font_paths=fonts()[0], sys_inputs={"said": json.dumps(whole)})
    return bytes(pages.compile(format="pdf"))


@cache
def fonts() -> tuple["Fonts", TemporaryDirectory[str]]:
    # FiraGO has the letters of Europe, Arabic, Hebrew, Georgian, Thai and Devanagari, and tells copy and paste which
    # they are (of Noto Sans Arabic, a dot is a letter of its own); Noto has those of East Asia.
    import manimgx_fonts_cjk
    from pymupdf_fonts import myfont
    from typst import Fonts

    folder = TemporaryDirectory()  # typst reads them when it first draws with them
    for name in ("figo", "figbo"):
        (Path(folder.name) / name).with_suffix(".ttf").write_bytes(myfont(name))
    folders = [folder.name, *manimgx_fonts_cjk.__path__]
    return Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders), folder
