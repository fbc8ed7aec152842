"""The letters of our PDFs."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typst import Fonts


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
