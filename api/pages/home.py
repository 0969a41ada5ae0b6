"""The first page: a search form and what it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.models.things import page_address
from api.pages.formats import Formats, day_end, day_start
from park.assets import Destination, Orchard, Park
from park.errors import IdentifierError
from park.gs1 import parse_batch, parse_sscc, sscc_uri
from traceability.errors import QueryError
from traceability.provenance.asking import thing_key
from traceability.views import BatchQuery

FIELDS = ("number", "orchard", "destination", "harvested_from", "harvested_until")
_LONGEST_INPUT = 200


@dataclass(frozen=True, slots=True)
class Search:
    """What the reader typed, the query that it means, and what is wrong with it."""

    typed: Mapping[str, str]
    query: BatchQuery | None
    wrong: Mapping[str, str] = field(default_factory=dict)
    """For each field that can't be used, the key of the wording that says why."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not any(self.typed.values())


def read_search(parameters: Mapping[str, str], park: Park) -> Search:
    """The search that the form's parameters ask for."""
    typed = {name: parameters.get(name, "").strip()[:_LONGEST_INPUT] for name in FIELDS}
    wrong: dict[str, str] = {}

    def read_day(name: str, latest: bool) -> datetime | None:  # noqa: FBT001 - private
        try:
            return (day_end if latest else day_start)(typed[name]) if typed[name] else None
        except ValueError:
            wrong[name] = "bad_date"
            return None

    orchard = find_orchard(typed["orchard"], park)
    if typed["orchard"] and orchard is None:
        wrong["orchard"] = "bad_orchard"
    destination = find_destination(typed["destination"], park)
    if typed["destination"] and destination is None:
        wrong["destination"] = "bad_destination"
    query = BatchQuery(
        number=_printable(typed["number"]) or None,
        orchard=orchard,
        destination=destination,
        harvested_from=read_day("harvested_from", latest=False),
        harvested_until=read_day("harvested_until", latest=True),
    )
    return Search(typed, None if wrong else query, wrong)


def find_orchard(text: str, park: Park) -> str | None:
    """The id of the orchard that has this id, registration or name in either language."""
    wanted = text.casefold()
    for orchard in park.of_type(Orchard):
        names = (orchard.id, orchard.registration, orchard.name.en, orchard.name.zh)
        if wanted in {name.casefold() for name in names}:
            return orchard.id
    return None


def find_destination(text: str, park: Park) -> str | None:
    """The id of the destination that has this id, country code or name in either language."""
    wanted = text.casefold()
    for place in park.of_type(Destination):
        names = (place.id, place.country, place.name.en, place.name.zh)
        if wanted in {name.casefold() for name in names}:
            return place.id
    return None


def direct_address(number: str) -> str | None:
    """The page of the thing whose whole number was typed; None for a part of one."""
    for read in (thing_key, _sscc_key, _batch_key):
        try:
            address = page_address(read(number))
        except (IdentifierError, QueryError, ValueError):
            continue
        if address is not None:
            return address
    return None


def _sscc_key(number: str) -> str:
    return sscc_uri(parse_sscc(number))


def _batch_key(number: str) -> str:
    return parse_batch(number).uri


def orchard_choices(park: Park, formats: Formats) -> Sequence[tuple[str, str]]:
    """Name and registration of every orchard, to choose from while typing."""
    return [
        (formats.name(orchard.name), f"{orchard.registration} · {orchard.id}")
        for orchard in park.of_type(Orchard)
    ]


def destination_choices(park: Park, formats: Formats) -> Sequence[tuple[str, str]]:
    """Country code and name of every destination, by name."""
    choices = [(place.country, formats.name(place.name)) for place in park.of_type(Destination)]
    return sorted(choices, key=lambda choice: choice[1])


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
