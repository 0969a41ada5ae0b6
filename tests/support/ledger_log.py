"""A database with events and their ledger, and nothing else; and ways to tamper with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import rfc8785
from sqlalchemy import Engine, delete, insert, select, text, update

from park.times import format_instant, to_epoch_ms
from traceability import tables as t
from traceability.ledger import log, merkle
from traceability.ledger.ledger import Ledger
from traceability.ledger.tables import ledger_checkpoints, ledger_nodes

START = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
ORIGIN = "agripark.example/test"


def event_id(index: int) -> str:
    return f"urn:uuid:00000000-0000-4000-8000-{index:012x}"


def document(index: int, remark: str = "as it was") -> bytes:
    """The canonical bytes of an event."""
    return rfc8785.dumps(
        {
            "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
            "type": "ObjectEvent",
            "action": "OBSERVE",
            "eventID": event_id(index),
            "eventTime": format_instant(START + timedelta(minutes=index)),
            "eventTimeZoneOffset": "+08:00",
            "recordTime": format_instant(NOW),
            "epcList": ["urn:epc:id:sscc:9521141.0000000001"],
            "ex:remark": remark,
        }
    )


@dataclass
class LedgerDatabase:
    """The database, and the folder of keys and anchors beside it."""

    engine: Engine
    folder: Path
    clock: Callable[[], datetime] = field(default=lambda: NOW)

    def create(self) -> None:
        """Make the tables."""
        tables = [t.log_head, t.events, ledger_nodes, ledger_checkpoints]
        t.metadata.create_all(self.engine, tables=tables)
        with self.engine.begin() as connection:
            connection.execute(insert(t.log_head), {"id": 1, "size": 0})

    def ledger(self) -> Ledger:
        """The ledger over it, as a process that starts now sees it."""
        return Ledger(
            self.engine,
            self.folder / "keys",
            self.folder / "checkpoints.jsonl",
            origin=ORIGIN,
            clock=self.clock,
        )

    def capture(self, count: int = 1) -> None:
        """Add events, all in one transaction, as a capture does."""
        with self.engine.begin() as connection:
            head = select(t.log_head.c.size).with_for_update()
            first = connection.execute(head).scalar_one()
            leaves = [document(index) for index in range(first, first + count)]
            rows = [_row(index, leaf) for index, leaf in enumerate(leaves, first)]
            connection.execute(insert(t.events), rows)
            log.append(connection, first, leaves)
            connection.execute(update(t.log_head).values(size=first + count))

    # What a thief with the database's password might do

    def change_document(self, index: int, changed: bytes, *, with_hash: bool = False) -> None:
        """Put other words into an event; with its leaf's hash, where he knows of it."""
        with self.engine.begin() as connection:
            connection.execute(
                update(t.events)
                .where(t.events.c.seq == index + 1)
                .values(document=changed.decode())
            )
            if with_hash:
                connection.execute(
                    update(ledger_nodes)
                    .where(ledger_nodes.c.level == 0, ledger_nodes.c["index"] == index)
                    .values(hash=merkle.leaf_hash(changed))
                )

    def remove_event(self, index: int) -> None:
        with self.engine.begin() as connection:
            connection.execute(delete(t.events).where(t.events.c.seq == index + 1))

    def set_head(self, size: int) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(t.log_head).values(size=size))

    def rebuild_ledger(self) -> None:
        """Make the tree anew of the events that are there, numbered from 1, and the head, too."""
        with self.engine.begin() as connection:
            rows = connection.execute(select(t.events).order_by(t.events.c.seq)).mappings().all()
            connection.execute(delete(t.events))
            connection.execute(delete(ledger_nodes))
            connection.execute(delete(ledger_checkpoints))
            changed = [{**row, "seq": seq} for seq, row in enumerate(rows, 1)]
            connection.execute(insert(t.events), changed)
            log.append(connection, 0, [row["document"].encode() for row in rows])
            connection.execute(update(t.log_head).values(size=len(rows)))

    def run(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement))


def _row(index: int, leaf: bytes) -> dict[str, object]:
    return {
        "seq": index + 1,
        "event_id": event_id(index),
        "declared": False,
        "event_time_ms": to_epoch_ms(START + timedelta(minutes=index)),
        "record_time_ms": to_epoch_ms(NOW),
        "fingerprint": "",
        "content_hash": merkle.leaf_hash(leaf),
        "document": leaf.decode(),
    }
