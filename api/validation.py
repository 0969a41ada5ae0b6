"""What pydantic found wrong with a request, as the parts of a problem.

Where every entry is about one thing (masses, check digits, identifiers) the problem is of that
thing's own type; a mixture is an `invalid-request`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from park.errors import CheckDigitError, IdentifierError
from park.scans import describe

_MASSES = frozenset({"qty_kg", "loss_kg"})
_MOST_ENTRIES = 20
_LONGEST_DETAIL = 300


def validation_problem(errors: Sequence[Any]) -> tuple[str, str, list[dict[str, str]]]:
    """Slug, detail and `errors` member for pydantic's list of errors.

    What the client sent is never repeated as a whole: it may be large, or no Unicode.
    """
    first: Mapping[str, Any] = errors[0]
    if first["type"] == "json_invalid":
        context = first.get("ctx", {})
        return "malformed-json", f"{context.get('error')} at character {first['loc'][-1]}", []
    slugs = {_slug(error) for error in errors}
    entries = [
        {"pointer": _pointer(error["loc"]), "detail": _detail(error)}
        for error in errors[:_MOST_ENTRIES]
    ]
    slug = slugs.pop() if len(slugs) == 1 else "invalid-request"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return slug, f"{entries[0]['pointer']}: {entries[0]['detail']}{more}", entries


def _slug(error: Mapping[str, Any]) -> str:
    cause = getattr(error.get("ctx", {}).get("error"), "__cause__", None)
    if isinstance(cause, CheckDigitError):
        return "wrong-check-digit"
    if isinstance(cause, IdentifierError):
        return "invalid-identifier"
    given = error["type"] not in {"missing", "extra_forbidden"}
    return "invalid-mass" if given and error["loc"][-1] in _MASSES else "invalid-request"


def _detail(error: Mapping[str, Any]) -> str:
    return _clean(describe(error)[:_LONGEST_DETAIL])


def _pointer(loc: Sequence[str | int]) -> str:
    """`#/inputs/0/qty_kg` (RFC 6901) for the body, `query/limit` for a parameter."""
    where, *steps = [_clean(str(step)) for step in loc]
    if where != "body":
        return "/".join((where, *steps))
    return "#" + "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def _clean(text: str) -> str:
    """Without lone surrogates, which JSON can carry and UTF-8 can't."""
    return text.encode(errors="replace").decode()
