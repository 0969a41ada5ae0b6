"""The conditions of a whole park: readings in, signals out."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ingest.alarms.conditions import episode as e
from ingest.alarms.conditions.checks import BLOCK_FLOW
from ingest.alarms.conditions.floods import Centre
from ingest.alarms.conditions.folding import Folder
from ingest.alarms.conditions.modes import Hider
from ingest.alarms.conditions.program import Value
from ingest.alarms.conditions.programs import ProgramBook, nominal_of
from ingest.alarms.conditions.track import MOST_RECORDS, Setting, Track
from ingest.alarms.model import Signal
from ingest.alarms.rules.rule import Balance, Flood, RuleSet
from ingest.alarms.rules.scope import Spot
from park.assets import Asset, IrrigationBlock, Park

_log = logging.getLogger(__name__)

_UNREADABLE = (ValueError, TypeError, KeyError, IndexError)


class ConditionEngine:
    """Looks at every reading; not safe to share among threads."""

    def __init__(
        self, park: Park, rules: RuleSet, saved: Mapping[str, bytes] | None = None
    ) -> None:
        """`saved` is what `take_changed` gave in an earlier run, by its keys."""
        self._park = park
        self._rules = rules
        self._saved = dict(saved or {})
        self._offset_ms = round(park.calendar.utc_offset.total_seconds() * 1000)
        self._book = ProgramBook(rules, self._offset_ms)
        self._tracks: dict[str, Track | None] = {}
        self._touched: dict[str, Track] = {}
        self._unsaved: dict[str, Track] = {}
        self._waiting: dict[str, Track] = {}
        self._heads = _heads(park) if _has_balance(rules) else {}
        self._feeds: dict[str, tuple[str, str]] = {
            block: (head, BLOCK_FLOW.format(number))
            for head, blocks in self._heads.items()
            for number, block in enumerate(blocks)
        }
        self._centre_of: dict[str, list[Centre]] = defaultdict(list)
        self._waiting_centres: set[Centre] = set()
        self._causes = {
            cause: True
            for rule in rules
            if isinstance(rule.check, Flood) and rule.enabled
            for cause in rule.check.causes
        }
        self._unsaved_centres: dict[str, Centre] = {}
        self._make_centres()
        self._newest_ms = e.NEVER

    # ------------------------------------------------------------------ readings

    def reading(self, asset: str, kind: str, time_ms: int, values: Mapping[str, Value]) -> None:
        """Look at a reading that didn't come before; the hot path of ingest."""
        track = self._tracks.get(asset)
        if track is not None:
            state = track.state
            quick = track.quick
            if (
                not track.is_busy
                and quick is not None
                and state.time_ms < time_ms < track.wake_ms
                and state.keys == tuple(values)
                and len(track.records) < MOST_RECORDS
            ):
                known = quick(
                    values,
                    time_ms,
                    state.values,
                    track.setting.folder.nominal,
                    track.records.append,
                )
                if known is not None:
                    state.before_ms = state.time_ms
                    state.time_ms = time_ms
                    state.values = known
                    if asset in self._feeds:
                        self._feed(asset, time_ms, values)
                    return
        self._look(asset, kind, time_ms, values)
        if asset in self._feeds:
            self._feed(asset, time_ms, values)

    def liveness(self, asset: str, state: str, time_ms: int) -> None:
        """A device came online, fell silent or went."""
        track = self._track(asset)
        self._newest_ms = max(self._newest_ms, time_ms)
        if track is not None and track.liveness(state, time_ms):
            self._touched[asset] = self._unsaved[asset] = track
            if track.waits:
                self._waiting[asset] = track

    def _look(self, asset: str, kind: str, time_ms: int, values: Mapping[str, Value]) -> None:
        track = self._track(asset)
        if track is None or track.setting.kind.name != kind:
            return
        self._newest_ms = max(self._newest_ms, time_ms)
        if track.reading(time_ms, values):
            self._touched[asset] = track
        self._unsaved[asset] = track

    def _feed(self, block: str, time_ms: int, values: Mapping[str, Value]) -> None:
        """Let a pump head see what its block takes."""
        head, name = self._feeds[block]
        flow = values.get("flow_m3h")
        if flow is not None:
            self._look(head, "pump_head", time_ms, {name: flow})

    @property
    def late(self) -> int:
        """Readings that came too late to count."""
        return sum(track.late for track in self._tracks.values() if track is not None)

    # ------------------------------------------------------------------ what comes of them

    def take_signals(self) -> Sequence[Signal]:
        """What changed since the last call, in the order of event time.

        The signals of one alarm are in the order in which they are to be followed: a withdrawal
        comes before what takes its place, though that is earlier.
        """
        for asset, track in list(self._waiting.items()):
            if track.pass_time(self._newest_ms):
                self._touched[asset] = self._unsaved[asset] = track
            if not track.waits:
                del self._waiting[asset]
        for track in self._touched.values():
            track.settle()
        said = self._told_of_centres()
        touched, self._touched = self._touched, {}
        for asset, track in touched.items():
            hides: dict[str, list[e.Hide]] = defaultdict(list)
            for centre in self._centre_of.get(asset, ()):
                for rule, some in centre.hides().items():
                    hides[rule] += some
            said += track.tell(asset, hides)
        return _in_order(said)

    def _told_of_centres(self) -> list[Signal]:
        said: list[Signal] = []
        concerned = {
            centre.key: centre
            for asset in self._touched
            for centre in self._centre_of.get(asset, ())
        } | {centre.key: centre for centre in self._waiting_centres}
        for centre in concerned.values():
            tracks = {
                room: track for room in centre.rooms if (track := self._known(room)) is not None
            }
            has_changed = centre.look(tracks)
            self._waiting_centres.discard(centre)
            if centre.is_waiting:
                self._waiting_centres.add(centre)
            if has_changed:
                said += centre.tell()
                self._unsaved_centres[centre.key] = centre
                for room, track in tracks.items():
                    track.settle()
                    self._touched[room] = self._unsaved[room] = track
        return said

    def take_changed(self, *, everything: bool = False) -> Mapping[str, bytes]:
        """What to keep in the same commit, by key; small, and without readings.

        An asset on which nothing stands is kept now and then only: after a crash its last known
        values are some minutes old. `everything` keeps all as it is, before an orderly end.
        """
        for track in self._unsaved.values():
            track.settle()
        if everything:
            self._unsaved.update((a, t) for a, t in self._tracks.items() if t is not None)
        changed = {asset: track.dump() for asset, track in self._unsaved.items()}
        changed.update((key, centre.dump()) for key, centre in self._unsaved_centres.items())
        self._unsaved, self._unsaved_centres = {}, {}
        return changed

    # ------------------------------------------------------------------ assets

    def _known(self, asset: str) -> Track | None:
        """What is known of an asset, without making anything of one that never reported."""
        if asset in self._tracks or asset in self._saved:
            return self._track(asset)
        return None

    def _track(self, asset: str) -> Track | None:
        if asset not in self._tracks:
            self._tracks[asset] = self._make_track(asset)
        return self._tracks[asset]

    def _make_track(self, asset_id: str) -> Track | None:
        asset = self._park.assets.get(asset_id)
        if asset is None or asset.kind is None:
            return None
        track = Track(self._setting(asset))
        content = self._saved.pop(asset_id, None)
        if content is not None:
            try:
                track.restore(content)
            except _UNREADABLE:
                _log.warning("what alarms kept of %s can't be read; it begins anew", asset_id)
                track = Track(self._setting(asset))
            if track.waits:
                self._waiting[asset_id] = track
        return track

    def _setting(self, asset: Asset) -> Setting:
        kind = asset.kind
        assert kind is not None  # noqa: S101 - looked at before
        spot = Spot.of(self._park, asset)
        work = [one for one in self._rules.maintenance if one.place.holds(spot)]
        hider = Hider(self._rules.modes, self._offset_ms, work)
        nominal = nominal_of(asset, kind.name)
        setpoint_c = float(getattr(asset, "setpoint_c", "nan"))
        cadence_ms = kind.slowest_cadence_s * 1000
        folder = Folder(
            hider, cadence_ms, self._rules.last_known_ms, nominal, setpoint_c, self._causes
        )
        blocks = len(self._heads.get(asset.id, ()))
        return Setting(spot, kind, self._book, hider, folder, blocks, nominal == nominal)  # noqa: PLR0124 - not NaN

    def _make_centres(self) -> None:
        for rule in self._rules:
            if not isinstance(rule.check, Flood) or not rule.enabled:
                continue
            rooms: dict[str, list[str]] = defaultdict(list)
            for asset in self._park.assets.values():
                if asset.kind is not None and asset.kind.name == rule.kind:
                    centre_id = self._park.centre_of(asset)
                    if centre_id is not None:
                        rooms[centre_id].append(asset.id)
            for centre_id, members in rooms.items():
                self._add_centre(Centre(rule, rule.check, centre_id, members))

    def _add_centre(self, centre: Centre) -> None:
        content = self._saved.pop(centre.key, None)
        if content is not None:
            try:
                centre.restore(content)
            except _UNREADABLE:
                _log.warning("what alarms kept of %s can't be read", centre.asset)
        for room in centre.rooms:
            self._centre_of[room].append(centre)


def _has_balance(rules: RuleSet) -> bool:
    return any(isinstance(rule.check, Balance) for rule in rules)


def _heads(park: Park) -> dict[str, list[str]]:
    """The blocks of each pump head."""
    heads: dict[str, list[str]] = defaultdict(list)
    for block in park.of_type(IrrigationBlock):
        heads[block.pump_head].append(block.id)
    return heads


def _in_order(said: Iterable[Signal]) -> Sequence[Signal]:
    newest: dict[tuple[str, str], int] = {}
    keyed = []
    for signal in said:
        alarm = (signal.rule, signal.asset)
        key = newest[alarm] = max(signal.at_ms, newest.get(alarm, e.NEVER))
        keyed.append((key, signal))
    return [signal for _, signal in sorted(keyed, key=lambda pair: pair[0])]
