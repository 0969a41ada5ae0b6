"""A line that came before is known again, also by the next process."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.digests import DIGEST_BYTES, REMEMBERED, RecentLines


def test_a_line_is_new_once() -> None:
    recent = RecentLines()
    assert recent.note("one") is not None
    assert recent.note("two") is not None
    assert recent.note("one") is None


def test_what_was_kept_is_known_again() -> None:
    first = RecentLines(seed=7)
    kept = b"".join(first.note(line) or b"" for line in ("one", "two"))
    assert len(kept) == 2 * DIGEST_BYTES
    again = RecentLines(kept, seed=7)
    assert again.note("one") is None
    assert again.note("three") is not None


def test_what_was_kept_is_known_again_only_with_the_same_seed() -> None:
    kept = RecentLines(seed=7).note("one")
    assert kept is not None
    assert RecentLines(kept, seed=8).note("one") is not None


@given(st.lists(st.text(max_size=3), max_size=40), st.integers(0, 40))
def test_a_restart_at_any_place_changes_nothing(lines: list[str], cut: int) -> None:
    whole, first = RecentLines(), RecentLines()
    expected = [whole.note(line) for line in lines]
    before = [first.note(line) for line in lines[:cut]]
    second = RecentLines(b"".join(filter(None, before)))
    assert before + [second.note(line) for line in lines[cut:]] == expected


def test_another_seed_gives_other_digests() -> None:
    assert RecentLines(seed=1).note("one") != RecentLines(seed=2).note("one")


def test_half_of_what_is_remembered_is_never_forgotten_and_all_in_the_end() -> None:
    recent = RecentLines()
    for number in range(REMEMBERED):
        recent.note(f"line {number}")
    assert recent.note(f"line {REMEMBERED // 2}") is None
    for number in range(REMEMBERED, 2 * REMEMBERED):
        recent.note(f"line {number}")
    assert recent.note("line 0") is not None
