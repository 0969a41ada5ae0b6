"""Texts as both databases keep and index them."""

import hashlib

_LONGEST = 240
_BEGINNING = 100
"""So much of longer ones stays readable."""


def storable(text: str) -> str:
    """The text as it stands in the index: itself, or its beginning and digest.

    Databases limit what an index can hold; PostgreSQL takes neither NUL nor half characters.
    """
    if len(text) <= _LONGEST and "\0" not in text and (text.isascii() or _is_whole(text)):
        return text
    data = text.encode(errors="surrogatepass")
    beginning = text[:_BEGINNING].replace("\0", "").encode(errors="ignore").decode()
    return f"{beginning} sha256:{hashlib.sha256(data).hexdigest()}"


def _is_whole(text: str) -> bool:
    return text.encode(errors="replace").decode() == text
