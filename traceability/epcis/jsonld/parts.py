"""Parts of a document: JSON objects whose fields are read one by one, and whose faults add up.

A part remembers which of its fields were read. What is left is extensions, or a mistake. Nothing
here raises: what can't be read is noted with its path and read as absent.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any, TypeVar

from park.times import parse_instant
from traceability.epcis.contexts import Context
from traceability.epcis.identifiers import canonical
from traceability.epcis.jsonld.faults import Faults
from traceability.epcis.jsonld.json_values import (
    inner_context,
    kept,
    number_problem,
    shown,
    text_problem,
)
from traceability.epcis.vocabulary import Word, canonical_word, is_known, known_words

T = TypeVar("T")

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f\ud800-\udfff]+")
_SHOWN = 80
_LONGEST_TIME = 100
_OF_THE_CBV = ("urn:epcglobal:cbv:", "https://ns.gs1.org/cbv/", "http://ns.gs1.org/cbv/")
"""Addresses that GS1's schema keeps to the words of the CBV."""


class Part:
    """One JSON object of a document."""

    __slots__ = ("_body", "_read", "context", "faults", "path")

    def __init__(
        self, body: Mapping[str, Any], path: str, context: Context, faults: Faults
    ) -> None:
        self._body = body
        self._read: set[str] = {"@context"}
        self.path = path
        self.context = context
        self.faults = faults

    def fault(self, name: str, problem: str) -> None:
        """Note what is wrong with a field, or with the part where the name is empty."""
        self.faults.add(self._path(name), problem)

    def _path(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path and name else name or self.path

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing at all."""
        return not self._body

    def has(self, name: str) -> bool:
        """Whether the field is there."""
        return name in self._body

    def require(self, *names: str) -> None:
        """Note fields that are missing."""
        for name in names:
            if name not in self._body:
                self.fault(name, "is missing")

    def raw(self, name: str) -> Any:
        """The field's JSON; None where it is absent or null."""
        self._read.add(name)
        return self._body.get(name)

    def _judged(self, name: str, problem: Callable[[Any], str]) -> Any:
        """The field's JSON; None where it is absent or has a problem, which is noted."""
        self._read.add(name)
        value = self._body.get(name)
        if value is None and name not in self._body:
            return None
        wrong = problem(value)
        if wrong:
            self.fault(name, wrong)
            return None
        return value

    def text(self, name: str) -> str | None:
        """A text that isn't empty."""
        found: str | None = self._judged(name, text_problem)
        return found

    def any_text(self, name: str) -> str | None:
        """A text, which may be empty."""
        if self._body.get(name) == "":
            self._read.add(name)
            return ""
        return self.text(name)

    def matched(self, name: str, pattern: re.Pattern[str], wanted: str) -> str | None:
        """A text of a certain form."""
        value = self.text(name)
        if value is not None and pattern.fullmatch(value) is None:
            self.fault(name, f"{shown(value)} is no {wanted}")
            return None
        return value

    def uri(self, name: str) -> str | None:
        """An address or URN, as it came."""
        found: str | None = self._judged(name, _uri_problem)
        return found

    def identifier(self, name: str) -> str | None:
        """What identifies an object, a class, a place or a party, in its canonical form."""
        value = self.uri(name)
        return None if value is None else canonical(value)

    def identifiers(self, name: str) -> tuple[str, ...]:
        """A list of identifiers, none of which stands there twice in one form."""
        found = []
        for position, value in enumerate(self._list(name)):
            problem = _uri_problem(value)
            if problem:
                self.fault(f"{name}[{position}]", problem)
            else:
                found.append(canonical(value))
        # One thing in two forms is no fault: the schema knows texts only.
        self._check_unique(name, [each for each in self._list(name) if isinstance(each, str)])
        return tuple(found)

    def _check_unique(self, name: str, found: Sequence[str]) -> None:
        if len(set(found)) == len(found):
            return
        seen: set[str] = set()
        for each in found:
            if each in seen:
                self.fault(name, f"names {shown(each)} twice")
                return
            seen.add(each)

    def uris(self, name: str) -> tuple[str, ...]:
        """A list of addresses, as they came."""
        return self._each(name, _uri_problem)

    def mixed(self, name: str, read: Callable[["Part"], T]) -> tuple[str | T, ...]:
        """Addresses and JSON objects: one alone, or a list of them."""
        value = self._judged(name, _mixed_problem)
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            return tuple(self._one_of_mixed(name, value, read))
        return tuple(
            found
            for position, each in enumerate(value)
            for found in self._one_of_mixed(f"{name}[{position}]", each, read)
        )

    def _one_of_mixed(
        self, where: str, value: Any, read: Callable[["Part"], T]
    ) -> Iterator[str | T]:
        if isinstance(value, Mapping):
            yield read(self._inner(value, self._path(where)))
            return
        wrong = _uri_problem(value)
        if wrong:
            self.fault(where, wrong)
        else:
            yield value

    def _each(self, name: str, problem: Callable[[Any], str]) -> tuple[str, ...]:
        found = []
        for position, value in enumerate(self._list(name)):
            wrong = problem(value)
            if wrong:
                self.fault(f"{name}[{position}]", wrong)
            else:
                found.append(value)
        return tuple(found)

    def word(self, name: str, kind: Word) -> str | None:
        """A word of the CBV, bare, or an address of somebody else's."""
        value = self.text(name)
        return None if value is None else self._word(name, kind, value)

    def _word(self, name: str, kind: Word, value: str) -> str | None:
        full = self.context.expand(value) if ":" in value else value
        word = canonical_word(kind, full)
        if is_known(kind, word):
            return word
        if _IRI.fullmatch(full) and not full.startswith(_OF_THE_CBV):
            return full
        if not self.faults.is_full:
            close = get_close_matches(word[:_SHOWN], known_words(kind), 1)
            hint = (
                f"; did you mean {close[0]}?" if close else "; write words of others as addresses"
            )
            self.fault(name, f"{shown(value)} is no {kind.value} of the CBV{hint}")
        return None

    def words(self, name: str, kind: Word) -> tuple[str, ...]:
        """A list of words, each there once, at least one."""
        values = self._list(name)
        if self._body.get(name) == []:
            self.fault(name, "is empty; leave it out")
        kept_words = []
        for position, value in enumerate(values):
            where = f"{name}[{position}]"
            wrong = text_problem(value)
            if wrong:
                self.fault(where, wrong)
                continue
            word = self._word(where, kind, value)
            if word is not None:
                kept_words.append(word)
        self._check_unique(name, kept_words)
        return tuple(kept_words)

    def time(self, name: str) -> datetime | None:
        """A time with an offset."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return parse_instant(value[:_LONGEST_TIME])
        except ValueError as error:
            self.fault(name, str(error))
            return None

    def number(self, name: str) -> float | None:
        """A number that a double holds."""
        found: float | None = self._judged(name, number_problem)
        return found

    def truth(self, name: str) -> bool | None:
        """True or false."""
        found: bool | None = self._judged(name, _truth_problem)
        return found

    def part(self, name: str) -> "Part | None":
        """A JSON object."""
        value = self._judged(name, _object_problem)
        if value is None:
            return None
        return self._inner(value, self._path(name))

    def _inner(self, value: Mapping[str, Any], path: str) -> "Part":
        """An object inside, whose own context counts."""
        return Part(value, path, inner_context(value, path, self.context, self.faults), self.faults)

    def parts(self, name: str, read: Callable[["Part"], T | None]) -> tuple[T, ...]:
        """A list of JSON objects, each read by that function."""
        values = self._list(name)
        if not values:
            return ()
        found = []
        path = self._path(name)
        for position, value in enumerate(values):
            wrong = _object_problem(value)
            if wrong:
                self.fault(f"{name}[{position}]", wrong)
                continue
            item = read(self._inner(value, f"{path}[{position}]"))
            if item is not None:
                found.append(item)
        return tuple(found)

    def _list(self, name: str) -> Sequence[Any]:
        found: Sequence[Any] | None = self._judged(name, _list_problem)
        return () if found is None else found

    def extensions(self, known: frozenset[str] = frozenset()) -> dict[str, Any]:
        """What wasn't read, by full name; names without a namespace are mistakes.

        `known` are names of the standard that don't belong here.
        """
        found: dict[str, Any] = {}
        for name, value in self._body.items():
            if name in self._read:
                continue
            full = self.context.expand(name) if isinstance(name, str) else ""
            if not _is_extension(full):
                self._misplaced(name, known)
                continue
            if full in found:
                self.fault(name[:_SHOWN], f"stands here under another name, too: {full[:_SHOWN]}")
            found[full] = kept(value, self._path(name), self.faults, self.context)
        return found

    def close(self) -> None:
        """Note whatever wasn't read: extensions aren't allowed here."""
        for name in self._body:
            if name not in self._read or name == "@context":
                self.fault(_name_shown(name), "is no field of this part")

    def _misplaced(self, name: Any, known: frozenset[str]) -> None:
        if self.faults.is_full:
            return
        text = _name_shown(name)
        if name in known:
            self.fault(text, "doesn't belong to this type of event")
            return
        close = get_close_matches(text, self._read | known, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        self.fault(
            text, f"is no field of EPCIS, and extensions need a prefix, such as ex:{text}{hint}"
        )


def _is_extension(name: str) -> bool:
    prefix, colon, local = name.partition(":")
    return bool(colon and prefix and local) and _IRI.fullmatch(name) is not None


def _name_shown(name: Any) -> str:
    return name[:_SHOWN] if isinstance(name, str) else shown(name)


def _uri_problem(value: Any) -> str:
    if type(value) is str and _IRI.fullmatch(value):
        return ""
    return text_problem(value) or f"{shown(value)} is no URI"


def _truth_problem(value: Any) -> str:
    return "" if isinstance(value, bool) else f"must be true or false, not {shown(value)}"


def _object_problem(value: Any) -> str:
    return "" if isinstance(value, Mapping) else f"must be an object, not {shown(value)}"


def _mixed_problem(value: Any) -> str:
    fits = isinstance(value, str | Mapping | list | tuple)
    return "" if fits else f"must be an address or a list of such, not {shown(value)}"


def _list_problem(value: Any) -> str:
    return "" if isinstance(value, list | tuple) else f"must be a list, not {shown(value)}"
