"""HTML as text."""

import re


def text_of_html(html: str) -> str:
    """The text that the HTML shows."""
    return re.sub(r"<[^>]*>", " ", html)
