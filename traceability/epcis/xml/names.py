"""Names of extensions: `prefix:name` in JSON, namespace and name in XML.

JSON-LD joins a namespace and a name, so a namespace must end in a delimiter there; XML keeps both
apart, so it needn't. One that doesn't gets a colon in JSON, which XML does without again: in XML
`urn:epcglobal:cbv:mda` is what GS1's context calls `urn:epcglobal:cbv:mda:`.

Characters that XML can't have in a name are written as `_x0020_`.
"""

import re
from collections.abc import Mapping
from typing import Any

from traceability.epcis.contexts import GS1_CONTEXT, GS1_PREFIXES, Context, namespace_of
from traceability.epcis.xml.elements import EPCIS, EPCIS_QUERY, STANDARD, XSD, XSI

_SILENT = STANDARD | {
    XSD,
    XSI,
    "http://www.w3.org/XML/1998/namespace",
    "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader",
}
"""Namespaces of XML's and the standard's own machinery."""
_PREFIX = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_FULL_NAME = re.compile(r"(.+[/#:])([^/#:]+)", re.DOTALL)
_ENCODED = re.compile(r"_x([0-9A-Fa-f]{4}|[0-9A-Fa-f]{8})_", re.ASCII)
_UNSAFE = re.compile(
    r"^[^A-Za-z_\u4e00-\u9fa5]|[^A-Za-z0-9_.\u4e00-\u9fa5-]|_(?=x[0-9A-Fa-f]{4,8}_)"
)
_LARGEST = 0x10FFFF


class Prefixes:
    """Of a document that is read: which prefix stands for which namespace in the JSON."""

    def __init__(self, declared: Mapping[str, str]) -> None:
        self._prefix_of = {namespace: prefix for prefix, namespace in GS1_PREFIXES.items()}
        self._own: dict[str, str] = {}
        for prefix, namespace in declared.items():
            if namespace not in _SILENT:
                self._add(namespace_of(namespace), prefix)

    def name(self, namespace: str, local: str) -> str:
        """The name in JSON."""
        local = _ENCODED.sub(_decoded, local)
        return f"{self._add(namespace_of(namespace), 'ns')}:{local}" if namespace else local

    def _add(self, namespace: str, wanted: str) -> str:
        found = self._prefix_of.get(namespace)
        if found is not None:
            return found
        prefix, number = wanted, 1
        while not _PREFIX.fullmatch(prefix) or prefix in GS1_PREFIXES or prefix in self._own:
            number += 1
            prefix = f"{wanted if _PREFIX.fullmatch(wanted) else 'ns'}{number}"
        self._prefix_of[namespace] = prefix
        self._own[prefix] = namespace
        return prefix

    def context(self) -> Any:
        """What `@context` says."""
        return [GS1_CONTEXT, dict(self._own)] if self._own else [GS1_CONTEXT]


class Namespaces:
    """Of a document that is written: which namespaces it uses, and the prefix of each."""

    def __init__(self) -> None:
        self.prefix_of = {EPCIS: "epcis", EPCIS_QUERY: "epcisq", XSI: "xsi", XSD: "xsd"}

    def split(self, name: str, context: Context) -> tuple[str, str]:
        """Namespace and name of a name in JSON; a name that isn't declared has no namespace."""
        name = context.terms.get(name, name)
        prefix, colon, local = name.partition(":")
        if not colon:
            return "", _encoded(name)
        namespace = None if local.startswith("//") else context.prefixes.get(prefix)
        if namespace is None or not local:
            match = _FULL_NAME.fullmatch(name)
            if match is None:
                return "", _encoded(name)
            (namespace, local), prefix = match.groups(), "ns"
        namespace = namespace.removesuffix(":") or namespace
        self._add(namespace, prefix)
        return namespace, _encoded(local)

    def _add(self, namespace: str, wanted: str) -> None:
        if namespace in self.prefix_of:
            return
        taken = set(self.prefix_of.values())
        usable = bool(_PREFIX.fullmatch(wanted)) and not wanted.lower().startswith("xml")
        stem = wanted if usable else "ns"
        prefix, number = stem, 1
        while prefix in taken:
            number += 1
            prefix = f"{stem}{number}"
        self.prefix_of[namespace] = prefix


def _encoded(name: str) -> str:
    return _UNSAFE.sub(lambda match: _code(match[0]), name)


def _code(character: str) -> str:
    number = ord(character)
    return f"_x{number:04X}_" if number <= 0xFFFF else f"_x{number:08X}_"  # noqa: PLR2004 - four digits


def _decoded(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if number <= _LARGEST and not 0xD800 <= number <= 0xDFFF else match[0]  # noqa: PLR2004 - surrogates
