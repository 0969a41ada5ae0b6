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
    |   |   `-- MassNotConservedError   mass-not-conserved
    |   |-- TimeError               time-travel
    |   `-- DuplicateIdError        scan-id-reused
    |-- NotFoundError               batch-not-found, pallet-not-found, shipment-not-found,
    |                               event-not-found, node-not-found
    |-- QueryError                  bad-page-token, bad-limit, bad-text, bad-node,
    |                               wrong-check-digit
    |-- EventFormatError            an EPCIS document that isn't one; names the path
    `-- DatabaseUnavailableError    the database doesn't answer; worth another try
"""

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


class TimeError(CaptureError):
    """A time in the future, or before the thing existed."""

    code = "time-travel"


class DuplicateIdError(CaptureError):
    """A scan id that came before with other content."""

    code = "scan-id-reused"


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


class EventFormatError(TraceabilityError):
    """An EPCIS document that isn't one; `path` is where, as in `epcisBody.eventList[2].action`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class DatabaseUnavailableError(TraceabilityError):
    """The database doesn't answer or is full; the same call may succeed later."""

    retryable = True
