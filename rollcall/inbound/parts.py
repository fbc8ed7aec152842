"""What a message is made of, once it is taken apart."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class File:
    """A file in a message."""

    name: str
    """As the sender named it, without any path; empty where it has none."""
    type: str
    """Its media type in lower case, without parameters, as the sender said."""
    content: bytes
    inline: bool = False
    """Whether it is shown within the text (a logo, say), rather than attached."""


@dataclass(frozen=True)
class Parts:
    """The parts of a message, as far as they could be taken apart."""

    plain: tuple[str, ...] = ()
    """Its texts, decoded."""
    html: tuple[str, ...] = ()
    """Its HTML, decoded. Where a text and an HTML are two forms of one (multipart/alternative), both are here."""
    files: tuple[File, ...] = ()
    within: tuple["Parts", ...] = field(default=())
    """The messages that are attached to it or forwarded in it (message/rfc822)."""
