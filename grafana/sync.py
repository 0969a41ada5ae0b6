"""Brings a running Grafana to what the repository holds, and nothing else.

Rules: the data source, the folder and our dashboards are made where they are missing and changed
where they differ; what differs not is not touched, so that a second run does nothing. Nothing is
ever deleted, and nothing without one of our uids is looked at. Grafana adds defaults to what it
stores; a thing counts as different only where something of ours is missing or has another value.
Grafana never gives secrets back: they are sent where Grafana lacks one, whenever the data source
changes otherwise, and on demand (`renew_secrets`).

This was tested against a server that behaves as Grafana's HTTP API is documented, not against
Grafana itself.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grafana.client import Grafana
from grafana.dashboards import Model, all_dashboards
from grafana.datasource import DataSource
from grafana.errors import GrafanaRefusedError
from grafana.provisioning import FOLDER_TITLE, FOLDER_UID

_SHOWN_CHARACTERS = 60
# Grafana counts and migrates these by itself.
_ITS_OWN = frozenset({"id", "version", "schemaVersion"})
_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Change:
    """Something that sync made or changed, or would have in a dry run."""

    action: Literal["create", "update"]
    thing: Literal["data source", "folder", "dashboard"]
    uid: str
    differences: tuple[str, ...] = ()
    """For an update, what differs: `path: theirs -> ours`."""

    def __str__(self) -> str:
        """One line that says it, and one for each difference."""
        return "\n  ".join((f"{self.action} {self.thing} {self.uid}", *self.differences))


def sync(
    url: str,
    token: str,
    *,
    datasource: DataSource,
    dry_run: bool = False,
    renew_secrets: bool = False,
    timeout_s: float = 10.0,
) -> list[Change]:
    """Bring the Grafana at `url` to what we hold; what was changed, or would be in a dry run.

    Raises SyncError where Grafana can't be reached or refuses, BuildError where a dashboard of
    ours is wrong. What was done before an error stays done; another run does the rest.
    """
    dashboards = all_dashboards()
    with Grafana(url, token, timeout_s=timeout_s) as grafana:
        grafana.health()
        plan = [
            _plan_datasource(grafana, datasource, renew_secrets=renew_secrets),
            _plan_folder(grafana),
            *(_plan_dashboard(grafana, model) for model in dashboards.values()),
        ]
        due = [step for step in plan if step is not None]
        if not dry_run:
            for step in due:
                step.apply()
    return [step.change for step in due]


@dataclass(frozen=True, slots=True)
class _Step:
    change: Change
    apply: Callable[[], None]


def _plan_datasource(grafana: Grafana, ours: DataSource, *, renew_secrets: bool) -> _Step | None:
    model, secrets = ours.model(), ours.secrets()
    uid: str = model["uid"]
    full = {**model, "secureJsonData": secrets} if secrets else model
    theirs = grafana.datasource(uid)
    if theirs is None:
        change = Change("create", "data source", uid)
        return _Step(change, lambda: grafana.create_datasource(full))
    found = [*_differences(model, theirs)]
    stored = theirs.get("secureJsonFields") or {}
    found += [
        f"secureJsonData.{name}: {'renew' if stored.get(name) else 'add'}"
        for name in sorted(secrets)
        if renew_secrets or not stored.get(name)
    ]
    if not found:
        return None
    if theirs.get("readOnly"):
        raise GrafanaRefusedError(
            f"data source {uid} comes from a provisioning file and can't be changed by sync; "
            f"change the file instead. It differs in {'; '.join(found)}",
            _FORBIDDEN,
        )
    # Options that someone added are kept; the version makes Grafana refuse a lost update.
    options = {**(theirs.get("jsonData") or {}), **model["jsonData"]}
    update = {**full, "jsonData": options, "version": theirs.get("version", 0)}
    update["isDefault"] = theirs.get("isDefault", False)
    change = Change("update", "data source", uid, tuple(found))
    return _Step(change, lambda: grafana.update_datasource(uid, update))


def _plan_folder(grafana: Grafana) -> _Step | None:
    # A folder that someone renamed or moved stays as it is: only its uid matters.
    if grafana.folder(FOLDER_UID) is not None:
        return None
    change = Change("create", "folder", FOLDER_UID)
    return _Step(change, lambda: grafana.create_folder(FOLDER_UID, FOLDER_TITLE))


def _plan_dashboard(grafana: Grafana, ours: Model) -> _Step | None:
    uid: str = ours["uid"]
    found = grafana.dashboard(uid)
    message = "agripark grafana sync"
    if found is None:
        change = Change("create", "dashboard", uid)
        return _Step(change, lambda: grafana.save_dashboard(ours, FOLDER_UID, message))
    theirs, meta = found.get("dashboard") or {}, found.get("meta") or {}
    differences = [*_differences(ours, theirs)]
    if meta.get("folderUid") != FOLDER_UID:
        differences.append(f"folder: {_shown(meta.get('folderUid'))} -> {_shown(FOLDER_UID)}")
    if not differences:
        return None
    if meta.get("provisioned"):
        raise GrafanaRefusedError(
            f"dashboard {uid} comes from a provisioning file and can't be changed by sync; "
            "use one or the other",
            _FORBIDDEN,
        )
    # The version makes Grafana refuse to overwrite what someone saved meanwhile.
    model = {**ours, "version": theirs.get("version")}
    change = Change("update", "dashboard", uid, tuple(differences))
    return _Step(change, lambda: grafana.save_dashboard(model, FOLDER_UID, message))


def _differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Where something of ours is missing in theirs or has another value."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for key, value in ours.items():
            if not path and key in _ITS_OWN:
                continue
            if key in theirs or value not in (None, "", False, [], {}):
                yield from _differences(value, theirs.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(mine, other, f"{path}[{place}]")
    elif ours != theirs:
        yield f"{path}: {_shown(theirs)} -> {_shown(ours)}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} items"
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
