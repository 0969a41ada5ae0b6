"""Ids of the lineage's nodes, as `views.TraceNode` shows them, and reading them back."""

import re

from park.errors import CheckDigitError, IdentifierError
from park.gs1 import parse_batch, parse_sscc
from traceability.errors import QueryError

RUN = "run"
"""Kind of a sorting run's node; traces show what flowed through it, not the run itself."""

STOCK_PREFIX = "stock/"
_SHIPMENT_PREFIX = "shipment/"
_LOSS_PREFIX = "loss/"
_RUN_PREFIX = "run/"

_PALLET = re.compile(r"\d{18}|\(00\).*|urn:epc:id:sscc:.*|(?:.*/)?00/\d+", re.ASCII)


def run_key(event_id: str) -> str:
    """Node of a sorting run."""
    return f"{_RUN_PREFIX}{event_id}"


def run_event(key: str) -> str:
    """Id of the event that a sorting run's node stands for."""
    return key.removeprefix(_RUN_PREFIX)


def loss_key(event_id: str) -> str:
    """Node of what was lost in an event."""
    return f"{_LOSS_PREFIX}{event_id}"


def pallet_key(sscc: str) -> str:
    """Node of a pallet."""
    return f"00/{sscc}"


def shipment_key(number: str) -> str:
    """Node of a shipment."""
    return f"{_SHIPMENT_PREFIX}{number}"


def stock_key(batch_key: str) -> str:
    """Node of what is left of a batch; it isn't stored."""
    return f"{STOCK_PREFIX}{batch_key}"


def parse_node(text: str) -> str:
    """A node's id from that id or any form of a batch or SSCC.

    Raises QueryError `wrong-check-digit` for a mistyped key, `bad-node` for anything else.
    """
    if text.startswith((_SHIPMENT_PREFIX, _LOSS_PREFIX)):
        return text
    try:
        if text.startswith(STOCK_PREFIX):
            return stock_key(parse_batch(text.removeprefix(STOCK_PREFIX)).path)
        if _PALLET.fullmatch(text):
            return pallet_key(parse_sscc(text))
        return parse_batch(text).path
    except IdentifierError as error:
        msg = f"{error}; a trace starts at a batch, a pallet or shipment/{{number}}"
        code = "wrong-check-digit" if isinstance(error, CheckDigitError) else "bad-node"
        raise QueryError(code, msg) from error
