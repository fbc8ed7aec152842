"""Bytes into text, whatever charset the e-mail declares."""

import codecs
import encodings
import re
from encodings.aliases import aliases
from functools import cache, lru_cache
from pkgutil import iter_modules
from typing import NamedTuple

from rollcall.model.inbound import Doubt

_ALIASES = {
    # What programs mean by these, as browsers have found out (WHATWG Encoding Standard, 4.2)
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
}
_LABELS = {
    "ks-c-5601-1987": "cp949",
    "macintosh": "mac_roman",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
}
_NOT_CHARSETS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
_SEVEN_BIT = re.compile(r"iso2022|utf-7|utf-16|utf-32|hz")  # other charsets say in ASCII bytes what ASCII says
_MULTIBYTE = re.compile(r"iso2022|utf-7|utf-16|utf-32|hz|gb|big5|euc|cp949|cp932|johab|shift_jis")
_WIDE = re.compile(r"utf-16|utf-32")

_WESTERN = (frozenset("àâçéèêëîïôùûüÿœæäößÀÂÇÉÊËÎÏÔÙÛÜŒÆÄÖ"), frozenset("áéíóúñüÁÉÍÓÚÑÜ"))
"""French or German, or Spanish. Other languages of windows-1252 have letters that stand for Central European ones."""
_SIGNS = frozenset("’‘“”–—…€«»¿¡ºª°·•§\xa0")
_NOT_WESTERN = re.compile(r"[^\W\d_a-z]{3}|ñ(?![aeiouáéíóú])", re.IGNORECASE)
_UNSTORABLE = re.compile("[\u2060\0\ud800-\udfff]")  # neither Firestore nor JSON takes a lone surrogate


class Decoded(NamedTuple):
    text: str
    doubts: tuple[Doubt, ...] = ()


def text_of(content: bytes, charset: str = "") -> str:
    return decode(content, charset).text


def decode(content: bytes, charset: str = "") -> Decoded:
    """Valid UTF-8 beyond ASCII is UTF-8, unless a multibyte charset is declared. Else the declared charset; else what
    damages least; else a guess: windows-1252, or what old Macs wrote."""
    declared = _codec(charset)
    if declared == "ascii" or (_WIDE.match(declared) and b"\0" not in content):
        declared = ""
    if content.isascii() and not _SEVEN_BIT.match(declared):
        return Decoded(clean(content.decode("ascii")))
    tried = (declared, "utf-8") if _MULTIBYTE.match(declared) else ("utf-8", declared)
    for codec in filter(None, tried):
        try:
            return Decoded(clean(content.decode(codec).removeprefix("\ufeff")))
        except ValueError:  # Python's codecs raise others than UnicodeDecodeError, too
            continue
    damaged = _damaged(content, declared)
    return Decoded(damaged) if damaged else _guessed(content)


def clean(text: str) -> str:
    """Stores accept neither NUL nor lone surrogates. Word joiners are our e-mails' own (rollcall/emails/wording.py)."""
    return _UNSTORABLE.sub("", text)


@lru_cache(maxsize=100)
def _codec(charset: str) -> str:
    label = re.sub(r"[\s\"'_]+", "-", charset.strip(" \t\r\n\"'").lower()[:40])
    label = re.sub(r"^(cp|windows|win)-?(?=\d)", "cp", label)
    for name in (_LABELS.get(label), label, label.removeprefix("x-")):
        if not name or _normal(name) not in _codecs():
            continue
        try:
            codec = codecs.lookup(name).name
        except (LookupError, ValueError):
            continue
        return "" if codec in _NOT_CHARSETS or not _is_of_text(codec) else _ALIASES.get(codec, codec)
    return ""


@cache
def _codecs() -> frozenset[str]:
    """Python looks for a module of each name that it does not know, and remembers each for good."""
    return frozenset(map(_normal, (*aliases, *(module.name for module in iter_modules(encodings.__path__)))))


def _normal(name: str) -> str:
    return encodings.normalize_encoding(name).replace(".", "_")


def _is_of_text(codec: str) -> bool:
    try:
        b"\0".decode(codec)
    except LookupError:
        return False
    except ValueError:
        return True
    return True


def _damaged(content: bytes, declared: str) -> str:
    """Less than a tenth of what is not ASCII may be unreadable; else empty."""
    for codec in filter(None, ("utf-8", declared)):
        text = content.decode(codec, "replace")
        if text.count("\ufffd") * 10 <= len(text) - len(text.encode("ascii", "ignore")):
            return clean(text)
    return ""


def _guessed(content: bytes) -> Decoded:
    """No doubt where all letters are of one western language."""
    old_mac = b"\r" in content and b"\n" not in content
    text = clean(content.decode("mac_roman" if old_mac else "cp1252", "replace"))
    letters = {character for character in text if not character.isascii()} - _SIGNS
    western = any(letters <= language for language in _WESTERN) and not _NOT_WESTERN.search(text)
    return Decoded(text, () if western else (Doubt.CHARSET_GUESSED,))
