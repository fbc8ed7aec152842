"""An event's own colour and logo."""

import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from handlers.register import register
from rollcall.desk.desk import Desk
from rollcall.model.event import Event
from schemas.event import EventFileError, read_event
from tests.support.builders import EVENTS
from tests.support.desk import EVENT
from tests.support.in_process import ask

EXAMPLE = EVENTS / "examples" / "conference.toml"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
PNG = b"\x89PNG\r\n\x1a\n"


def with_look(folder: Path, look: str, **files: bytes) -> Event:
    path = folder / "conference.toml"
    text = re.sub(r"\[look\].*?(?=\n\[)", f"[look]\n{look}\n", EXAMPLE.read_text("utf-8"), flags=re.DOTALL)
    path.write_text(text, "utf-8")
    shutil.copy(EXAMPLE.with_name("conference-rules.pdf"), folder)
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    return read_event(path)


@pytest.mark.parametrize("colour", ["#0b5394", "#767676", "#000000"])
def test_a_colour_that_can_be_read_on_white(tmp_path: Path, colour: str) -> None:
    assert with_look(tmp_path, f'colour = "{colour}"').look.colour == colour


@pytest.mark.parametrize(
    ("look", "fault"),
    [
        ('colour = "#777777"', "look.colour: is too light to be read on white: its contrast is 4.5"),
        ('colour = "#ffff00"', "its contrast is 1.1"),
        ('colour = "blue"', "look.colour: should be six hexadecimal digits"),
        ('logo = "none.png"', "none.png cannot be read"),
        ('logo = "../conference.png"', "should be a PNG or SVG file beside the event file"),
        ('logo = "a.gif"', "should be a PNG or SVG file beside the event file"),
        ('logo = "a.png"', "a.png is not what its name says"),
        ('logo = "b.svg"', "b.svg is not what its name says"),
        ('logo = "c.png"', "c.png should have 100 kB at the most"),
    ],
)
def test_what_is_wrong_in_a_look_is_named(tmp_path: Path, look: str, fault: str) -> None:
    with pytest.raises(EventFileError) as refused:
        with_look(tmp_path, look, a_png=SVG, b_svg=b"<html>", c_png=PNG + b"x" * 100_000)
    assert fault in str(refused.value)


def test_the_page_has_both_and_allows_nothing_else(desk: Desk, tmp_path: Path) -> None:
    look = with_look(tmp_path, 'colour = "#7a2e0e"\nlogo = "a.svg"', a_svg=SVG).look
    assert look.logo
    of_this_look = replace(desk, events={EVENT.slug: replace(EVENT, look=look)})
    page = ask(partial(register, of_this_look), "GET", f"/register/{EVENT.slug}")
    assert "--blue: #7a2e0e;" in page.text
    (address,) = re.findall(r'<img src="([^"]+)"', page.text)
    policy = page.headers["Content-Security-Policy"]
    assert "img-src 'self' data:" in policy
    assert policy.count("'sha256-") == 3
    plain = ask(partial(register, desk), "GET", f"/register/{EVENT.slug}")
    assert "<img" not in plain.text
    assert plain.headers["Content-Security-Policy"].count("'sha256-") == 2
    file = ask(partial(register, of_this_look), "GET", address)
    assert (file.status, file.headers["Content-Type"], file.text) == (200, "image/svg+xml", SVG.decode())
    assert "immutable" in file.headers["Cache-Control"]
    assert "default-src 'none'" in file.headers["Content-Security-Policy"]
    assert ask(partial(register, desk), "GET", address).status == 404


def test_the_logo_has_another_address_once_it_changes(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    names = [with_look(tmp_path, 'logo = "a.svg"', a_svg=SVG + end).look.logo for end in (b"", b"\n")]
    assert len({logo and logo.name for logo in names}) == 2
