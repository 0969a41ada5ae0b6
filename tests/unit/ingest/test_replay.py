"""What can be read by now leaves quarantine for the spool, what can't stays as it is."""

from pathlib import Path

import pytest

from ingest.counters import Count
from ingest.decoding import Decoder
from ingest.errors import NotInQuarantineError
from ingest.quarantine import Quarantine, Selection
from ingest.received import STATUSES, Fault, Received
from ingest.replay import Replayed, replay
from ingest.shippers import REFUSED_BY_STORE
from ingest.spool import Spool
from park.assets import Park
from park.definition import build_park, read_definition
from tests.support.ingest_fakes import HARVEST_TOPIC, ROOM_TOPIC, as_json, harvest, room_reading

NOW_MS = 1_760_000_000_000
LINE = f"cold_room,asset=room-0001,centre=centre-01,site=linyi air_temp_c=1.5 {NOW_MS}"


def quarantine(spool: Spool, *entries: tuple[str, bytes, str]) -> None:
    faults = [Fault(topic, payload, code, "why") for topic, payload, code in entries]
    spool.append(Received(faults=faults), NOW_MS)


def replay_all(path: Path, spool: Spool, park: Park) -> list[Replayed]:
    entries = Quarantine(path)
    numbers = entries.numbers(Selection())
    return list(replay(entries, spool, Decoder(park, 300, 262_144), numbers, NOW_MS))


def waiting(spool: Spool) -> list[str]:
    batch = spool.oldest_lines(100)
    return [] if batch is None else list(batch.lines)


def test_a_reading_that_can_be_read_by_now_is_spooled(
    path: Path, spool: Spool, small_park: Park
) -> None:
    payload = as_json(room_reading(NOW_MS, air_temp_c=1.5))
    quarantine(spool, (ROOM_TOPIC, payload, "unknown-asset"), (ROOM_TOPIC, b"{", "malformed-json"))
    first, second = replay_all(path, spool, small_park)
    assert (first.spooled, first.problem) == (1, "")
    assert second.spooled == 0
    assert "no JSON" in second.problem
    assert waiting(spool) == [LINE]
    assert [entry.id for entry in Quarantine(path).entries()] == [2]
    assert spool.counters().unaccounted == 0


def test_a_line_that_the_store_refused_is_sent_as_it_was(
    path: Path, spool: Spool, small_park: Park
) -> None:
    quarantine(spool, (ROOM_TOPIC, LINE.encode(), REFUSED_BY_STORE))
    (replayed,) = replay_all(path, spool, small_park)
    assert (replayed.spooled, waiting(spool)) == (1, [LINE])


def test_a_scan_is_tried_again(path: Path, spool: Spool, small_park: Park) -> None:
    quarantine(spool, (HARVEST_TOPIC, as_json(harvest(NOW_MS)), "unknown-batch"))
    (replayed,) = replay_all(path, spool, small_park)
    assert replayed.spooled == 1
    assert [scan.topic for scan in spool.oldest_scans(10)] == [HARVEST_TOPIC]
    assert spool.counters().unaccounted == 0


def test_of_an_array_the_good_readings_leave_and_the_bad_ones_get_entries_of_their_own(
    path: Path, spool: Spool, small_park: Park
) -> None:
    array = [room_reading(NOW_MS, air_temp_c=1.5), room_reading(NOW_MS + 1, air_temp_c=999)]
    quarantine(spool, (ROOM_TOPIC, as_json(array), "unknown-asset"))
    (replayed,) = replay_all(path, spool, small_park)
    assert replayed.spooled == 1
    (entry,) = Quarantine(path).entries()
    assert (entry.id, entry.reason) == (2, "out-of-range")
    assert spool.counters().unaccounted == 0


def test_once_the_park_has_the_asset_its_reading_is_spooled(
    path: Path, spool: Spool, small_park: Park
) -> None:
    topic = ROOM_TOPIC.replace("room-0001", "room-0040")
    quarantine(spool, (topic, as_json(room_reading(NOW_MS, air_temp_c=1.5)), "unknown-asset"))
    (before,) = replay_all(path, spool, small_park)
    assert "room-0040" in before.problem
    (after,) = replay_all(path, spool, build_park(read_definition(), 0.1))
    assert (after.number, after.spooled, after.problem) == (1, 1, "")
    assert "asset=room-0040" in waiting(spool)[0]
    assert spool.counters().unaccounted == 0


def test_a_whole_message_of_which_parts_are_still_wrong_stays_as_it_is(
    path: Path, spool: Spool, small_park: Park
) -> None:
    pack = [
        {"bt": NOW_MS / 1000, "n": "air_temp_c", "v": 1.5},
        {"n": "air_temp_c", "t": 1, "v": 99},
    ]
    decoded = Decoder(small_park, 300, 262_144).decode(ROOM_TOPIC, as_json(pack), NOW_MS)
    kinds = [measured.kind for measured in decoded.readings]
    spool.append(Received(lines=decoded.lines, kinds=kinds, faults=decoded.faults), NOW_MS)
    before = spool.counters()
    for _ in range(2):
        (replayed,) = replay_all(path, spool, small_park)
        assert (replayed.number, replayed.spooled) == (1, 0)
        assert "air_temp_c is 99" in replayed.problem
    assert spool.counters() == before


def test_a_line_of_our_own_that_is_refused_again_is_not_counted_as_stored(
    path: Path, spool: Spool, small_park: Park
) -> None:
    line = f'liveness,asset=room-0001,site=linyi state="online" {NOW_MS}'
    quarantine(spool, (ROOM_TOPIC, line.encode(), REFUSED_BY_STORE))
    replay_all(path, spool, small_park)
    batch = spool.oldest_lines(10)
    assert batch is not None
    refused = Fault(ROOM_TOPIC, line.encode(), REFUSED_BY_STORE, "no", STATUSES)
    spool.drop_lines(batch, [refused], NOW_MS)
    assert (spool.counters().stored, spool.counters().unaccounted) == (0, 0)


def test_a_refused_line_that_is_none_of_ours_stays(
    path: Path, spool: Spool, small_park: Park
) -> None:
    quarantine(spool, ("", b"nonsense", REFUSED_BY_STORE))
    (replayed,) = replay_all(path, spool, small_park)
    assert "no line of agripark's" in replayed.problem


def test_hundreds_of_entries_are_replayed_in_the_order_of_their_arrival(
    path: Path, spool: Spool, small_park: Park
) -> None:
    entries = [
        (ROOM_TOPIC, as_json(room_reading(NOW_MS + number)), "unknown-asset")
        for number in range(450)
    ]
    quarantine(spool, *entries)
    replayed = replay_all(path, spool, small_park)
    assert [one.number for one in replayed] == list(range(1, 451))
    batch = spool.oldest_lines(1_000)
    assert batch is not None
    times = [int(line.rsplit(" ", 1)[1]) for line in batch.lines]
    assert times == [NOW_MS + number for number in range(450)]
    assert Quarantine(path).count() == 0


def test_an_entry_that_was_dropped_meanwhile_is_passed_over(
    path: Path, spool: Spool, small_park: Park
) -> None:
    payload = as_json(room_reading(NOW_MS))
    quarantine(spool, (ROOM_TOPIC, payload, "a"), (ROOM_TOPIC, payload, "a"))
    spool.drop_entries([1])
    decoder = Decoder(small_park, 300, 262_144)
    replayed = list(replay(Quarantine(path), spool, decoder, [1, 2], NOW_MS))
    assert [one.number for one in replayed] == [2]
    assert spool.counters().unaccounted == 0


def test_a_payload_that_was_cut_stays(path: Path, spool: Spool, small_park: Park) -> None:
    payload = as_json([room_reading(NOW_MS - n) for n in range(30_000)])
    quarantine(spool, (ROOM_TOPIC, payload, "payload-too-large"))
    (replayed,) = replay_all(path, spool, small_park)
    assert "only the first 1048576 bytes" in replayed.problem
    assert Quarantine(path).count() == 1


def test_a_status_stays(path: Path, spool: Spool, small_park: Park) -> None:
    topic = ROOM_TOPIC.replace("telemetry", "status")
    quarantine(spool, (topic, b'{"online": true}', "invalid-status"))
    (replayed,) = replay_all(path, spool, small_park)
    assert "of the past" in replayed.problem


def test_what_is_replayed_counts_as_received_once_more(
    path: Path, spool: Spool, small_park: Park
) -> None:
    quarantine(spool, (ROOM_TOPIC, as_json(room_reading(NOW_MS)), "unknown-asset"))
    replay_all(path, spool, small_park)
    batch = spool.oldest_lines(10)
    assert batch is not None
    spool.drop_lines(batch, [], NOW_MS)
    counters = spool.counters()
    assert (counters.received, counters.quarantined, counters.stored) == (2, 1, 1)
    assert counters.by_kind[Count.STORED] == {"cold_room": 1}


def test_entries_are_chosen_by_number_reason_and_topic(path: Path, spool: Spool) -> None:
    soil = ROOM_TOPIC.replace("cold_room", "soil")
    quarantine(spool, (ROOM_TOPIC, b"1", "a"), (soil, b"2", "a"), (ROOM_TOPIC, b"3", "b"))
    entries = Quarantine(path)
    assert list(entries.numbers(Selection(reason="a"))) == [1, 2]
    assert list(entries.numbers(Selection(topic=ROOM_TOPIC))) == [1, 3]
    assert list(entries.numbers(Selection(topic="agripark/v1/linyi/#", reason="b"))) == [3]
    assert list(entries.numbers(Selection((2, 3)))) == [2, 3]
    with pytest.raises(NotInQuarantineError, match="number 9"):
        entries.numbers(Selection((1, 9)))


def test_what_is_dropped_is_gone_and_still_counted(path: Path, spool: Spool) -> None:
    quarantine(spool, (ROOM_TOPIC, b"1", "a"), (ROOM_TOPIC, b"2", "a"))
    spool.drop_entries([1])
    assert [entry.id for entry in Quarantine(path).entries()] == [2]
    assert (spool.counters().quarantined, spool.counters().unaccounted) == (2, 0)
