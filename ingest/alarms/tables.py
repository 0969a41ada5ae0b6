"""The tables of alarms in the spool's file; their columns are the fields of the model."""

from dataclasses import fields

from ingest.alarms.model import Alarm, Transition

ALARM_COLUMNS = tuple(field.name for field in fields(Alarm))
JOURNAL_COLUMNS = tuple(field.name for field in fields(Transition))

_INTEGER, _REAL, _TEXT = "INTEGER NOT NULL", "REAL", "TEXT NOT NULL"


def quoted(names: tuple[str, ...]) -> str:
    """Names of columns for a statement; `limit` is a word of SQL."""
    return ", ".join(f'"{name}"' for name in names)


def _column(name: str) -> str:
    if name in {"value", "limit"}:
        kind = _REAL
    elif name.startswith("is_") or name in {"changed_ms", "at_ms", "recorded_ms"}:
        kind = _INTEGER
    elif name.endswith("_ms"):
        kind = "INTEGER"
    else:
        kind = "TEXT" if name == "person" else _TEXT
    return f'"{name}" {kind}'


def _columns(names: tuple[str, ...]) -> str:
    return ", ".join(_column(name) for name in names if name != "id")


ALARM_TABLES = (
    f"""CREATE TABLE IF NOT EXISTS alarms ({_columns(ALARM_COLUMNS)},
    PRIMARY KEY (asset, rule)) WITHOUT ROWID""",
    f"""CREATE TABLE IF NOT EXISTS alarm_journal
    (id INTEGER PRIMARY KEY AUTOINCREMENT, {_columns(JOURNAL_COLUMNS)})""",
    """CREATE TABLE IF NOT EXISTS alarm_states
    (name TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS alarm_totals
    (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID""",
)
ALARM_INDEXES = (
    "CREATE INDEX IF NOT EXISTS alarms_by_status ON alarms (status, asset, rule)",
    """CREATE INDEX IF NOT EXISTS alarms_on_shelf ON alarms (shelved_until_ms)
    WHERE shelved_until_ms IS NOT NULL""",
    "CREATE INDEX IF NOT EXISTS alarm_journal_by_asset ON alarm_journal (asset, at_ms)",
    "CREATE INDEX IF NOT EXISTS alarm_journal_by_time ON alarm_journal (recorded_ms)",
)
