"""Errors of the `traceability` package.

::

    TraceabilityError
    |-- CaptureError                a scan that can't be true; nothing of it was stored
    |   |-- UnknownPlaceError       unknown-place
    |   |-- UnknownProductError     unknown-product
    |   |-- UnknownBatchError       unknown-batch
    |   |-- UnknownPalletError      unknown-pallet
    |   |-- UnknownShipmentError    unknown-shipment
    |   |-- WrongProductError       wrong-product
    |   |-- BatchExistsError        batch-exists
    |   |-- PalletExistsError       pallet-exists
    |   |-- PalletGoneError         pallet-gone
    |   |-- ShipmentExistsError     shipment-exists
    |   |-- MassError
    |   |   |-- NotEnoughMassError      not-enough-mass
    |   |   |-- MassNotConservedError   mass-not-conserved
    |   |   `-- YieldExceededError      yield-exceeded
    |   |-- TimeError               time-travel
    |   `-- DuplicateIdError        scan-id-reused
    |       `-- EventIdReusedError  event-id-reused
    |-- NotFoundError               batch-not-found, pallet-not-found, shipment-not-found,
    |                               event-not-found, node-not-found, no-checkpoint,
    |                               job-not-found, query-not-found, subscription-not-found
    |-- QueryError                  bad-page-token, bad-limit, bad-text, bad-node, bad-recall,
    |   |                           bad-span, bad-season, wrong-check-digit
    |   |-- QueryParameterError     bad-query-parameter; names the parameter
    |   |-- QueryTooLargeError      query-too-large
    |   `-- QueryTooComplexError    query-too-complex
    |-- LedgerError                 the ledger's keys, files or witness don't do
    |   |-- NoKeyError              there is no key to sign with
    |   |-- CheckpointError         no checkpoint or proof, or not signed by a known key
    |   |-- LedgerBrokenError       the events aren't those that were signed
    |   `-- WitnessError            the witness doesn't answer, or refuses
    |-- EventFormatError            a value that has no place in an event; names the path
    |-- InvalidDocumentError        an EPCIS document that isn't one; names every path
    |-- DuplicateNameError          a named query of that name exists
    |-- SubscriptionControlsError   a subscription that can't be carried out as it was asked for
    |-- DeliveryError               a subscriber doesn't take what is sent to it
    |-- MigrationError              a database that this version can't bring up to date
    `-- DatabaseUnavailableError    the database doesn't answer; worth another try
        `-- DatabaseFullError       its disk is full
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class TraceabilityError(Exception):
    """Base of this package's errors; the message says what the user can do about it."""

    retryable: ClassVar[bool] = False


class CaptureError(TraceabilityError):
    """A scan that can't be true. Nothing of it was stored; sending it again changes nothing.

    `code` is stable and kebab-case, `detail` says what is wrong and what to do.
    """

    code: ClassVar[str] = "capture"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.path = ""
        """Where the event stands, in a document of several; set by who knows it."""


class UnknownPlaceError(CaptureError):
    """An asset that the park doesn't have, or of a type at which the step can't happen."""

    code = "unknown-place"


class UnknownProductError(CaptureError):
    """A GTIN that is none of the park's products."""

    code = "unknown-product"


class UnknownBatchError(CaptureError):
    """A batch that was never harvested or sorted here."""

    code = "unknown-batch"


class UnknownPalletError(CaptureError):
    """A pallet that was never packed here, or isn't part of the shipment."""

    code = "unknown-pallet"


class UnknownShipmentError(CaptureError):
    """A shipment that never left, or that goes elsewhere."""

    code = "unknown-shipment"


class WrongProductError(CaptureError):
    """A product that this step can't make or take: other variety, not graded, rejects."""

    code = "wrong-product"


class BatchExistsError(CaptureError):
    """A batch that is to be made exists already."""

    code = "batch-exists"


class PalletExistsError(CaptureError):
    """A pallet number that has been packed already."""

    code = "pallet-exists"


class PalletGoneError(CaptureError):
    """A pallet that was shipped, or received, already."""

    code = "pallet-gone"


class ShipmentExistsError(CaptureError):
    """A shipment number that stands for another shipment."""

    code = "shipment-exists"


class MassError(CaptureError):
    """Mass that comes from nowhere or goes nowhere."""

    code = "mass"


class NotEnoughMassError(MassError):
    """More is taken than is left."""

    code = "not-enough-mass"


class MassNotConservedError(MassError):
    """What came out of a sorting run isn't what went in."""

    code = "mass-not-conserved"


class YieldExceededError(MassError):
    """More is harvested than the orchard can bear in a season."""

    code = "yield-exceeded"


class TimeError(CaptureError):
    """A time in the future, or before the thing existed."""

    code = "time-travel"


class DuplicateIdError(CaptureError):
    """A scan id that came before with other content."""

    code = "scan-id-reused"


class EventIdReusedError(DuplicateIdError):
    """An event id that came before with other content."""

    code = "event-id-reused"


class NotFoundError(TraceabilityError):
    """Something that was asked for isn't here; `code` says what, such as `batch-not-found`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class QueryError(TraceabilityError):
    """A question that can't be read; `code` says what is wrong with it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class QueryParameterError(QueryError):
    """A parameter of an event query that doesn't exist, can't be read or contradicts another.

    `parameter` is its name, `problem` what is wrong with it.
    """

    def __init__(self, parameter: str, problem: str) -> None:
        super().__init__("bad-query-parameter", f"{parameter}: {problem}")
        self.parameter = parameter
        self.problem = problem


class QueryTooLargeError(QueryError):
    """More events fit than the question allows; `limit` is how many that are."""

    def __init__(self, limit: int) -> None:
        msg = f"more than {limit} events fit; narrow the question or raise maxEventCount"
        super().__init__("query-too-large", msg)
        self.limit = limit


class QueryTooComplexError(QueryError):
    """The question has more parameters or values than a database takes at once."""

    def __init__(self, problem: str) -> None:
        super().__init__("query-too-complex", f"{problem}; ask several narrower questions")


class EventFormatError(TraceabilityError):
    """An EPCIS document that isn't one; `path` is where, as in `epcisBody.eventList[2].action`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class LedgerError(TraceabilityError):
    """Keys, files or a witness of the ledger can't be used; the message names which."""


class NoKeyError(LedgerError):
    """There is no key to sign checkpoints with."""


class CheckpointError(LedgerError):
    """A text that is no checkpoint, key or proof, or that no known key has signed."""


class LedgerBrokenError(LedgerError):
    """The events in the database aren't those that were signed; nothing is signed any more."""


class WitnessError(LedgerError):
    """The witness doesn't answer or refuses; `status` is its HTTP status, 0 for no answer."""

    def __init__(self, detail: str, status: int = 0) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a document."""

    path: str
    """As in `epcisBody.eventList[2].action`."""
    problem: str


class InvalidDocumentError(TraceabilityError):
    """A document that breaks the schema of the standard, with every path that does."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__("; ".join(f"{each.path}: {each.problem}" for each in problems[:5]))
        self.problems = problems


class DuplicateNameError(TraceabilityError):
    """A named query of that name exists; names are given once."""


class SubscriptionControlsError(TraceabilityError):
    """A subscription that can't be carried out as it was asked for: its schedule or its address."""


class DeliveryError(TraceabilityError):
    """A subscriber doesn't take what is sent to it; `status` is its HTTP status, 0 for none."""

    retryable = True

    def __init__(self, detail: str, status: int = 0) -> None:
        super().__init__(detail)
        self.status = status


class DatabaseUnavailableError(TraceabilityError):
    """The database doesn't answer or can't be used; the same call may succeed later."""

    retryable = True


class DatabaseFullError(DatabaseUnavailableError):
    """The disk of the database is full; nothing of what was to be written is stored."""


class MigrationError(TraceabilityError):
    """A database that this version can't bring up to date; the message says why."""
