"""The GS1 headers of the EPCIS 2.0 REST binding, in and out.

Only version 2.0 of EPCIS and CBV is spoken here; who insists on another gets 406.
"""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from importlib.metadata import version
from types import MappingProxyType
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ProblemError
from traceability.epcis.contexts import GS1_CONTEXT, NAMESPACE, Context
from traceability.epcis.translation import IdentifierForm
from traceability.epcis.xml.writing import WordForm

C = TypeVar("C", bound=StrEnum)

_SPOKEN = (2, 0)
_VERSION = re.compile(r"(\d{1,3})(?:\.(\d{1,3}))?(?:\.\d{1,3})?", re.ASCII)
_BINDING = re.compile(r"/epcis(?:/|\Z)")
_CAPTURES = re.compile(r"/epcis/(?:capture(?:/.*)?|events)", re.DOTALL)
_EXTENSION = re.compile(r'\s*([\w.-]+)\s*[=:]\s*"?([^\s,;"]+)"?\s*', re.ASCII)

SPOKEN: Mapping[str, str] = MappingProxyType(
    {
        "GS1-EPCIS-Version": "2.0",
        "GS1-EPCIS-Min": "2.0",
        "GS1-EPCIS-Max": "2.0",
        "GS1-CBV-Version": "2.0",
        "GS1-CBV-Min": "2.0",
        "GS1-CBV-Max": "2.0",
        "GS1-Vendor-Version": f"agripark-{version('agripark')}",
    }
)
"""The versions that are spoken here."""

DISCOVERY: Mapping[str, str] = MappingProxyType(
    {
        **SPOKEN,
        "GS1-EPC-Format": "No_Preference",
        "GS1-CBV-XML-Format": "No_Preference",
        "GS1-Extensions": f"agripark={NAMESPACE}",
    }
)
"""What OPTIONS says everywhere, and any answer where the request asks for nothing else."""


class EpcisHeaders:
    """Adds what GS1's OpenAPI file lists at every answer under `/epcis`, where an answer lacks it.

    The forms are those that were asked for, else those of DISCOVERY. Addresses that capture tell
    their limits, too.
    """

    def __init__(self, app: ASGIApp, limits: Mapping[str, str]) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer with the headers."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not _BINDING.match(path):
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                limits = self._limits if _CAPTURES.fullmatch(path) else {}
                for name, value in {**_said(asked), **limits}.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _said(asked: Headers) -> Mapping[str, str]:
    """DISCOVERY with the forms that a request asks for in their place, where those can be read."""
    said = dict(DISCOVERY)
    readers: Mapping[str, Callable[[str], str]] = {
        "GS1-EPC-Format": lambda text: read_epc_format(text).value,
        "GS1-CBV-XML-Format": lambda text: read_word_form(text).value,
        "GS1-Extensions": lambda text: text if read_extensions(text) else "",
    }
    for name, read in readers.items():
        text = ", ".join(asked.getlist(name)).strip()
        if text:
            with suppress(ProblemError):
                said[name] = read(text)
    return said


def read_epc_format(text: str | None) -> IdentifierForm:
    """The form that a header asks for; as captured where there is none. Raises ProblemError.

    The standard's default where neither side has a preference is Digital Link.
    """
    asked = _choice("GS1-EPC-Format", IdentifierForm, text, IdentifierForm.NEVER)
    return IdentifierForm.ALWAYS_LINK if asked is IdentifierForm.NO_PREFERENCE else asked


def read_word_form(text: str | None) -> WordForm:
    """The form that a header asks for. Raises ProblemError."""
    return _choice("GS1-CBV-XML-Format", WordForm, text, WordForm.NO_PREFERENCE)


def read_extensions(text: str | None) -> Context:
    """The prefixes of a GS1-Extensions header: `ex=http://…, …` or JSON. Raises ProblemError."""
    prefixes: dict[str, str] = {}
    if text and text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except ValueError as error:
            raise _bad_extensions() from error
        if not all(isinstance(namespace, str) for namespace in found.values()):
            raise _bad_extensions()
        prefixes = found
    elif text:
        for entry in filter(str.strip, re.split("[,;]", text)):
            match = _EXTENSION.fullmatch(entry)
            if match is None:
                raise _bad_extensions()
            prefixes[match[1]] = match[2]
    return Context.of([GS1_CONTEXT, prefixes] if prefixes else GS1_CONTEXT)


async def check_versions(request: Request) -> None:
    """Refuse a request that insists on a version that isn't spoken here. Raises ProblemError."""
    for kind in ("EPCIS", "CBV"):
        exact = _version(request, f"GS1-{kind}-Version")
        least = _version(request, f"GS1-{kind}-Min")
        most = _version(request, f"GS1-{kind}-Max")
        fits = (
            (exact is None or exact == _SPOKEN)
            and (least is None or least <= _SPOKEN)
            and (most is None or most >= _SPOKEN)
        )
        if not fits:
            raise ProblemError(
                "NotAcceptableException",
                f"{kind} 2.0 is spoken here; the request insists on another version",
                headers=DISCOVERY,
            )


def _version(request: Request, name: str) -> tuple[int, int] | None:
    text = request.headers.get(name)
    if text is None:
        return None
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise ProblemError("ValidationException", f"{name}: {text[:50]!r} is no version, as 2.0")
    return int(match[1]), int(match[2] or 0)


def _choice(name: str, kind: type[C], text: str | None, default: C) -> C:
    if text is None or not text.strip():
        return default
    for choice in kind:
        if choice.value.lower() == text.strip().lower():
            return choice
    known = ", ".join(choice.value for choice in kind)
    raise ProblemError("ValidationException", f"{name}: {text[:50]!r} is none of {known}")


def _bad_extensions() -> ProblemError:
    return ProblemError(
        "ValidationException",
        "GS1-Extensions: takes prefix=namespace, parted by commas: ex=http://ns.example.com/epcis/",
    )


async def _epc_format(request: Request) -> IdentifierForm:
    return read_epc_format(request.headers.get("GS1-EPC-Format"))


async def _extensions(request: Request) -> Context:
    return read_extensions(", ".join(request.headers.getlist("GS1-Extensions")))


EpcFormatAsked = Annotated[IdentifierForm, Depends(_epc_format)]
Extensions = Annotated[Context, Depends(_extensions)]
