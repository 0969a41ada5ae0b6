"""Brings a running Grafana to what the repository holds, and nothing else.

Rules: the data source, the folder, our dashboards and our alert rules are made where they are
missing and changed where they differ; what differs not is not touched, so that a second run does
nothing. Nothing is ever deleted, and nothing without one of our uids is looked at. Grafana adds
defaults to what it stores; a thing counts as different only where something of ours is missing or
has another value.
Grafana never gives secrets back: they are sent where Grafana lacks one, whenever the data source
changes otherwise, and on demand (`renew_secrets`).

This was tested against a server that behaves as Grafana's HTTP API is documented, not against
Grafana itself.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grafana.alerts import GROUP, RECEIVER, all_alerts, contact_point, rule_model
from grafana.client import Grafana
from grafana.dashboards import Model, all_dashboards
from grafana.dashboards.frame import PAGES
from grafana.datasource import DataSource
from grafana.errors import GrafanaRefusedError
from grafana.provisioning import FOLDER_TITLES, folder_uid
from grafana.texts import Language, read_texts

_SHOWN_CHARACTERS = 60
# Grafana counts and migrates these by itself.
_ITS_OWN = frozenset({"id", "version", "schemaVersion"})
_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Change:
    """Something that sync made or changed, or would have in a dry run."""

    action: Literal["create", "update", "skip"]
    thing: Literal["data source", "folder", "dashboard", "contact point", "alert rule"]
    uid: str
    differences: tuple[str, ...] = ()
    """For an update, what differs: `path: theirs -> ours`; for what is skipped, why."""

    def __str__(self) -> str:
        """One line that says it, and one for each difference."""
        return "\n  ".join((f"{self.action} {self.thing} {self.uid}", *self.differences))


@dataclass(frozen=True, slots=True)
class Edition:
    """What of ours a Grafana gets."""

    language: Language = "en"
    alert_to: str = ""
    """E-mail or web address that Grafana's alert rules notify; without one they go where the
    server's own notification policy sends them."""
    pages: str = ""
    """Where people reach agripark's own pages, which batches link to."""


ENGLISH = Edition()


def sync(
    url: str,
    token: str,
    *,
    datasource: DataSource,
    edition: Edition = ENGLISH,
    dry_run: bool = False,
    renew_secrets: bool = False,
    timeout_s: float = 10.0,
) -> list[Change]:
    """Bring the Grafana at `url` to what we hold; what was changed, or would be in a dry run.

    Raises SyncError where Grafana can't be reached or refuses, BuildError where a dashboard of
    ours is wrong. What was done before an error stays done; another run does the rest.
    """
    language, alert_to = edition.language, edition.alert_to
    dashboards = all_dashboards(language)
    if edition.pages:
        for dashboard in dashboards.values():
            _link_to_pages(dashboard, edition.pages)
    with Grafana(url, token, timeout_s=timeout_s) as grafana:
        version = str(grafana.health().get("version", ""))
        plan = [
            _plan_datasource(grafana, datasource, renew_secrets=renew_secrets),
            _plan_folder(grafana, language),
            *(_plan_dashboard(grafana, each, folder_uid(language)) for each in dashboards.values()),
            *_plan_alerting(grafana, version, language, alert_to),
        ]
        due = [step for step in plan if step is not None]
        if not dry_run:
            for step in due:
                step.apply()
    return [step.change for step in due]


def _link_to_pages(dashboard: Model, pages: str) -> None:
    for variable in dashboard["templating"].get("list", []):
        if variable["name"] == PAGES.name:
            variable["query"] = pages.rstrip("/")


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


def _plan_folder(grafana: Grafana, language: Language) -> _Step | None:
    # A folder that someone renamed or moved stays as it is: only its uid matters.
    uid, title = folder_uid(language), FOLDER_TITLES[language]
    if grafana.folder(uid) is not None:
        return None
    return _Step(Change("create", "folder", uid), lambda: grafana.create_folder(uid, title))


def _plan_dashboard(grafana: Grafana, ours: Model, folder: str) -> _Step | None:
    uid: str = ours["uid"]
    found = grafana.dashboard(uid)
    message = "agripark grafana sync"
    if found is None:
        change = Change("create", "dashboard", uid)
        return _Step(change, lambda: grafana.save_dashboard(ours, folder, message))
    theirs, meta = found.get("dashboard") or {}, found.get("meta") or {}
    differences = [*_differences(ours, theirs)]
    if meta.get("folderUid") != folder:
        differences.append(f"folder: {_shown(meta.get('folderUid'))} -> {_shown(folder)}")
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
    return _Step(change, lambda: grafana.save_dashboard(model, folder, message))


_KEEPS_STATE = (10, 4, 1)
"""The first version that knows `KeepLast`."""


def _plan_alerting(
    grafana: Grafana, version: str, language: Language, alert_to: str
) -> Iterator[_Step | None]:
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if numbers < _KEEPS_STATE:
        why = f"Grafana {version} can't keep an alert's state without data; 10.4.1 and later can"
        yield _Step(Change("skip", "alert rule", GROUP, (why,)), lambda: None)
        return
    if alert_to:
        yield _plan_contact_point(grafana, alert_to)
    for rule in _rules(language, alert_to):
        yield _plan_alert_rule(grafana, rule)


def _rules(language: Language, alert_to: str) -> Iterator[Model]:
    texts = read_texts(language)
    for alert in all_alerts():
        rule = rule_model(alert, texts, folder_uid(language))
        yield rule | {"notification_settings": {"receiver": RECEIVER}} if alert_to else rule


def _plan_contact_point(grafana: Grafana, alert_to: str) -> _Step | None:
    ours = contact_point(alert_to)
    uid: str = ours["uid"]
    theirs = grafana.contact_point(RECEIVER, uid)
    if theirs is None:
        change = Change("create", "contact point", uid)
        return _Step(change, lambda: grafana.create_contact_point(ours))
    return _plan_update(
        "contact point", ours, theirs, lambda: grafana.update_contact_point(uid, ours)
    )


def _plan_alert_rule(grafana: Grafana, ours: Model) -> _Step | None:
    uid: str = ours["uid"]
    theirs = grafana.alert_rule(uid)
    if theirs is None:
        change = Change("create", "alert rule", uid)
        return _Step(change, lambda: grafana.create_alert_rule(ours))
    # Who paused a rule had a reason.
    update = {**ours, "isPaused": theirs.get("isPaused", False)}
    return _plan_update(
        "alert rule", update, theirs, lambda: grafana.update_alert_rule(uid, update)
    )


def _plan_update(
    thing: Literal["contact point", "alert rule"],
    ours: Model,
    theirs: Mapping[str, Any],
    apply: Callable[[], None],
) -> _Step | None:
    found = tuple(_differences(ours, theirs))
    if not found:
        return None
    if theirs.get("provenance") == "file":
        raise GrafanaRefusedError(
            f"{thing} {ours['uid']} comes from a provisioning file and can't be changed by sync; "
            "use one or the other",
            _FORBIDDEN,
        )
    return _Step(Change("update", thing, ours["uid"], found), apply)


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
