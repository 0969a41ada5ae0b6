"""What callers hand in to ask with: limits, texts and page tokens.

Paging is by keyset: an opaque token holds the sort key of the last item, so that new items shift
nothing.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from traceability.errors import QueryError

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 1000
_BEYOND = 2**63

Key = Sequence[str | int]


def check_limit(limit: int) -> None:
    """Raise QueryError `bad-limit` unless it is within 1 and LARGEST_LIMIT."""
    if not 1 <= limit <= LARGEST_LIMIT:
        msg = f"limit {limit} is out of range; take 1 to {LARGEST_LIMIT}"
        raise QueryError("bad-limit", msg)


def write_token(key: Key) -> str:
    """The token of a page that begins after that key."""
    text = json.dumps(list(key), separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_token(token: str, types: Sequence[type[str] | type[int]]) -> list[str | int]:
    """The key in a token, of these types. Raises QueryError `bad-page-token`."""
    try:
        padded = token + "=" * (-len(token) % 4)
        key = json.loads(urlsafe_b64decode(padded.encode("ascii")))
    except (binascii.Error, UnicodeError, ValueError, RecursionError) as error:
        raise bad_token(token) from error
    if not isinstance(key, list) or [type(part) for part in key] != list(types):
        raise bad_token(token)
    if not all(_fits(part) for part in key):
        raise bad_token(token)
    return key


def check_texts(*texts: str | None) -> None:
    """Raise QueryError `bad-text` for characters that no database stores alike."""
    for text in texts:
        if text is not None and not _fits(text):
            msg = f"{text!r} has a character that stands in no identifier"
            raise QueryError("bad-text", msg)


def _fits(value: str | int) -> bool:
    """Whether both databases can compare with it: no NUL, no half character, 64 bits."""
    if isinstance(value, int):
        return abs(value) < _BEYOND
    return "\0" not in value and value.encode(errors="replace").decode() == value


def bad_token(token: str) -> QueryError:
    """QueryError `bad-page-token`, for a token whose parts make no sense."""
    msg = f"{token!r} is no page token; take next_token of the page before, or none"
    return QueryError("bad-page-token", msg)
