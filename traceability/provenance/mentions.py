"""Events that name something beside their objects: in an extension or in `ilmd`.

A harvest may name its water source, a treatment its spray, a shipment its container; under what
name and how deep is anybody's own affair.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, select

from traceability.epcis.identifiers import canonical, to_urn
from traceability.epcis.query import tables as q
from traceability.epcis.query.distinct import distinct_values
from traceability.epcis.query.fields import Section
from traceability.epcis.storable import storable
from traceability.provenance.places import SINCE, UNTIL

_SECTIONS = (Section.EVENT, Section.ILMD, Section.READ_POINT, Section.BIZ_LOCATION)
_AFTER_COLON = ";"
_PREFIX_LENGTHS = range(6, 13)
"""Digits that a GS1 company prefix may have; a Digital Link doesn't say how many."""

_T = q.event_terms.c
_MENTIONS = (
    select(_T.seq)
    .where(
        _T.name.in_(bindparam("names", expanding=True)),
        _T.value.in_(bindparam("spellings", expanding=True)),
        _T.event_time_ms.between(SINCE, UNTIL),
    )
    .distinct()
)


def mentions(
    connection: Connection, spellings: Sequence[str], since_ms: int, until_ms: int
) -> Sequence[int]:
    """Numbers of the events in a span that name one of these."""
    names = [
        name
        for section in _SECTIONS
        for name in distinct_values(
            connection, _T.name, low=f"{section}:", high=f"{section}{_AFTER_COLON}"
        )
    ]
    if not names:
        return ()
    bound = {
        "names": names,
        "spellings": [storable(each) for each in spellings],
        "since": since_ms,
        "until": until_ms,
    }
    return connection.execute(_MENTIONS, bound).scalars().all()


def spellings_of(*texts: str) -> Sequence[str]:
    """How events may write identifiers: as asked for, as Digital Link, as EPC URNs."""
    return list(dict.fromkeys(_spellings(texts)))


def _spellings(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        yield text
        link = canonical(text)
        yield link
        for length in _PREFIX_LENGTHS:
            urn = to_urn(link, length)
            if urn is not None:
                yield urn
