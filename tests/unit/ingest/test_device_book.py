"""A device is online, stale or offline, and what it lost or sent twice is counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.devices.book import AHEAD_MS, LATE_MS, DeviceBook, silence_limit_ms
from ingest.devices.device import Device, State
from ingest.line_protocol import decode
from ingest.received import Announcement, Measured
from park.assets import Park

NOW_MS = 1_760_000_000_000
ROOM = "room-0001"


def measured(time_ms: int, seq: int | None = None, asset: str = ROOM) -> Measured:
    kind = "cold_room" if asset.startswith("room") else "irrigation_block"
    return Measured(asset, kind, time_ms, seq, f"line {time_ms}")


def came(firmware: str, time_ms: int) -> Announcement:
    return Announcement(ROOM, online=True, firmware=firmware, time_ms=time_ms)


def went(time_ms: int) -> Announcement:
    return Announcement(ROOM, online=False, firmware=None, time_ms=time_ms)


def happen(book: DeviceBook, what: str, now_ms: int, time_ms: int) -> None:
    """Something comes now, of so far a time by the device's clock; or nothing does."""
    match what:
        case "reading":
            book.reading(measured(time_ms), now_ms)
        case "duplicate":
            book.duplicate(measured(time_ms), now_ms)
        case "refused":
            book.refused(ROOM, now_ms)
        case "came":
            book.announced(came("2.4.1", time_ms), now_ms)
        case "went":
            book.announced(went(time_ms), now_ms)
        case _:
            book.find_silent(now_ms, 0)


class Notes:
    """A book, and what it says."""

    def __init__(self, park: Park, **options: object) -> None:
        self.book = DeviceBook(park, **options)  # type: ignore[arg-type]  # one of its options

    def device(self, asset: str = ROOM) -> Device:
        return self.book._devices[asset]  # noqa: SLF001 - only changed ones are given out

    def states(self) -> list[tuple[str, int]]:
        lines = [*self.book.take_announced(), *self.book.take_noticed()]
        readings = [decode(line) for line in lines]
        assert {reading.kind for reading in readings} <= {"liveness"}
        return [(str(reading.fields["state"]), reading.time_ms) for reading in readings]


@pytest.fixture
def notes(small_park: Park) -> Notes:
    return Notes(small_park)


def test_whoever_sends_a_reading_is_online_and_said_so_once(notes: Notes) -> None:
    for number in range(3):
        notes.book.reading(measured(NOW_MS + number), NOW_MS)
    assert notes.states() == [("online", NOW_MS)]
    assert notes.device().readings == 3


def test_whoever_is_silent_for_three_cadences_is_stale_until_it_sends_again(notes: Notes) -> None:
    notes.book.reading(measured(NOW_MS), NOW_MS)
    limit_ms = silence_limit_ms("cold_room")
    notes.book.find_silent(NOW_MS + limit_ms, 0)
    assert notes.device().state is State.ONLINE
    notes.book.find_silent(NOW_MS + limit_ms + 1, 0)
    notes.book.find_silent(NOW_MS + limit_ms + 2, 0)
    notes.book.reading(measured(NOW_MS + 1), NOW_MS + limit_ms + 3)
    assert notes.states() == [
        ("online", NOW_MS),
        ("stale", NOW_MS + limit_ms + 1),
        ("online", NOW_MS + limit_ms + 3),
    ]


@pytest.mark.parametrize("sign", ["reading", "duplicate", "refused", "came"])
def test_a_sign_of_life_of_any_sort_ends_staleness(notes: Notes, sign: str) -> None:
    notes.book.reading(measured(NOW_MS), NOW_MS)
    later_ms = NOW_MS + 86_400_000
    notes.book.find_silent(later_ms, 0)
    assert notes.device().state is State.STALE
    happen(notes.book, sign, later_ms + 1, later_ms - LATE_MS)
    assert notes.device().state is State.ONLINE


def test_a_shut_valve_may_be_silent_for_three_quarters_of_an_hour(notes: Notes) -> None:
    notes.book.reading(measured(NOW_MS, asset="block-00001"), NOW_MS)
    notes.book.find_silent(NOW_MS + 44 * 60_000, 0)
    assert notes.device("block-00001").state is State.ONLINE
    notes.book.find_silent(NOW_MS + 46 * 60_000, 0)
    assert notes.device("block-00001").state is State.STALE


def test_silence_counts_from_when_this_side_began_to_listen(notes: Notes) -> None:
    notes.book.reading(measured(NOW_MS), NOW_MS)
    much_later = NOW_MS + 86_400_000
    notes.book.find_silent(much_later, much_later - 1000)
    assert notes.device().state is State.ONLINE


def test_in_a_group_whoever_another_consumer_heard_is_not_stale(small_park: Park) -> None:
    notes = Notes(small_park, heard_elsewhere=lambda _kind, assets: assets[:1])
    for asset in (ROOM, "room-0002"):
        notes.book.reading(measured(NOW_MS, asset=asset), NOW_MS)
    notes.book.find_silent(NOW_MS + 86_400_000, 0)
    assert [notes.device(asset).state for asset in (ROOM, "room-0002")] == [
        State.ONLINE,
        State.STALE,
    ]


def test_a_last_will_makes_a_device_offline_until_a_newer_reading(notes: Notes) -> None:
    notes.book.reading(measured(NOW_MS), NOW_MS)
    notes.book.announced(went(NOW_MS + 10), NOW_MS + 10)
    notes.book.reading(measured(NOW_MS + 5), NOW_MS + 20)
    assert notes.device().state is State.OFFLINE
    notes.book.reading(measured(NOW_MS + 11), NOW_MS + 30)
    assert notes.device().state is State.ONLINE


def test_repeats_and_refusals_bring_nobody_back_who_said_goodbye(notes: Notes) -> None:
    notes.book.announced(went(NOW_MS), NOW_MS)
    notes.book.duplicate(measured(NOW_MS - 1), NOW_MS + 1)
    notes.book.refused(ROOM, NOW_MS + 2)
    assert notes.device().state is State.OFFLINE


def test_a_birth_by_a_clock_that_lags_still_follows_the_last_will(notes: Notes) -> None:
    notes.book.announced(went(NOW_MS), NOW_MS)
    notes.book.announced(came("2.4.1", NOW_MS - 60_000), NOW_MS + 5_000)
    assert notes.states() == [("offline", NOW_MS), ("online", NOW_MS + 1)]


def test_what_came_in_one_batch_keeps_its_order(notes: Notes) -> None:
    notes.book.reading(measured(NOW_MS - 5), NOW_MS)
    notes.book.announced(went(NOW_MS), NOW_MS)
    notes.book.announced(came("2.4.1", NOW_MS), NOW_MS)
    by_time = sorted(notes.states(), key=lambda state: state[1])
    assert by_time == [("online", NOW_MS), ("offline", NOW_MS + 1), ("online", NOW_MS + 2)]


def test_an_announcement_that_is_handed_over_again_is_the_same_point(notes: Notes) -> None:
    for _ in range(2):
        notes.book.announced(came("2.4.1", NOW_MS), NOW_MS + 10)
    assert notes.states() == [("online", NOW_MS)] * 2


def test_announcements_of_nothing_that_sends_telemetry_are_ignored(notes: Notes) -> None:
    for asset in ("orchard-001", "room-9999"):
        notes.book.announced(Announcement(asset, True, None, NOW_MS), NOW_MS)  # noqa: FBT003 - a field of a tuple
    assert notes.states() == []
    assert list(notes.book.take_changed()) == []


events = st.lists(
    st.tuples(
        st.sampled_from(["reading", "duplicate", "refused", "came", "went", "silence"]),
        st.integers(0, 400_000),  # how much later it comes
        st.integers(-300_000, 300_000),  # how far the device's clock is off
    ),
    max_size=12,
)


@given(events)
def test_to_the_store_the_newest_line_is_the_state(
    small_park: Park, happened: list[tuple[str, int, int]]
) -> None:
    notes = Notes(small_park)
    now_ms = NOW_MS
    told: dict[int, str] = {}
    for what, later_ms, off_ms in happened:
        now_ms += later_ms
        happen(notes.book, what, now_ms, now_ms + off_ms)
        told |= {time_ms: state for state, time_ms in notes.states()}
        if told:
            assert told[max(told)] == notes.device().state
            assert max(told) == notes.device().since_ms


def test_a_device_that_only_ever_said_goodbye_was_never_online(notes: Notes) -> None:
    notes.book.announced(went(NOW_MS), NOW_MS)
    assert notes.states() == [("offline", NOW_MS)]


def test_firmware_is_remembered_and_told(notes: Notes) -> None:
    notes.book.announced(came("2.4.1", NOW_MS), NOW_MS)
    notes.book.announced(went(NOW_MS + 1), NOW_MS + 1)
    lines = [decode(line) for line in notes.book.take_announced()]
    assert [line.fields["firmware"] for line in lines] == ["2.4.1", "2.4.1"]


def test_an_offline_device_never_becomes_stale(notes: Notes) -> None:
    notes.book.announced(went(NOW_MS), NOW_MS)
    notes.book.find_silent(NOW_MS + 86_400_000, 0)
    assert notes.device().state is State.OFFLINE


def test_late_early_and_disordered_readings_are_counted(notes: Notes) -> None:
    for time_ms in (NOW_MS, NOW_MS - 5, NOW_MS - LATE_MS - 1, NOW_MS + AHEAD_MS + 1):
        notes.book.reading(measured(time_ms), NOW_MS)
    device = notes.device()
    assert (device.late, device.out_of_order, device.ahead) == (1, 2, 1)
    assert device.most_ahead_ms == AHEAD_MS + 1


def test_repeats_and_refusals_are_counted_and_are_signs_of_life(notes: Notes) -> None:
    notes.book.duplicate(measured(NOW_MS), NOW_MS)
    notes.book.refused(ROOM, NOW_MS + 1)
    notes.book.refused("orchard-001", NOW_MS + 1)
    device = notes.device()
    assert (device.duplicates, device.refused, device.readings) == (1, 1, 0)
    assert (device.state, device.seen_ms) == (State.ONLINE, NOW_MS + 1)


@pytest.mark.parametrize(
    ("numbers", "missing", "restarts"),
    [
        ([1, 2, 3], 0, 0),
        ([1, 4], 2, 0),
        ([1, 4, 2], 1, 0),
        ([1, 4, 2, 3], 0, 0),
        ([7, 7, 8], 0, 0),
        ([2**32 - 1, 0, 1], 0, 0),
        ([2**32 - 1, 2], 2, 0),
        ([50_000_000, 0, 1], 0, 1),
    ],
)
def test_gaps_of_the_sequence_are_counted(
    notes: Notes, numbers: list[int], missing: int, restarts: int
) -> None:
    times = {seq: place for place, seq in enumerate(sorted(numbers))} if not restarts else {}
    for place, seq in enumerate(numbers):
        notes.book.reading(measured(NOW_MS + times.get(seq, place), seq), NOW_MS)
    assert (notes.device().missing, notes.device().restarts) == (missing, restarts)


@given(st.permutations(range(12)), st.sampled_from([0, 41, 2**32 - 6]))
def test_whatever_the_order_nothing_is_missing_once_all_have_come(
    small_park: Park, order: list[int], first: int
) -> None:
    notes = Notes(small_park)
    for number in order:
        notes.book.reading(measured(NOW_MS + number, (first + number) % 2**32), NOW_MS)
    assert (notes.device().missing, notes.device().restarts) == (0, 0)


@given(st.permutations(range(1, 12)), st.sets(st.integers(1, 10)))
def test_whatever_the_order_what_was_lost_is_missing(
    small_park: Park, order: list[int], lost: set[int]
) -> None:
    notes = Notes(small_park)
    for number in [0, *order]:
        if number not in lost:
            notes.book.reading(measured(NOW_MS + number, number), NOW_MS)
    assert notes.device().missing == len(lost)


def test_what_a_device_counted_before_it_began_anew_is_not_missing_after(notes: Notes) -> None:
    for place, seq in enumerate([98, 99, 100, 0, 1, 2]):
        notes.book.reading(measured(NOW_MS + place, seq), NOW_MS)
    assert (notes.device().missing, notes.device().restarts) == (0, 1)


def test_a_reading_without_a_number_leaves_the_count_as_it_is(notes: Notes) -> None:
    for place, seq in enumerate([1, None, 2, None, 5]):
        notes.book.reading(measured(NOW_MS + place, seq), NOW_MS)
    assert notes.device().missing == 2


def test_in_a_group_gaps_mean_nothing(small_park: Park) -> None:
    notes = Notes(small_park, heard_elsewhere=lambda _kind, _assets: ())
    for seq in (1, 5):
        notes.book.reading(measured(NOW_MS + seq, seq), NOW_MS)
    assert notes.device().missing == 0


def test_what_changed_is_given_out_once_and_taken_up_by_the_next_book(
    notes: Notes, small_park: Park
) -> None:
    notes.book.reading(measured(NOW_MS, 5), NOW_MS)
    (kept,) = notes.book.take_changed()
    assert list(notes.book.take_changed()) == []
    again = Notes(small_park, known=[kept])
    again.book.reading(measured(NOW_MS + 1, 7), NOW_MS + 1)
    assert again.states() == []
    assert (again.device().readings, again.device().missing) == (2, 1)
