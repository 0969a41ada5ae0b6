"""An alarm from its raise to its return, and the signals that tell it."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ingest.alarms.model import Change, Signal

NEVER = -(1 << 60)
FOREVER = 1 << 60


class Hide(NamedTuple):
    """A time in which an alarm is hidden by design."""

    from_ms: int
    until_ms: int
    """`FOREVER` as long as it lasts."""
    reason: str


class Episode(NamedTuple):
    """A condition that held for its delay."""

    rule: str
    since_ms: int
    raised_ms: int
    cleared_ms: int
    """`FOREVER` as long as it stands."""
    value: float | None
    limit: float | None
    hides: tuple[Hide, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it stands."""
        return self.cleared_ms == FOREVER


def plain(episode: Episode) -> tuple[Any, ...]:
    """An episode as JSON can hold it."""
    return (*episode[:-1], [tuple(hide) for hide in episode.hides])


def read_episode(said: Sequence[Any]) -> Episode:
    """What `plain` made plain."""
    rule, since_ms, raised_ms, cleared_ms, value, limit, hides = said
    kept = tuple(Hide(*hide) for hide in hides)
    return Episode(rule, since_ms, raised_ms, cleared_ms, value, limit, kept)


Story = tuple[Signal, ...]
"""All signals of one episode in their order, which is that of their times."""


def story(asset: str, episode: Episode, further: Iterable[Hide] = ()) -> Story:
    """The signals of an episode that is hidden by `further` reasons, too."""
    hides = _union([*episode.hides, *further], episode.raised_ms, episode.cleared_ms)
    raised = _signal(asset, episode, Change.RAISED, episode.raised_ms)
    signals: list[Signal] = []
    for hide in hides:
        hidden = _signal(asset, episode, Change.SUPPRESSED, hide.from_ms, hide.reason)
        if hide.from_ms == episode.raised_ms:
            signals += [hidden, raised]
        else:
            signals += [hidden] if signals else [raised, hidden]
        if hide.until_ms < episode.cleared_ms:
            signals.append(_signal(asset, episode, Change.UNSUPPRESSED, hide.until_ms))
    if not signals:
        signals.append(raised)
    if not episode.is_open:
        signals.append(_signal(asset, episode, Change.CLEARED, episode.cleared_ms))
        if hides and hides[-1].until_ms >= episode.cleared_ms:
            signals.append(_signal(asset, episode, Change.UNSUPPRESSED, episode.cleared_ms))
    return tuple(signals)


def _signal(asset: str, episode: Episode, change: Change, at_ms: int, reason: str = "") -> Signal:
    return Signal(
        episode.rule,
        asset,
        change,
        at_ms,
        episode.since_ms,
        episode.value,
        episode.limit,
        reason,
    )


def _union(hides: Iterable[Hide], first_ms: int, last_ms: int) -> Sequence[Hide]:
    """Hides within that time; those that touch are one, with the reason of the first."""
    joined: list[Hide] = []
    for hide in sorted(hides):
        from_ms, until_ms = max(hide.from_ms, first_ms), min(hide.until_ms, last_ms)
        if from_ms >= until_ms and not from_ms == first_ms == last_ms:
            continue
        if joined and from_ms <= joined[-1].until_ms:
            if until_ms > joined[-1].until_ms:
                joined[-1] = joined[-1]._replace(until_ms=until_ms)
        else:
            joined.append(Hide(from_ms, until_ms, hide.reason))
    return joined


def corrections(told: Sequence[Story], true: Sequence[Story]) -> list[Signal]:
    """What to tell of one rule of an asset where `told` was told and `true` is true.

    Where readings come in order, that is the rest of the last story. Where a late one changed
    more than the end of the last, all from there on is withdrawn and told anew.
    """
    same = 0
    while same < min(len(told), len(true)) and told[same] == true[same]:
        same += 1
    wrong, rest = told[same:], true[same:]
    said: list[Signal] = []
    if len(wrong) == 1 and rest and _raise(wrong[0]) == _raise(rest[0]):
        known, tale = wrong[0], rest[0]
        is_longer = tale[: len(known)] == known
        said += tale[len(known) :] if is_longer else _mended(known, tale)
        rest = rest[1:]
    elif wrong:
        said += [_raise(tale)._replace(change=Change.WITHDRAWN) for tale in reversed(wrong)]
        if _ends_hidden(wrong[-1]) is not None:
            said.append(said[0]._replace(change=Change.UNSUPPRESSED, reason=""))
    for tale in rest:
        said += tale
    return said


def _mended(told: Story, tale: Story) -> list[Signal]:
    """What takes an alarm from the end of one story to that of another of the same raise."""
    said: list[Signal] = []
    was_open, is_open = _is_open(told), _is_open(tale)
    was_hidden, is_hidden = _ends_hidden(told), _ends_hidden(tale)
    if is_hidden and is_hidden != was_hidden:
        said.append(is_hidden)
    if is_open and not was_open:
        said.append(_raise(tale))
    elif not is_open and _clear(told) != _clear(tale):
        said += [signal for signal in tale if signal.change is Change.CLEARED]
    if was_hidden and not is_hidden:
        ends = [signal for signal in tale if signal.change is Change.UNSUPPRESSED]
        said.append(
            ends[-1] if ends else was_hidden._replace(change=Change.UNSUPPRESSED, reason="")
        )
    return said


def _raise(tale: Story) -> Signal:
    return next(signal for signal in tale if signal.change is Change.RAISED)


def _clear(tale: Story) -> Signal | None:
    return next((signal for signal in tale if signal.change is Change.CLEARED), None)


def _is_open(tale: Story) -> bool:
    return _clear(tale) is None


def _ends_hidden(tale: Story) -> Signal | None:
    """The signal by which it is hidden at the end; None where it isn't."""
    for signal in reversed(tale):
        if signal.change is Change.SUPPRESSED:
            return signal
        if signal.change is Change.UNSUPPRESSED:
            return None
    return None
