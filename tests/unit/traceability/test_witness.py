"""A witness signs what grew out of what it saw, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from park.database import open_engine
from tests.support.ledger_log import LedgerDatabase
from tests.support.servers import free_port
from tests.support.witness_server import TEXT, FakeWitness, serving_witness
from traceability.errors import LedgerBrokenError, WitnessError
from traceability.ledger.ledger import Ledger
from traceability.ledger.witness import Witness


@pytest.fixture
def database(tmp_path: Path) -> Iterator[LedgerDatabase]:
    engine = open_engine(f"sqlite:///{tmp_path / 'traceability.db'}")
    made = LedgerDatabase(engine, tmp_path)
    made.create()
    made.capture(5)
    yield made
    engine.dispose()


@pytest.fixture
def ledger(database: LedgerDatabase) -> Ledger:
    made = database.ledger()
    made.checkpoint()
    return made


@pytest.fixture
def fake(ledger: Ledger) -> Iterator[FakeWitness]:
    with serving_witness() as witness:
        witness.trusted = list(ledger.verifiers())
        yield witness


def of(fake: FakeWitness) -> Witness:
    return Witness(fake.url, [fake.verifier])


def test_its_signature_is_kept_beside_ours(
    database: LedgerDatabase, ledger: Ledger, fake: FakeWitness
) -> None:
    signed = ledger.cosign(of(fake))
    names = [each.name for each in signed.note.signed_by([*ledger.verifiers(), fake.verifier])]
    assert names == ["agripark.example/test", "witness.example/w1"]
    assert ledger.checkpoint_of(5) == signed
    assert str(ledger.checkpoint()) == str(signed)
    assert [line.checkpoint() for line in ledger.anchor.lines()][-1] == signed
    database.capture(3)
    again = ledger.cosign(of(fake))
    assert again.size == 8
    assert [body.split("\n")[0] for body in fake.asked] == ["old 0", "old 5"]
    assert ledger.verify().ok


def test_a_witness_that_knows_more_than_we_do_is_asked_again(
    database: LedgerDatabase, ledger: Ledger, fake: FakeWitness
) -> None:
    fake.seen = ledger.checkpoint()
    database.capture(6)
    assert ledger.cosign(of(fake)).size == 11
    assert [body.split("\n")[0] for body in fake.asked] == ["old 0", "old 5"]


def test_what_was_rolled_back_behind_the_witness_shows(
    database: LedgerDatabase, ledger: Ledger, fake: FakeWitness
) -> None:
    ledger.cosign(of(fake))
    database.remove_event(4)
    database.rebuild_ledger()
    ledger.anchor.path.unlink()
    with pytest.raises(LedgerBrokenError, match="saw 5 events of this log, it holds only 4"):
        database.ledger().cosign(of(fake))


@pytest.mark.parametrize("further", [0, 3])
def test_what_was_rewritten_behind_the_witness_shows(
    database: LedgerDatabase, ledger: Ledger, fake: FakeWitness, further: int
) -> None:
    ledger.cosign(of(fake))
    database.change_document(2, b'{"eventID":"other"}')
    database.rebuild_ledger()
    ledger.anchor.path.unlink()
    if further:
        database.capture(further)
    with pytest.raises((LedgerBrokenError, WitnessError)):
        database.ledger().cosign(of(fake))


@pytest.mark.parametrize(
    "says",
    [
        (404, TEXT, "unknown log"),
        (403, TEXT, ""),
        (500, TEXT, "x" * 10_000),
        (409, "text/x.tlog.size", "many\n"),
        (409, TEXT, "5\n"),
        (200, TEXT, ""),
        (200, TEXT, "nonsense\n"),
        (200, TEXT, "\u2014 other.example AAAAAAAA\n"),
    ],
)
def test_an_answer_that_is_no_signature_is_refused(
    ledger: Ledger, fake: FakeWitness, says: tuple[int, str, str]
) -> None:
    fake.says = says
    with pytest.raises(WitnessError):
        ledger.cosign(of(fake))
    assert len(ledger.checkpoint().note.signatures) == 1


def test_a_signature_over_something_else_is_refused(ledger: Ledger, fake: FakeWitness) -> None:
    other = fake.sign("other\n")
    fake.says = (200, TEXT, f"{other}\n")
    with pytest.raises(WitnessError, match="is wrong"):
        ledger.cosign(of(fake))


def test_a_witness_that_is_away_is_an_error(ledger: Ledger, fake: FakeWitness) -> None:
    with pytest.raises(WitnessError, match="doesn't answer"):
        ledger.cosign(Witness(f"http://127.0.0.1:{free_port()}", [fake.verifier]))
