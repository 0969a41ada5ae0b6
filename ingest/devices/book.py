"""Keeps a record of every device, and says when one falls silent or comes back.

A device is online as soon as anything comes from it, offline once it or its last will says so, and
stale when nothing came for three times the slowest cadence of its kind. Silence counts only while
this side listens: not before it was connected, and not while it couldn't write.
"""

from collections.abc import Callable, Iterable, Sequence

from ingest.devices.device import Device, State
from ingest.line_protocol import encode_head, encode_line
from ingest.received import Announcement, Measured
from park.assets import Park
from park.errors import UnknownAssetError
from park.telemetry import KINDS, LIVENESS

LATE_MS = 300_000
AHEAD_MS = 1_000
SILENT_CADENCES = 3
_SEQ_NUMBERS = 2**32
_LARGEST_GAP = 1_000_000
"""A longer one is a device that numbers anew, not one that lost so much."""

HeardElsewhere = Callable[[str, Sequence[str]], Iterable[str]]
"""Of these assets of a kind, those that another consumer of the group heard of late."""


def _nobody(_kind: str, _assets: Sequence[str]) -> Iterable[str]:
    return ()


class DeviceBook:
    """The records of a park's devices. Not safe to share among threads: the writer has it."""

    def __init__(
        self,
        park: Park,
        known: Iterable[Device] = (),
        heard_elsewhere: HeardElsewhere | None = None,
    ) -> None:
        """`heard_elsewhere` is given where consumers share the messages of a device.

        Then no consumer sees all of them, and gaps in `seq` mean nothing.
        """
        self._park = park
        self._devices = {device.asset: device for device in known}
        self._is_alone = heard_elsewhere is None
        self._heard_elsewhere = heard_elsewhere or _nobody
        self._changed: dict[str, Device] = {}
        self._announced: list[str] = []
        self._noticed: list[str] = []
        self._states: list[tuple[str, str, int]] = []

    def reading(self, measured: Measured, now_ms: int) -> None:
        """A reading came that hadn't come before."""
        device = self._heard(measured.asset, measured.kind, now_ms)
        device.readings += 1
        time_ms = measured.time_ms
        if device.state is State.OFFLINE and time_ms > device.since_ms:
            self._noticed.append(self._change(device, State.ONLINE, now_ms))
        if measured.seq is not None and self._is_alone:
            _note_seq(device, measured.seq, is_newer=time_ms > device.newest_ms)
        if time_ms > device.newest_ms:
            device.newest_ms = time_ms
        elif time_ms < device.newest_ms:
            device.out_of_order += 1
        if now_ms - time_ms > LATE_MS:
            device.late += 1
        elif time_ms - now_ms > AHEAD_MS:
            device.ahead += 1
            device.most_ahead_ms = max(device.most_ahead_ms, time_ms - now_ms)

    def duplicate(self, measured: Measured, now_ms: int) -> None:
        """A reading came again."""
        self._heard(measured.asset, measured.kind, now_ms).duplicates += 1

    def refused(self, asset: str, now_ms: int) -> None:
        """Something of this asset went to quarantine."""
        kind = self._kind_of(asset)
        if kind is not None:
            self._heard(asset, kind, now_ms).refused += 1

    def announced(self, announcement: Announcement, now_ms: int) -> None:
        """A device came or went."""
        kind = self._kind_of(announcement.asset)
        if kind is None:
            return
        device = self._devices.setdefault(announcement.asset, Device(announcement.asset, kind))
        device.seen_ms = now_ms
        if announcement.firmware is not None:
            device.firmware = announcement.firmware
        state = State.ONLINE if announcement.online else State.OFFLINE
        self._announced.append(self._change(device, state, announcement.time_ms))

    def find_silent(self, now_ms: int, listening_since_ms: int) -> None:
        """Mark as stale whoever fell silent."""
        silent: dict[str, list[Device]] = {}
        for device in self._devices.values():
            if device.state is State.ONLINE:
                heard_ms = max(device.seen_ms, listening_since_ms)
                if now_ms - heard_ms > silence_limit_ms(device.kind):
                    silent.setdefault(device.kind, []).append(device)
        for kind, devices in silent.items():
            elsewhere = set(self._heard_elsewhere(kind, [device.asset for device in devices]))
            for device in devices:
                if device.asset in elsewhere:
                    device.seen_ms = now_ms
                else:
                    self._noticed.append(self._change(device, State.STALE, now_ms))

    def take_announced(self) -> Sequence[str]:
        """One line of the kind `liveness` for each announcement since the last call."""
        lines, self._announced = self._announced, []
        return lines

    def take_noticed(self) -> Sequence[str]:
        """A line for each change of state since the last call that nobody announced."""
        lines, self._noticed = self._noticed, []
        return lines

    def take_states(self) -> Sequence[tuple[str, str, int]]:
        """Asset, state and time of each change of state since the last call."""
        states, self._states = self._states, []
        return states

    def take_changed(self) -> Sequence[Device]:
        """The records that changed since the last call."""
        changed, self._changed = self._changed, {}
        return list(changed.values())

    def _heard(self, asset: str, kind: str, now_ms: int) -> Device:
        device = self._devices.get(asset)
        if device is None:
            device = self._devices[asset] = Device(asset, kind)
            self._noticed.append(self._change(device, State.ONLINE, now_ms))
        elif device.state is State.STALE:
            self._noticed.append(self._change(device, State.ONLINE, now_ms))
        device.seen_ms = now_ms
        self._changed[asset] = device
        return device

    def _change(self, device: Device, state: State, time_ms: int) -> str:
        """Note the state and give the line that says so.

        A new state is later than the one before, though clocks differ and several come at once:
        to the store the newest line is the state.
        """
        earliest_ms = device.since_ms + (state is not device.state)
        device.state, device.since_ms = state, max(time_ms, earliest_ms)
        self._changed[device.asset] = device
        self._states.append((device.asset, str(state), device.since_ms))
        fields = {"state": str(state)}
        if device.firmware:
            fields["firmware"] = device.firmware
        head = encode_head(LIVENESS.name, self._park.site.id, device.asset, None)
        return encode_line(head, fields, device.since_ms)

    def _kind_of(self, asset: str) -> str | None:
        try:
            kind = self._park.asset(asset).kind
        except UnknownAssetError:
            return None
        return None if kind is None else kind.name


def silence_limit_ms(kind: str) -> int:
    """How long a device of the kind may be silent before it is stale."""
    return SILENT_CADENCES * KINDS[kind].slowest_cadence_s * 1000


def _note_seq(device: Device, seq: int, *, is_newer: bool) -> None:
    last = device.last_seq
    if last is None:
        device.last_seq = seq
        return
    step = (seq - last) % _SEQ_NUMBERS
    if step == 0:
        return
    if step <= _LARGEST_GAP:
        device.missing += step - 1
        device.last_seq = seq
    elif is_newer:
        device.restarts += 1
        device.last_seq = seq
    elif device.missing:  # it was only late
        device.missing -= 1
