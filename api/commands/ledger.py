"""`agripark ledger`: proves that the events are those that were signed."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.ledger_checks import check_consistency, check_proof
from api.commands.ledger_files import (
    KeyOption,
    append_text,
    read_checkpoint,
    read_keys,
    write_text,
)
from api.commands.ledger_reports import (
    derived_json,
    derived_text,
    doubts_json,
    doubts_lines,
    report_json,
    report_text,
)
from api.commands.options import DatabaseOption, DataOption, JsonOption, ScaleOption
from api.commands.output import show
from api.commands.tables import table
from api.errors import CommandError
from api.models.ledger import ConsistencyJson
from api.wiring import make_derived_tables, make_ledger, make_park, open_existing
from park.database import open_engine
from park.definition import read_definition
from park.settings import load_settings
from traceability.derived.service import DerivedTables, is_mendable
from traceability.ledger import merkle
from traceability.ledger.evidence import Given
from traceability.ledger.ledger import Ledger
from traceability.ledger.tlog_proof import tlog_proof
from traceability.ledger.witness import Witness

app = typer.Typer(no_args_is_help=True, help="Proves that the events are those that were signed.")
key_app = typer.Typer(no_args_is_help=True, help="Keys that sign checkpoints.")
app.add_typer(key_app, name="key")
app.command("check-proof")(check_proof)
app.command("check-consistency")(check_consistency)

CheckpointOption = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", help="File of a checkpoint that was given out; repeatable."),
]
OutOption = Annotated[Path | None, typer.Option("--out", help="File to write it to.")]

_NOT_COMPARED = "derived tables: not compared, as what follows from forged events would be forged"


@app.command()
def verify(
    checkpoint: CheckpointOption = None,
    key: KeyOption = None,
    derived: Annotated[
        bool, typer.Option("--derived", help="Derive all other tables anew, too, and compare.")
    ] = False,
    database: DatabaseOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove the database whole, or name the first event that is bad; status 1 if it isn't whole.

    Example: agripark ledger verify --checkpoint checkpoint-of-june.txt
    """
    given = _given(checkpoint)
    with _parts(database, data, scale) as (ledger, tables):
        report = ledger.verify(given, read_keys(key), _progress(quiet=as_json))
        compared = None
        if derived and is_mendable(report):
            compared = tables.compare(_progress(quiet=as_json))
    if as_json:
        more = {"derived": compared and derived_json(compared)} if derived else {}
        show(report_json(report) | more)
    else:
        show(report_text(report))
        if derived:
            show(_NOT_COMPARED if compared is None else derived_text(compared))
    if not report.ok or (compared is not None and not compared.ok):
        raise typer.Exit(1)


@app.command()
def rebuild(
    checkpoint: CheckpointOption = None,
    key: KeyOption = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Even if less follows from the events than once.")
    ] = False,
    database: DatabaseOption = None,
    data: DataOption = None,
    scale: ScaleOption = None,
    as_json: JsonOption = False,
) -> None:
    """Derive all other tables from the events anew, once these are proven; all or nothing.

    Example: agripark ledger rebuild --checkpoint checkpoint-of-june.txt
    """
    given = _given(checkpoint)
    with _parts(database, data, scale) as (ledger, tables):
        report = ledger.verify(given, read_keys(key), _progress(quiet=as_json))
        if not is_mendable(report):
            show(report_json(report) if as_json else report_text(report))
        made = tables.rebuild(report, _progress(quiet=as_json), anyway=anyway)
    if as_json:
        show({"size": made.size, "rows": made.rows, "doubts": doubts_json(made.doubts)})
    else:
        words = f"rebuilt: {made.rows:,} rows that follow from {made.size:,} events"
        show("\n".join([words, *doubts_lines(made.doubts)]))


@app.command()
def checkpoint(
    out: OutOption = None, database: DatabaseOption = None, data: DataOption = None
) -> None:
    """Sign the log as it is, and print the checkpoint: keep it where nobody here can reach it.

    Example: agripark ledger checkpoint --out checkpoint.txt
    """
    with _opened(database, data) as ledger:
        write_text(str(ledger.checkpoint()), out)


@app.command()
def prove(
    event_id: Annotated[str, typer.Argument(help="Event id.")],
    size: Annotated[
        int | None, typer.Option("--size", min=1, help="Of the checkpoint to prove it by.")
    ] = None,
    as_tlog: Annotated[
        bool, typer.Option("--tlog", help="As c2sp.org/tlog-proof, for other tools; else JSON.")
    ] = False,
    out: OutOption = None,
    database: DatabaseOption = None,
    data: DataOption = None,
) -> None:
    """Print the proof that an event is in the signed log, for `check-proof`.

    Example: agripark ledger prove urn:uuid:01998c4e-8a00-7000-8000-000000000001 --out proof.json
    """
    with _opened(database, data) as ledger:
        proof = ledger.prove(event_id, size)
    as_json = f"{json.dumps(proof.as_json(), indent=2, ensure_ascii=False)}\n"
    write_text(tlog_proof(proof) if as_tlog else as_json, out)


@app.command()
def consistency(
    old_checkpoint: Annotated[Path, typer.Argument(help="File of an earlier checkpoint.")],
    key: KeyOption = None,
    database: DatabaseOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that the log grew out of an earlier checkpoint; status 1 where it didn't.

    Example: agripark ledger consistency checkpoint.txt
    """
    old = read_checkpoint(old_checkpoint)
    with _opened(database, data) as ledger:
        old.require_signed([*ledger.verifiers(), *read_keys(key)])
        new = ledger.checkpoint()
        if old.size > new.size:
            raise CommandError(
                f"the log holds {new.size} events, the checkpoint is of {old.size}: "
                "it was rolled back"
            )
        proof = ledger.consistency(old.size, new.size)
    if not merkle.verify_consistency(old.size, new.size, old.root, new.root, proof.hashes):
        raise CommandError(f"the first {old.size} events aren't those of the checkpoint")
    words = f"the log of {new.size} events grew out of that of {old.size}; nothing was changed"
    made = ConsistencyJson.of(proof, new)
    show(made.model_dump(mode="json", by_alias=True) if as_json else words)


@app.command()
def anchor(
    to: Annotated[
        Path | None, typer.Option("--to", help="File to which the checkpoint is added.")
    ] = None,
    witness: Annotated[
        str | None, typer.Option("--witness", metavar="URL", help="Witness that is to sign it.")
    ] = None,
    witness_key: Annotated[
        list[str] | None,
        typer.Option("--witness-key", help="Its public key, name+id+base64, or a file of them."),
    ] = None,
    database: DatabaseOption = None,
    data: DataOption = None,
) -> None:
    """Put a checkpoint where who owns the database has no hands: a file elsewhere, or a witness.

    Example: agripark ledger anchor --witness https://witness.example --witness-key witness.txt
    """
    if to is None and witness is None:
        raise CommandError("say where to: --to FILE or --witness URL")
    if witness is not None and not witness_key:
        raise CommandError("a witness's signature is worth something only with its --witness-key")
    with _opened(database, data) as ledger:
        if witness is None:
            signed = ledger.checkpoint()
        else:
            signed = ledger.cosign(Witness(witness, read_keys(witness_key)))
    if to is not None:
        append_text(str(signed), to)
    show(str(signed).rstrip("\n"))


@key_app.command("create")
def create_key(
    name: Annotated[
        str | None,
        typer.Option("--name", help="Origin of the log, such as example.com/packhouse."),
    ] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Make the first key, and print its public half. Without this the first checkpoint makes it.

    Example: agripark ledger key create --name example.com/packhouse
    """
    with _opened(database, data, only_keys=True) as ledger:
        show(str(ledger.create_key(name)))


@key_app.command("rotate")
def rotate_key(
    lost: Annotated[
        bool, typer.Option("--lost", help="The old private key is gone and can't sign this.")
    ] = False,
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Sign with a new key from now on, and print its public half; the old private key is deleted.

    Example: agripark ledger key rotate
    """
    with _opened(database, data, only_keys=True) as ledger:
        show(str(ledger.rotate_key(lost=lost)))


@key_app.command("list")
def list_keys(
    data: DataOption = None, database: DatabaseOption = None, as_json: JsonOption = False
) -> None:
    """List the log's public keys, the one that signs now last, and how each followed the other.

    Example: agripark ledger key list
    """
    with _opened(database, data, only_keys=True) as ledger:
        entries = ledger.keys.entries()
    if as_json:
        show(
            [
                {
                    "number": entry.number,
                    "key": str(entry.verifier),
                    "signs": entry.can_sign,
                    "rotation": None if entry.rotation is None else str(entry.rotation),
                }
                for entry in entries
            ]
        )
    elif entries:
        rows = [
            (str(entry.number), "yes" if entry.can_sign else "", str(entry.verifier))
            for entry in entries
        ]
        show(table(("number", "signs", "public key"), rows))
    else:
        show("none")


@contextmanager
def _opened(
    database: str | None, data: Path | None, *, only_keys: bool = False
) -> Iterator[Ledger]:
    """The ledger; `only_keys` says that the database need not exist yet."""
    settings = load_settings(database_url=database, data_dir=data)
    site = read_definition(settings.park_definition).site.id
    engine = open_engine(settings.traceability_url) if only_keys else open_existing(settings)
    with closing(make_ledger(settings, site, engine)) as ledger:
        yield ledger


@contextmanager
def _parts(
    database: str | None, data: Path | None, scale: float | None
) -> Iterator[tuple[Ledger, DerivedTables]]:
    """The ledger, and what else follows from its events."""
    settings = load_settings(database_url=database, data_dir=data, park_scale=scale)
    park, engine = make_park(settings), open_existing(settings)
    with closing(make_ledger(settings, park.site.id, engine)) as ledger:
        yield ledger, make_derived_tables(settings, park, engine)


def _given(paths: list[Path] | None) -> list[Given]:
    return [Given(str(path), read_checkpoint(path)) for path in paths or ()]


def _progress(*, quiet: bool) -> Any:
    def tell(done: int, total: int) -> None:
        sys.stderr.write(f"\r{done:,} of {total:,} events")
        if done == total:
            sys.stderr.write("\n")
        sys.stderr.flush()

    watched = sys.stderr.isatty() and not quiet
    return tell if watched else _silent


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""
