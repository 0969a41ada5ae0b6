"""JSON-LD contexts: what the prefixes in a document's names stand for.

Contexts elsewhere are never fetched: GS1's own is known here, any other is kept as a name. So is
what a context says beyond prefixes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

GS1_CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
NAMESPACE = "https://agripark.example/epcis/"
"""Of agripark's own fields, prefix `agripark`; `.example` belongs to nobody, so nobody is cited."""

GS1_PREFIXES: Mapping[str, str] = {
    "epcis": "https://ref.gs1.org/epcis/",
    "cbv": "https://ref.gs1.org/cbv/",
    "cbvmda": "urn:epcglobal:cbv:mda:",
    "gs1": "https://gs1.org/voc/",
    "dcterms": "http://purl.org/dc/terms/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "schema": "http://schema.org/",
}
"""What GS1's context declares."""

_DELIMITERS = ("/", "#", ":")
_PREFIX = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_OF_GS1 = re.compile(
    r"https?://(?:ref\.gs1\.org/standards/epcis|gs1\.github\.io/EPCIS|id\.gs1\.org)/.*\.jsonld"
)
_MOST_STEPS = 4
"""A prefix may be declared by another; chains are short, rings are nonsense."""


@dataclass(frozen=True, slots=True)
class Context:
    """A context: as it came, and its prefixes."""

    value: Any
    """The JSON of `@context`."""
    prefixes: Mapping[str, str]
    """Namespace by prefix, GS1's among them."""
    terms: Mapping[str, str] = field(default_factory=dict)
    """Address by name, of names that stand without a prefix."""
    _longest_first: Sequence[tuple[str, str]] = field(default=(), repr=False, compare=False)

    @classmethod
    def of(cls, value: Any) -> "Context":
        """The context that `@context` holds; what isn't one declares nothing."""
        prefixes = dict(GS1_PREFIXES)
        terms: dict[str, str] = {}
        for part in _as_list(value):
            if isinstance(part, Mapping):
                terms.update(_addresses(part, prefixes))
                prefixes.update(_declared(part, prefixes))
        by_length = sorted(prefixes.items(), key=lambda item: -len(item[1]))
        return cls(value, prefixes, terms, by_length)

    def within(self, value: Any) -> "Context":
        """The context of a part that has its own `@context` besides this one.

        What is declared last holds (JSON-LD 1.1, section 4.1.1).
        """
        if value is None or value == self.value:
            return self
        outer = _as_list(self.value)
        added = [part for part in _as_list(value) if not self._says(part, outer)]
        return Context.of([*outer, *added]) if added else self

    def _says(self, part: Any, outer: Sequence[Any]) -> bool:
        if part not in outer:
            return False
        if not isinstance(part, Mapping):
            return True
        # Another part of the outer context may have declared it anew.
        declared = _declared(part, self.prefixes).items()
        return all(self.prefixes.get(prefix) == namespace for prefix, namespace in declared)

    def expand(self, name: str) -> str:
        """The full name; a name that isn't declared, or whose prefix isn't, as it is."""
        prefix, colon, local = name.partition(":")
        if not colon:
            return self.terms.get(name, name)
        namespace = self.prefixes.get(prefix)
        return name if namespace is None or local.startswith("//") else f"{namespace}{local}"

    def compact(self, full: str) -> str:
        """The name with its prefix; as it is where no prefix fits."""
        for prefix, namespace in self._longest_first:
            if full.startswith(namespace) and len(full) > len(namespace):
                local = full[len(namespace) :]
                if not local.startswith("//"):
                    return f"{prefix}:{local}"
        return full


def merged(contexts: Iterable[Context]) -> Context | None:
    """One context that means for each event what its own meant; None where there is none.

    Prefixes of different names join. What is more than prefixes, and contexts elsewhere that only
    some have, may change what others' names mean: such contexts stay apart.
    """
    several = list(contexts)
    if several and all(context.value == several[0].value for context in several):
        return several[0]
    prefixes: dict[str, str] = {}
    for context in several:
        for prefix, namespace in context.prefixes.items():
            if prefixes.setdefault(prefix, namespace) != namespace:
                return None
    if len({_elsewhere(context) for context in several}) > 1:
        return None
    if any(_lone_terms(context) != _lone_terms(several[0]) for context in several):
        return None
    parts: list[Any] = []
    for part in (part for context in several for part in _as_list(context.value)):
        if isinstance(part, Mapping) and len(_declared(part, prefixes)) < len(part):
            return None
        if part not in parts and not (_is_of_gs1(part) and any(map(_is_of_gs1, parts))):
            parts.append(part)
    return Context.of(parts)


def _lone_terms(context: Context) -> Mapping[str, str]:
    """Names that stand for an address as they are, which no prefix would."""
    terms = context.terms.items()
    return {name: address for name, address in terms if not address.endswith(_DELIMITERS)}


def _elsewhere(context: Context) -> tuple[str, ...]:
    """Contexts that aren't known here, in their order."""
    parts = _as_list(context.value)
    return tuple(part for part in parts if isinstance(part, str) and not _is_of_gs1(part))


def _is_of_gs1(part: Any) -> bool:
    return isinstance(part, str) and _OF_GS1.fullmatch(part) is not None


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _declared(part: Mapping[Any, Any], known: Mapping[str, str]) -> dict[str, str]:
    """The prefixes that an object of a context declares, also those made with other prefixes."""
    return {prefix: namespace_of(full) for prefix, full in _addresses(part, known).items()}


def _addresses(part: Mapping[Any, Any], known: Mapping[str, str]) -> dict[str, str]:
    """The addresses that names of an object of a context stand for."""
    found: dict[str, str] = {}
    for name, meaning in part.items():
        address = meaning.get("@id") if isinstance(meaning, Mapping) else meaning
        is_named = isinstance(name, str) and _PREFIX.fullmatch(name)
        if is_named and isinstance(address, str) and ":" in address:
            found[name] = address
    return {name: _resolved(name, address, {**known, **found}) for name, address in found.items()}


def namespace_of(address: str) -> str:
    """What stands before the names of a namespace.

    Without a delimiter at its end namespace and name couldn't be told apart again.
    """
    return address if address.endswith(_DELIMITERS) else f"{address}:"


def _resolved(term: str, address: str, known: Mapping[str, str]) -> str:
    for _ in range(_MOST_STEPS):
        prefix, colon, local = address.partition(":")
        if not colon or prefix == term or prefix not in known or local.startswith("//"):
            break
        address = f"{known[prefix]}{local}"
    return address


DEFAULT = Context.of(GS1_CONTEXT)
"""Of documents that use nothing but the standard."""

OWN = Context.of([GS1_CONTEXT, {"agripark": NAMESPACE}])
"""Of agripark's own events."""


def context_of(body: Mapping[str, Any]) -> Context:
    """The context of a stored event; those of the first release have none, and are our own."""
    return Context.of(body["@context"]) if "@context" in body else OWN
