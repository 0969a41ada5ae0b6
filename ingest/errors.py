"""Errors of the `ingest` package.

::

    IngestError
    |-- MessageError               a message or reading that goes to quarantine, with its code
    |-- UnknownFieldError          a kind or field that the telemetry table doesn't have
    |-- UnsupportedAggregateError  an aggregate that a field's type can't have
    |-- StoreUnavailableError      the telemetry store doesn't answer; worth another try
    |   `-- CalibrationUnavailableError  the register of corrections can't be used
    |-- CalibrationError           a correction that can't be meant; it names what is wrong
    |-- NoCorrectionError          no correction of that number
    |-- LinesRefusedError          lines that the store will never take
    |-- ScanRefusedError           a scan that can't be true
    |-- ScanSinkUnavailableError   the scans' receiver doesn't answer; worth another try
    |-- SpoolError                 the spool's file can't be used
    |-- RulesError                 a file of alarm rules that is wrong; it names file, entry and key
    |-- RoutesError                a file of alarm routes that is wrong; it names file and entry
    |-- NotifyError                a message about alarms that couldn't be sent
    |-- ProfileError               a profile file that is wrong; it names file and key
    |-- NotInQuarantineError       no quarantined message of that number
    |-- AlarmActionError           something that can't be done to an alarm as it stands
    |-- StoppedError               a part of ingest ended by a fault of its own
    `-- BrokerError                the MQTT broker can't be reached or refuses
"""

from collections.abc import Sequence
from dataclasses import dataclass


class IngestError(Exception):
    """Base of this package's errors; the message says what the user can do about it."""


class MessageError(IngestError):
    """A message or reading that can't be stored; `code` is stable and kebab-case."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class UnknownFieldError(IngestError):
    """A kind or field that the telemetry table doesn't have."""


class UnsupportedAggregateError(IngestError):
    """An aggregate that a field's type can't have."""


class StoreUnavailableError(IngestError):
    """The telemetry store doesn't answer; the same write may succeed later."""


class CalibrationUnavailableError(StoreUnavailableError):
    """The register of corrections can't be read or written."""


class CalibrationError(IngestError):
    """A correction that can't be meant; `field` is what of it is wrong."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class NoCorrectionError(IngestError):
    """No correction of that number."""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that the store will never take, and why."""

    line: str
    reason: str


class LinesRefusedError(IngestError):
    """Lines that the store will never take; all others of the write are stored."""

    def __init__(self, refused: Sequence[RefusedLine]) -> None:
        super().__init__(f"{len(refused)} lines refused, the first: {refused[0].reason}")
        self.refused = refused


class ScanRefusedError(IngestError):
    """A scan that can't be true; `code` is stable, `detail` says what is wrong."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class ScanSinkUnavailableError(IngestError):
    """The scans' receiver doesn't answer; the same scan may be taken later."""


class SpoolError(IngestError):
    """The spool's file can't be used, such as when the disk is full."""


class AlarmActionError(IngestError):
    """What a person wants can't be done to the alarm as it stands; the message says what can."""


class RulesError(IngestError):
    """Alarm rules that can't be used; `file`, `entry` and `key` say where, `problem` what."""

    def __init__(self, file: str, entry: str, key: str, problem: str) -> None:
        where = ", ".join(part for part in (file, entry, key) if part)
        super().__init__(f"alarm rules {where}: {problem}")
        self.file = file
        self.entry = entry
        self.key = key
        self.problem = problem


class RoutesError(IngestError):
    """Alarm routes that can't be used; `file` and `entry` say where, `problem` what."""

    def __init__(self, file: str, entry: str, problem: str) -> None:
        where = ", ".join(part for part in (file, entry) if part)
        super().__init__(f"alarm routes {where}: {problem}")
        self.file = file
        self.entry = entry
        self.problem = problem


class NotifyError(IngestError):
    """A message about alarms that couldn't be sent; worth another try."""


class ProfileError(IngestError):
    """A profile that can't be used; `file` is its name, `key` what of it is wrong, if one is."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        key = key if key.isprintable() else repr(key)[1:-1]
        super().__init__(
            f"profile {file}, {key}: {problem}" if key else f"profile {file}: {problem}"
        )
        self.file = file
        self.key = key
        self.problem = problem


class NotInQuarantineError(IngestError):
    """No quarantined message of that number."""


class StoppedError(IngestError):
    """A part of ingest ended by a fault of its own; whoever started it should start it again."""


class BrokerError(IngestError):
    """The MQTT broker can't be reached or refuses; the message names its address."""
