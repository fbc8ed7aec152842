"""Which files that strangers attach are handed to the staff: of kinds that we read, told by content and not by name,
with nothing in them that runs, fetches or carries another file. The rest stays in the stored e-mail."""

import re
import unicodedata
from contextlib import suppress
from mmap import mmap

from rollcall.inbound.active import is_quiet_pdf, kind_of_package
from rollcall.inbound.charsets import decode
from rollcall.inbound.mime import File
from rollcall.model.email import Attachment

LONGEST_STEM = 80
NAMELESS = "attachment"

_ANY = "application/octet-stream"
# a script is text too: so a text's name says, beside its content, that it is none
_PLAIN = {
    "": (".txt", "text/plain"),
    ".txt": (".txt", "text/plain"),
    ".text": (".txt", "text/plain"),
    ".asc": (".txt", "text/plain"),
    ".csv": (".csv", "text/csv"),
    ".tsv": (".tsv", "text/tab-separated-values"),
    ".json": (".json", "application/json"),
}
_PICTURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), ".png", "image/png"),
    (re.compile(rb"\xff\xd8\xff"), ".jpg", "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), ".gif", "image/gif"),
    (re.compile(rb"RIFF[\s\S]{4}WEBP"), ".webp", "image/webp"),
    (re.compile(rb"II\*\x00|MM\x00\*"), ".tif", "image/tiff"),
    (re.compile(rb"\x00\x00\x00[\s\S]ftyp(?:heic|heix|heim|heis|hevc|mif1|msf1)"), ".heic", "image/heic"),
)

_TAGS = (
    rb"html|head|body|script|style|iframe|frame|frameset|object|embed|svg|math|img|image|form|meta|link|base|applet|table|"
    rb"input|button|select|textarea|video|audio|details|marquee|template|workbook|[a-z]+:script|xsl:[a-z]+"
)
_MARKUP = re.compile(
    rb"<(?:!doctype|!entity|\?xml|\?mso|\?php|\?=|%|/?(?:" + _TAGS + rb"|a|p|b|i|u|tr|td|div|span|font|center)[\s/>])|"
    rb"<[a-z][^<>]{0,200}\son[a-z]{3,20}\s*=|(?:java|vb)script:|\+ADw-",
    re.IGNORECASE,
)
_IN_OTHERS = re.compile(
    rb"<(?:!doctype|\?php|(?:" + _TAGS + rb")[\s/>])|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|%PDF-", re.IGNORECASE
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_NOT_SEEN = (
    r"\x0b\x0c\x1c-\x1f\x85\xa0\xad\u034f\u061c\u115f\u1160\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    r"\ufe00-\ufe0f\ufeff"
)
_NOT_PLAIN = re.compile(
    rf"[\s{_NOT_SEEN}]*+(?:\Z|#!|\{{\\rt|MZ[^\x20-\x7e]|@echo\b|\[InternetShortcut|WEB\s+1\s|"
    rf"(?:MIME-Version|Content-Type)\s*:|ID;[^\r\n]*[\r\n](?:[^\r\n]*[\r\n])*?[BCFPOEWN]+;)",
    re.IGNORECASE,
)
"""Nothing, the beginnings of scripts, programs, shortcuts, queries and archives of e-mails, and SYLK."""
_FORMULA = re.compile(
    rf"(?:\A|[,;\t|\r\n\x0b\x0c\x85\u2028\u2029])[ \"{_NOT_SEEN}]*+"
    rf"(?:[=@＝＠]|[+＋－-](?![0-9 ()./\xa0-]*+\"?(?:[,;\t|\r\n]|\Z)))|\A[\ufeff\"]*sep=[^,;\t|]",
    re.IGNORECASE,
)
"""What a cell begins with that is no number, of a telephone either, or a separator that we do not know."""
ZIP_END = b"PK\x05\x06"
ZIP_END_WITHIN = 65_557  # bytes from the file's end (APPNOTE.TXT, 4.3.16)


def handed_on(file: File) -> Attachment:
    """Under a name and a type of ours; without its content, where it is withheld."""
    if not file.content:
        return Attachment(file.name or NAMELESS, _ANY, b"")
    kind, name = None, re.split(r"[/\\]", file.name)[-1].strip()
    with suppress(Exception):  # libraries do not document what they raise for a broken file
        kind = _kind(name, file.content)
    if kind is None:
        return Attachment(file.name or NAMELESS, _ANY, b"", withheld=True)
    ending, type = kind
    return Attachment(f"{harmless_stem(name)}{ending}", type, file.content)


def harmless_stem(name: str) -> str:
    """Without ending, and with nothing that a program takes for one, for a path or for another direction."""
    stem = re.sub(r"\.\w{1,8}\Z", "", name)
    return "".join(map(_harmless, stem))[:LONGEST_STEM].strip(" _") or NAMELESS


def _harmless(character: str) -> str:
    is_mark = unicodedata.category(character).startswith("M")
    return character if character.isalnum() or is_mark or character in " -_(),&+'’" else "_"


def _kind(name: str, content: bytes) -> tuple[str, str] | None:
    """Ending and media type."""
    if content.startswith(b"PK\x03\x04"):
        return kind_of_package(content)
    if ZIP_END in content[-ZIP_END_WITHIN:]:
        return None  # an archive, whatever it begins with
    if content.startswith(b"%PDF-"):
        return (".pdf", "application/pdf") if not has_markup_in_pdf(content) and is_quiet_pdf(content) else None
    for begins, ending, type in _PICTURES:
        if begins.match(content):
            return None if _IN_OTHERS.search(content) else (ending, type)
    _, dot, ending = name.lower().rpartition(".")
    plain = _PLAIN.get(f".{ending}" if dot else "")
    return plain if plain and is_plain_text(content, plain[0]) else None


def has_markup_in_pdf(content: bytes | mmap) -> bool:
    """Or what else begins there, or where it ends."""
    return any(map(_IN_OTHERS.search, (content[5:1024], content[max(5, len(content) - 1024) :])))


def is_plain_text(content: bytes, ending: str) -> bool:
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = content.decode("utf-16") if is_wide else decode(content, "")[0]
    if _CONTROLS.search(text.encode() if is_wide else content) or _MARKUP.search(text.encode()):
        return False
    return not (_NOT_PLAIN.match(text) or (ending in (".csv", ".tsv") and _FORMULA.search(text)))
