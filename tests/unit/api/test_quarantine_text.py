"""Quarantine in a terminal: what strangers sent stays in its place."""

from datetime import UTC, datetime

from api.commands.reports import quarantine_text
from api.commands.tables import printable
from ingest.quarantine import QuarantineEntry


def entry(topic: str, detail: str) -> QuarantineEntry:
    received = datetime(2026, 10, 12, tzinfo=UTC)
    return QuarantineEntry(
        id=1,
        received_at=received,
        topic=topic,
        payload=b"",
        payload_bytes=0,
        reason="unknown-asset",
        detail=detail,
    )


def test_one_long_topic_leaves_the_lines_of_others_readable() -> None:
    text = quarantine_text([entry("x" * 60_000, "y" * 60_000), entry("short", "why")])
    assert max(map(len, text.splitlines())) < 250


def test_no_foreign_text_gives_orders_to_the_terminal() -> None:
    orders = "\x1b[31m\x07\x9b2J\u202e"
    text = quarantine_text([entry(orders, orders)])
    assert all(char.isprintable() or char == "\n" for char in text)
    assert printable(orders) == "\\x1b[31m\\x07\\x9b2J\\u202e"


def test_what_can_be_read_stays_as_it_is() -> None:
    assert printable('{"批": "a\\b",\n\t"ok": 1}') == '{"批": "a\\b",\n\t"ok": 1}'
