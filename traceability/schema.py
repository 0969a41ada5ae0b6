"""Every table of the database, whichever package declares it."""

from traceability.epcis import tables as _epcis
from traceability.epcis.master_data import tables as _master_data
from traceability.epcis.query import tables as _query
from traceability.ledger import tables as _ledger
from traceability.provenance import tables as _provenance
from traceability.tables import metadata

__all__ = ["metadata"]

_DECLARED_IN = (_epcis, _master_data, _query, _ledger, _provenance)
"""Importing them is what declares their tables."""
