"""One correction of a probe, and which of several counts at a time.

A correction comes from a calibration certificate: a gain and an offset, or pairs of what the probe
showed and what the reference did. Between pairs it runs straight; beyond the first and last their
difference goes on. It is valid for a span of time. Where two overlap the one recorded later counts.
Nothing is ever changed: a correction that was wrong is withdrawn, which is recorded with its own
time, so that it can always be told what was known when.
"""

import math
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.errors import CalibrationError
from park.telemetry import KINDS, Behaviour, Field, FieldType

LEAST_GAIN, LARGEST_GAIN = 0.5, 2.0
_MOST_POINTS = 100
_LONGEST_TEXT = 300
_NO_TEXT = frozenset({"Cc", "Cs"})
"""Unicode's categories of control characters and of halves of a character."""
_DIGITS = 12
_LARGEST_SHARE = 0.25
"""A correction over this share of the field's range is a mistake, not a correction."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What becomes of a raw value: `gain * raw + offset`, or straight lines between `points`."""

    gain: float = 1.0
    offset: float = 0.0
    points: tuple[tuple[float, float], ...] = ()
    """Raw value and reference, raw values rising; with any, gain and offset are not used."""

    @property
    def is_straight(self) -> bool:
        """Whether the corrected mean of values is the mean of corrected values."""
        return len(self.points) <= 1

    def correct(self, raw: float) -> float:
        """The corrected value."""
        if not self.points:
            return self.gain * raw + self.offset
        position = bisect_right(self.points, raw, key=lambda point: point[0])
        if position in {0, len(self.points)}:
            shown, reference = self.points[max(position - 1, 0)]
            return raw + reference - shown
        (low, at_low), (high, at_high) = self.points[position - 1 : position + 1]
        return at_low + (raw - low) * (at_high - at_low) / (high - low)


@dataclass(frozen=True, slots=True)
class Draft:
    """A correction as somebody enters it."""

    asset: str
    field: str
    curve: Curve
    valid_from_ms: int
    valid_until_ms: int | None
    """First moment for which it is not valid any more; None while no end is known."""
    certificate: str
    """Number of the certificate and who issued it."""
    person: str
    """Who entered it."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A correction that shouldn't have been made."""

    recorded_ms: int
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A recorded correction."""

    number: int
    draft: Draft
    recorded_ms: int
    withdrawal: Withdrawal | None

    def counts_as_of(self, time_ms: int | None) -> bool:
        """Whether it was known and not withdrawn by then; None is now."""
        if time_ms is None:
            return self.withdrawal is None
        withdrawn = self.withdrawal is not None and self.withdrawal.recorded_ms <= time_ms
        return self.recorded_ms <= time_ms and not withdrawn


@dataclass(frozen=True, slots=True)
class Segment:
    """A span of time, and the correction that counts throughout; None where none does."""

    start_ms: int
    end_ms: int
    correction: Correction | None

    @property
    def curve(self) -> Curve:
        """What becomes of raw values in it."""
        return Curve() if self.correction is None else self.correction.draft.curve


def segments(corrections: Iterable[Correction], start_ms: int, end_ms: int) -> list[Segment]:
    """The span from start to before end, cut where another correction begins to count."""
    if end_ms <= start_ms:
        return []
    known = list(corrections)
    cuts = {start_ms, end_ms}
    for correction in known:
        edges = correction.draft.valid_from_ms, correction.draft.valid_until_ms
        cuts |= {edge for edge in edges if edge is not None and start_ms < edge < end_ms}
    spans = [Segment(a, b, counting_at(known, a)) for a, b in pairwise(sorted(cuts))]
    joined: list[Segment] = []
    for span in spans:
        if joined and joined[-1].correction == span.correction:
            joined[-1] = Segment(joined[-1].start_ms, span.end_ms, span.correction)
        else:
            joined.append(span)
    return joined


def rounded(value: float) -> float:
    """A corrected value without the noise of arithmetic: 21.3 + 0.1 is 21.4."""
    return float(f"{value:.{_DIGITS}g}")


def counting_at(corrections: Sequence[Correction], time_ms: int) -> Correction | None:
    """Of the corrections of one probe the one that counts at a time."""
    valid = [
        correction
        for correction in corrections
        if correction.draft.valid_from_ms <= time_ms
        and (correction.draft.valid_until_ms is None or time_ms < correction.draft.valid_until_ms)
    ]
    return max(valid, key=lambda correction: correction.number, default=None)


def check(draft: Draft, kind: str) -> None:
    """Raise CalibrationError where a correction of such a field can't be meant."""
    field = KINDS[kind].fields.get(draft.field)
    if field is None:
        known = ", ".join(name for name, row in KINDS[kind].fields.items() if is_correctable(row))
        raise CalibrationError("field", f"{kind} has no field {draft.field!r}; it has {known}")
    if not is_correctable(field):
        raise CalibrationError("field", f"{field.name} is no measurement that can be corrected")
    if draft.valid_until_ms is not None and draft.valid_until_ms <= draft.valid_from_ms:
        raise CalibrationError("until", "the validity ends before it begins")
    check_text("certificate", draft.certificate)
    check_text("person", draft.person)
    _check_curve(draft.curve, field)


def check_text(name: str, text: str) -> None:
    """Raise CalibrationError where a text is empty, endless or no text."""
    if not text.strip():
        raise CalibrationError(name, f"the {name} is missing")
    if len(text) > _LONGEST_TEXT:
        raise CalibrationError(name, f"the {name} is longer than {_LONGEST_TEXT} characters")
    if any(unicodedata.category(character) in _NO_TEXT for character in text):
        raise CalibrationError(name, f"the {name} has a character that is no text")


def is_correctable(field: Field) -> bool:
    """Whether a field is a measured level: no counter, switch or word."""
    return field.type is FieldType.FLOAT and field.behaviour is Behaviour.GAUGE


def _check_curve(curve: Curve, field: Field) -> None:
    if not LEAST_GAIN <= curve.gain <= LARGEST_GAIN:
        raise CalibrationError("gain", f"gain must lie from {LEAST_GAIN} to {LARGEST_GAIN}")
    if curve.points:
        _check_points(curve)
    limit = _LARGEST_SHARE * (field.high - field.low)
    # Between points the difference is never larger than at the nearest of them; beyond them it
    # stays. A mere offset is the same everywhere: written so that it isn't blurred by rounding.
    at = [raw for raw, _ in curve.points] or [field.low, field.high]
    is_offset = not curve.points and curve.gain == 1
    worst = abs(curve.offset) if is_offset else max(abs(curve.correct(raw) - raw) for raw in at)
    if not worst <= limit:
        raise CalibrationError(
            "points" if curve.points else "offset",
            f"it would change {field.name} by {worst:g} {field.unit}, more than a quarter of its"
            " range; is the sign or the unit right?",
        )


def _check_points(curve: Curve) -> None:
    if (curve.gain, curve.offset) != (1, 0):
        raise CalibrationError("points", "give either points, or gain and offset")
    if len(curve.points) > _MOST_POINTS:
        raise CalibrationError("points", f"at most {_MOST_POINTS} points are taken")
    if not all(math.isfinite(number) for point in curve.points for number in point):
        raise CalibrationError("points", "raw values and references are plain numbers")
    for (low, at_low), (high, at_high) in pairwise(curve.points):
        if not (low < high and at_low < at_high):
            raise CalibrationError("points", "raw values and references must rise together")
        gain = (at_high - at_low) / (high - low)
        if not LEAST_GAIN <= gain <= LARGEST_GAIN:
            raise CalibrationError(
                "points",
                f"from {low:g} to {high:g} the reference rises {gain:g} times as much as the"
                f" probe; a working one stays within {LEAST_GAIN} and {LARGEST_GAIN}",
            )
