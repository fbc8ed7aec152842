"""Bytes into text, with charsets as mail really has them."""

import codecs
import re

_ALIASES = {
    # What programs mean by these, as browsers have found out (WHATWG Encoding Standard, 4.2)
    "ascii": "cp1252",
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

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # neither Firestore nor JSON takes a lone surrogate


def text_of(content: bytes, charset: str = "") -> str:
    """The text that the bytes most likely are, without NUL and lone surrogates.

    Bytes that are UTF-8 beyond ASCII are UTF-8 (by chance they never are), unless they are in a declared multibyte
    charset. Other bytes are what is declared; failing that, what damages least; failing that, windows-1252.
    """
    declared = _codec(charset)
    if _WIDE.match(declared) and b"\0" not in content:
        declared = ""
    if content.isascii() and not _SEVEN_BIT.match(declared):
        return clean(content.decode("ascii"))
    tried = (declared, "utf-8") if _MULTIBYTE.match(declared) else ("utf-8", declared)
    for codec in filter(None, tried):
        try:
            return clean(content.decode(codec).removeprefix("\ufeff"))
        except ValueError:  # Python's codecs raise others than UnicodeDecodeError, too
            continue
    return clean(_damaged(content, declared))


def clean(text: str) -> str:
    """Stores take neither NUL nor lone surrogates."""
    return _UNSTORABLE.sub("", text)


def _codec(charset: str) -> str:
    label = re.sub(r"[\s\"'_]+", "-", charset.strip(" \t\r\n\"'").lower()[:40])
    label = re.sub(r"^(cp|windows|win)-?(?=\d)", "cp", label)
    for name in (_LABELS.get(label), label, label.removeprefix("x-")):
        try:
            codec = codecs.lookup(name or "").name
        except (LookupError, ValueError):
            continue
        return "" if codec in _NOT_CHARSETS or not _is_of_text(codec) else _ALIASES.get(codec, codec)
    return ""


def _is_of_text(codec: str) -> bool:
    """Some codecs make bytes of bytes (`zip`), or text of text (`rot13`)."""
    try:
        b"\0".decode(codec)
    except LookupError:
        return False
    except ValueError:
        return True
    return True


def _damaged(content: bytes, declared: str) -> str:
    """Whatever leaves less than a tenth of what is not ASCII unread."""
    for codec in filter(None, ("utf-8", declared)):
        text = content.decode(codec, "replace")
        if text.count("\ufffd") * 10 <= len(text) - len(text.encode("ascii", "ignore")):
            return text
    return content.decode("cp1252", "replace")
