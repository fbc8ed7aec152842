"""Which files that strangers attach are handed to the staff: of kinds that we read, told by content and not by name,
with nothing in them that runs, fetches or carries another file. The rest stays in the stored e-mail."""

import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress

from lxml import etree

from rollcall.inbound.charsets import decode
from rollcall.inbound.mime import File
from rollcall.model.email import Attachment

MOST_UNPACKED = 20_000_000
"""Bytes that are looked at in a PDF, or in the parts of a package; in more, nobody knows what is there."""
MOST_PARTS = 1000
MOST_STREAMS = 10_000
LONGEST_STEM = 80
NAMELESS = "attachment"

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ANY = "application/octet-stream"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
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

_MARKUP = re.compile(
    rb"<(?:!doctype|!entity|\?xml|\?php|\?=|%|/?(?:html|head|body|script|style|iframe|object|embed|svg|img|form|meta|link|"
    rb"base|applet|[a-z]+:script)[\s/>])|(?:java|vb)script:",
    re.IGNORECASE,
)
_IN_OTHERS = re.compile(rb"<(?:!doctype|\?php|(?:html|body|script|iframe|svg)[\s/>])", re.IGNORECASE)
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_FORMULA = re.compile(
    r"(?:^|[,;\t|\r])[ ]*+[\"']?+[ ]*+(?:[=@＝＠]|[+＋－-][^,;\t\r\n|!]{0,500}[|!]|[+＋－-][ ]*+[A-Za-z])", re.MULTILINE
)
_ZIP_END = b"PK\x05\x06"
_ZIP_END_WITHIN = 65_557  # bytes from the file's end (APPNOTE.TXT, 4.3.16)

_PDF_END_WITHIN = 2048
# ISO 32000-1: actions (12.6.4), files within (7.11.4), and what hides these (7.6)
_PDF_ACTIVE = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToE|GoToR|Movie|Sound|Rendition|Encrypt)"
    rb"(?![A-Za-z0-9])"
)
_PDF_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_PDF_STREAM = re.compile(rb"\bstream[ \t]*+\r?\n?")
_PDF_OBJECTS = re.compile(rb"/ObjStm(?![A-Za-z0-9])|/First\s++\d++(?!\s++\d++\s++R)")
_PDF_OTHER_FILTER = re.compile(rb"/(?:ASCII\w+|AHx|A85|LZW\w*|RunLength\w*|RL|Crypt|DecodeParms|DP|F)(?!\w)")
_PDF_BLANK = b"\x00\t\n\x0c\r "
_LONGEST_DICTIONARY = 4096
_PIECE = 16_384

_PARTS = re.compile(
    r"(?:.*\.(?:xml|rels|png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|vml|odttf|rdf|psmdcp|sigs)|.*/printersettings\d+\.bin|"
    r"mimetype|.*/)"
)
_ACTIVE_PARTS = re.compile(
    r"vba|macrosheet|dialogsheet|activex|embeddings|externallink|connections|querytable|customui|ctrlprop|"
    r"(?:^|/)(?:scripts|basic)/"
)
_ACTIVE_XML = re.compile(
    rb"macroenabled|macrosheet|dde-link|<!(?:doctype|entity)|<script:|"
    rb"(?:_xlfn\.(?:_xlws\.)?|=\s*+(?:COM\.MICROSOFT\.)?)(?:WEBSERVICE|IMAGE|DDE)\s*+\(",
    re.IGNORECASE,
)
_ACTIVE_FIELD = re.compile(r"(?:\A|\s)(?:DDE(?:AUTO)?|INCLUDE(?:TEXT|PICTURE)|IMPORT|LINK|DATABASE)\s")
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
_ACTIVE_RELATIONS = (
    "/aFChunk",
    "/oleObject",
    "/package",
    "/control",
    "/vbaProject",
    "/attachedTemplate",
    "/frame",
    "/subDocument",
)


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
    return Attachment(f"{_stem(name)}{ending}", type, file.content)


def _stem(name: str) -> str:
    """Without ending, and with nothing that a program takes for one, for a path or for another direction."""
    stem = re.sub(r"\.\w{1,8}\Z", "", name)
    return "".join(map(_harmless, stem))[:LONGEST_STEM].strip(" _") or NAMELESS


def _harmless(character: str) -> str:
    is_mark = unicodedata.category(character).startswith("M")
    return character if character.isalnum() or is_mark or character in " -_(),&+'’" else "_"


def _kind(name: str, content: bytes) -> tuple[str, str] | None:
    """Ending and media type."""
    if content.startswith(b"PK\x03\x04"):
        return _package(content)
    if _ZIP_END in content[-_ZIP_END_WITHIN:]:
        return None  # an archive, whatever it begins with
    if content.startswith(b"%PDF-"):
        return (".pdf", "application/pdf") if _is_quiet_pdf(content) else None
    for begins, ending, type in _PICTURES:
        if begins.match(content):
            return None if _IN_OTHERS.search(content) else (ending, type)
    _, dot, ending = name.lower().rpartition(".")
    plain = _PLAIN.get(f".{ending}" if dot else "")
    return plain if plain and _is_plain_text(content, plain[0]) else None


def _is_plain_text(content: bytes, ending: str) -> bool:
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = content.decode("utf-16") if is_wide else decode(content, "")[0]
    if _CONTROLS.search(text.encode() if is_wide else content) or _MARKUP.search(text.encode()):
        return False
    begins = text.lstrip("\ufeff \t\r\n")[:5]
    if not begins or begins.startswith(("#!", "{\\rtf")):
        return False
    return ending not in (".csv", ".tsv") or not _FORMULA.search(text)


def _is_quiet_pdf(content: bytes) -> bool:
    plain = _PDF_ESCAPE.sub(_unescaped, content)
    if b"%%EOF" not in content[-_PDF_END_WITHIN:] or _IN_OTHERS.search(content[:1024]) or _PDF_ACTIVE.search(plain):
        return False
    # those that are packed in another way than by Flate alone are not looked into below
    for number, objects in enumerate(_PDF_OBJECTS.finditer(plain)):
        begins = plain.rfind(b"obj", max(0, objects.start() - _LONGEST_DICTIONARY), objects.start())
        ends = plain.find(b"stream", objects.end(), objects.end() + _LONGEST_DICTIONARY)
        is_odd = begins >= 0 and ends >= 0 and _PDF_OTHER_FILTER.search(plain, begins, ends)
        if is_odd or number >= MOST_STREAMS:
            return False
    return not any(_PDF_ACTIVE.search(_PDF_ESCAPE.sub(_unescaped, objects)) for objects in _packed_objects(content))


def _unescaped(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 16)])


def _packed_objects(content: bytes) -> Iterator[bytes]:
    """Whatever a stream may pack that begins with a number (7.5.7), or a comment: pictures do not. Raises `ValueError`
    where it is too much."""
    left = MOST_UNPACKED
    for number, stream in enumerate(_PDF_STREAM.finditer(content)):
        unpacking, unpacked, begins = zlib.decompressobj(), bytearray(), b""
        with suppress(zlib.error):
            for at in range(stream.end(), len(content), _PIECE):
                piece = unpacking.decompress(content[at : at + _PIECE], left)
                unpacked += piece
                begins = begins or piece.lstrip(_PDF_BLANK)[:1]
                if unpacking.eof or len(unpacked) >= left or (begins and begins not in b"0123456789%"):
                    break
        left -= len(unpacked)
        if left <= 0 or number >= MOST_STREAMS:
            raise ValueError("too much to look at")
        yield bytes(unpacked)


def _package(content: bytes) -> tuple[str, str] | None:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        entries = packed.infolist()
        names = [entry.filename.lower().replace("\\", "/") for entry in entries]
        if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
            return None
        if len(set(names)) < len(names) or any(entry.flag_bits & 1 for entry in entries):
            return None  # two parts of one name, or encrypted
        if not all(_PARTS.fullmatch(name) and not _ACTIVE_PARTS.search(name) for name in names):
            return None
        for entry, name in zip(entries, names, strict=True):
            if name.endswith((".xml", ".rels", ".vml", ".rdf")) and _is_active(name, packed.read(entry)):
                return None
        if "content.xml" in names and packed.read("mimetype") == _ODS.encode():
            return ".ods", _ODS
    if "[content_types].xml" not in names:
        return None
    if "word/document.xml" in names:
        return ".docx", _WORD
    return (".xlsx", _SHEET) if "xl/workbook.xml" in names else None


def _is_active(name: str, xml: bytes) -> bool:
    """Or in an encoding in which we would not see it."""
    if b"\x00" in xml or _ACTIVE_XML.search(xml):
        return True
    if name.endswith(".rels"):
        return any(map(_is_active_relation, etree.fromstring(xml, _PARSER).iter("{*}Relationship")))
    if b"instr" not in xml:
        return False
    document = etree.fromstring(xml, _PARSER)
    pieces = "".join(map(_piece, document.iter("{*}instrText", "{*}fldChar")))
    whole = " ".join(value for one in document.iter("{*}fldSimple") for value in one.values())
    return _ACTIVE_FIELD.search(f"{pieces} {whole} ".upper()) is not None


def _piece(of_field: etree._Element) -> str:
    return " " if str(of_field.tag).endswith("fldChar") else "".join(of_field.itertext())


def _is_active_relation(relation: etree._Element) -> bool:
    type: str = relation.get("Type", "")
    if relation.get("TargetMode", "").lower() == "external":
        return not type.endswith("/hyperlink")
    return type.endswith(_ACTIVE_RELATIONS)
