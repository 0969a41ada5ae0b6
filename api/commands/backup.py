"""`agripark backup`: copies what can't be had again while all goes on.

Checkpoints are copied before the database: so the copy of the database holds all that they sign,
and more. The other way round it would look as if it had been rolled back.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from api.commands.options import DatabaseOption, DataOption, JsonOption
from api.commands.output import say, show
from api.errors import CommandError
from park.settings import Settings, load_settings

_LOCK_WAIT_S = 30.0
_FOLDER_MODE = 0o700
_UNFINISHED = ".unfinished"
_PUBLIC_KEYS = ("*.public", "*.rotation")


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder for the copy.")],
    database: DatabaseOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the embedded databases and the ledger's checkpoints and public keys to a new folder.

    Nothing has to be stopped for it. A database of PostgreSQL isn't part of the copy: run pg_dump
    after this. Nor are the keys that sign: keep them elsewhere.

    Example: agripark backup /mnt/backup/monday
    """
    settings = load_settings(database_url=database, data_dir=data)
    try:
        copied = _back_up(settings, folder)
    except (OSError, sqlite3.Error) as error:
        raise CommandError(f"the backup isn't complete: {error}") from error
    if as_json:
        show({"folder": str(folder), "files": copied})
        return
    show("\n".join(f"{size:>15,} bytes  {name}" for name, size in copied.items()))
    if _embedded(settings) is None:
        say(f"The database is on a server: now dump it to {folder}, see docs/running.md.")


def _back_up(settings: Settings, folder: Path) -> dict[str, int]:
    """Copy all; gives names and sizes. The folder has its name only once it is complete."""
    if folder.exists():
        raise CommandError(f"{folder} exists; name a new folder, so that no backup is lost")
    sources = [path for path in _databases(settings) if path.is_file()]
    if not sources and not settings.ledger_checkpoints.is_file():
        raise CommandError(f"there is nothing in {settings.data_dir}; name its folder with --data")
    unfinished = folder.with_name(folder.name + _UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=_FOLDER_MODE)
    _copy_files(settings, unfinished)
    for source in sources:
        _copy_database(source, unfinished / source.name)
    unfinished.replace(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.stat().st_size for path in files}


def _databases(settings: Settings) -> Iterator[Path]:
    events = _embedded(settings)
    if events is not None:
        yield events
    yield from (settings.telemetry_path, settings.spool_path, settings.calibration_path)


def _embedded(settings: Settings) -> Path | None:
    """The file of events; None where they are on a server."""
    url = make_url(settings.traceability_url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _copy_files(settings: Settings, target: Path) -> None:
    for path in (settings.ledger_checkpoints, settings.scale_path):
        if path.is_file():
            shutil.copy2(path, target)
    keys = target / settings.ledger_keys.name
    keys.mkdir(mode=_FOLDER_MODE)
    for pattern in _PUBLIC_KEYS:
        for key in settings.ledger_keys.glob(pattern):
            shutil.copy2(key, keys)


def _copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite file as it is at one moment; whoever writes it isn't held up."""
    address = f"{source.absolute().as_uri()}?mode=rw"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=_LOCK_WAIT_S)) as reading,
        closing(sqlite3.connect(target)) as copy,
    ):
        reading.backup(copy)
        (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise CommandError(f"{source} is damaged: {verdict}")
