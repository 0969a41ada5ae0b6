"""`agripark profile`: the profiles there are, and what one makes of a message."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from api.commands.options import JsonOption, ScaleOption
from api.commands.output import show
from api.commands.tables import printable, table
from ingest.errors import MessageError, ProfileError
from ingest.line_protocol import encode_head, encode_line
from ingest.profiles.files import (
    read_profile,
    read_profiles,
    read_text,
    shipped_files,
    shipped_profiles,
)
from ingest.profiles.profile import MappedElement, Profile
from ingest.validation import check_fields, check_seq, check_time
from park import times
from park.assets import Asset, Park
from park.definition import build_park, read_definition
from park.errors import UnknownAssetError
from park.settings import Settings, load_settings
from park.telemetry import KINDS
from park.times import format_instant, from_epoch_ms

_T = TypeVar("_T")

app = typer.Typer(
    no_args_is_help=True, help="Profiles, which map the messages of foreign devices to ours."
)
FolderOption = Annotated[
    Path | None, typer.Option("--profiles", metavar="FOLDER", help="Folder of your own profiles.")
]


@app.command("list")
def list_profiles(profiles: FolderOption = None, as_json: JsonOption = False) -> None:
    """List the profiles that come with agripark, and your own.

    Example: agripark profile list
    """
    settings = load_settings(profiles_dir=profiles)
    shipped = [("shipped", profile) for profile in shipped_profiles()]
    own = [("own", profile) for profile in _own(settings)]
    rows = [_summary(origin, profile) for origin, profile in own + shipped]
    show(rows if as_json else _list_text(rows))


@app.command("show")
def show_profile(
    name: Annotated[str, typer.Argument(help="Name in the list.")], profiles: FolderOption = None
) -> None:
    """Print a profile's file, to copy it.

    Example: agripark profile show chirpstack-milesight-uc51x > my-valves.toml
    """
    show(read_text(_file(name, load_settings(profiles_dir=profiles))).rstrip("\n"))


@app.command("test")
def try_profile(
    profile: Annotated[
        str, typer.Argument(metavar="FILE", help="A profile's file, or a name in the list.")
    ],
    sample: Annotated[
        str, typer.Argument(metavar="SAMPLE", help="A file with a payload; - for standard input.")
    ],
    topic: Annotated[
        str | None, typer.Option("--topic", help="Topic of the message; else one is assumed.")
    ] = None,
    scale: ScaleOption = None,
    profiles: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a profile makes of a message, and what would go to quarantine.

    Example: agripark profile test my-valves.toml uplink.json
    """
    settings = load_settings(profiles_dir=profiles, park_scale=scale)
    park = build_park(read_definition(settings.park_definition), settings.park_scale)
    mapped_by = read_profile(_file(profile, settings))
    trial = _Trial(mapped_by, topic or mapped_by.example_topic(), assumed=topic is None)
    trial.run(_sample(sample), park, settings.clock_skew_s)
    show(trial.as_json() if as_json else trial.text())
    if trial.problems:
        raise typer.Exit(1)


# --- the files --------------------------------------------------------------------------------


def _own(settings: Settings) -> tuple[Profile, ...]:
    return () if settings.profiles_dir is None else read_profiles(settings.profiles_dir)


def _file(name: str, settings: Settings) -> Path | Traversable:
    """The file of that path, or of the profile of that name. Raises ProfileError."""
    path = Path(name)
    if path.is_file():
        return path
    for profile in _own(settings):
        if profile.name == name and settings.profiles_dir is not None:
            return settings.profiles_dir / profile.file
    shipped = shipped_files().get(name)
    if shipped is None:
        raise ProfileError(name, "", "no file and no profile; agripark profile list shows them")
    return shipped


def _sample(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise ProfileError(name, "", f"the sample can't be read: {error.strerror}") from error


def _summary(origin: str, profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "origin": origin,
        "file": profile.file,
        "topic": profile.topic,
        "kinds": sorted({block.kind for block in profile.blocks}),
        "devices": len(profile.devices),
        "description": profile.description,
    }


def _list_text(rows: list[dict[str, Any]]) -> str:
    cells = [
        (
            row["name"],
            row["origin"],
            row["topic"],
            ", ".join(row["kinds"]),
            str(row["devices"]) if row["origin"] == "own" else "-",
            printable(row["description"]),
        )
        for row in rows
    ]
    return table(("name", "origin", "topic", "kinds", "devices", "description"), cells)


# --- a trial ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Outcome:
    """One reading that came of the message."""

    element: MappedElement
    time: str
    line: str | None
    """As it would be stored; None where it would not."""

    def values(self) -> dict[str, dict[str, Any]]:
        """Each field with its unit."""
        fields = KINDS[self.element.kind].fields
        return {
            name: {"value": value, "unit": fields[name].unit}
            for name, value in self.element.content.items()
            if name in fields
        }


@dataclass(slots=True)
class _Trial:
    """What a profile makes of one message."""

    profile: Profile
    topic: str
    assumed: bool
    """Whether nobody said what the topic is."""
    outcomes: list[_Outcome] = field(default_factory=list)
    problems: list[MessageError] = field(default_factory=list)

    def run(self, payload: bytes, park: Park, clock_skew_s: float) -> None:
        """Map the message and check what comes of it as ingest does."""
        now_ms = times.now_ms()
        if not self.profile.matches(self.topic):
            problem = f"{self.topic!r} doesn't match the profile's filter {self.profile.topic!r}"
            self.problems.append(MessageError("unknown-topic", problem))
        mapped = self.profile.read(self.topic, payload, now_ms)
        self.problems += mapped.faults
        for element in mapped.elements:
            self._check(element, park, now_ms, round(clock_skew_s * 1000))

    def _check(self, element: MappedElement, park: Park, now_ms: int, skew_ms: int) -> None:
        ts, kind = element.content["ts"], element.kind
        found = len(self.problems)
        self._attempt(element, lambda: check_time(ts, now_ms, skew_ms))
        self._attempt(element, lambda: check_seq(element.content.get("seq")))
        fields = self._attempt(element, lambda: check_fields(kind, element.content))
        asset = self._attempt(element, lambda: _asset(park, element))
        line = None
        if found == len(self.problems) and fields and asset and isinstance(ts, int):
            head = encode_head(kind, park.site.id, asset.id, park.centre_of(asset))
            line = encode_line(head, fields, ts)
        self.outcomes.append(_Outcome(element, _time_text(ts), line))

    def _attempt(self, element: MappedElement, check: Callable[[], _T]) -> _T | None:
        try:
            return check()
        except MessageError as error:
            self.problems.append(MessageError(error.code, f"{element.asset}: {error.detail}"))
            return None

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "profile": self.profile.name,
            "topic": self.topic,
            "topic_assumed": self.assumed,
            "readings": [
                {
                    "asset": outcome.element.asset,
                    "kind": outcome.element.kind,
                    "time": outcome.time,
                    "fields": outcome.values(),
                    "line": outcome.line,
                }
                for outcome in self.outcomes
            ],
            "problems": [
                {"code": problem.code, "detail": problem.detail} for problem in self.problems
            ],
        }

    def text(self) -> str:
        """Everything, for people."""
        said = " (assumed: give the real one with --topic)" if self.assumed else ""
        parts = [
            f"profile  {self.profile.name} ({self.profile.file})\ntopic    {self.topic}{said}",
            *(_outcome_text(outcome) for outcome in self.outcomes),
        ]
        lines = [outcome.line for outcome in self.outcomes if outcome.line is not None]
        if lines:
            parts.append("\n".join(["would be stored as:", *lines]))
        if self.problems:
            words = [f"{problem.code}: {problem.detail}" for problem in self.problems]
            parts.append("\n".join(["would go to quarantine:", *words]))
        return printable("\n\n".join(parts))


def _asset(park: Park, element: MappedElement) -> Asset:
    """The element's asset. Raises MessageError where the park has none, or one of another kind."""
    try:
        asset = park.asset(element.asset)
    except UnknownAssetError as error:
        raise MessageError("unknown-asset", str(error)) from error
    if asset.kind is None or asset.kind.name != element.kind:
        raise MessageError(
            "unknown-asset", f"it is of type {asset.type}, not of kind {element.kind!r}"
        )
    return asset


def _time_text(ts: object) -> str:
    try:
        return format_instant(from_epoch_ms(int(str(ts))))
    except (ValueError, OverflowError):
        return str(ts)


def _outcome_text(outcome: _Outcome) -> str:
    element = outcome.element
    head = f"{element.asset}  {element.kind}  {outcome.time}"
    rows = [
        (f"  {name}", _value_text(entry["value"]), entry["unit"])
        for name, entry in outcome.values().items()
    ]
    return f"{head}\n{table(('  field', 'value', 'unit'), rows)}"


def _value_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
