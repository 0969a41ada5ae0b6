"""Sync against a server that behaves as Grafana's HTTP API is documented (not Grafana itself)."""

from collections.abc import Iterator
from typing import Any

import pytest

from grafana.alerts import all_alerts
from grafana.client import Grafana
from grafana.dashboards import all_dashboards
from grafana.datasource import DataSource
from grafana.errors import (
    GrafanaAddressError,
    GrafanaBrokenError,
    GrafanaConflictError,
    GrafanaRefusedError,
    GrafanaUnauthorisedError,
    GrafanaUnreachableError,
)
from grafana.sync import Change, Edition, sync
from tests.support.grafana_server import ADMIN, VIEWER, GrafanaServer, run_grafana_server
from tests.support.servers import free_port

UID = "agripark-telemetry"
COLD = "agripark-cold-storage"
EDITION = ("language", "alert_to", "pages")
SILENT = "agripark-alert-ingest-silent"
DASHBOARDS = [model["uid"] for model in all_dashboards().values()]
RULES = [alert.uid("en") for alert in all_alerts()]
ONE, TWO = "secret-one", "secret-two"
INFLUX = DataSource("http://influxdb:8086", token=ONE)


@pytest.fixture
def grafana() -> Iterator[GrafanaServer]:
    with run_grafana_server() as server:
        yield server


def synced(server: GrafanaServer, **settings: Any) -> list[Change]:
    wanted = {key: settings.pop(key) for key in EDITION if key in settings}
    options = {"datasource": INFLUX, **settings}
    return sync(server.url, ADMIN, edition=Edition(**wanted), **options)


def test_an_empty_grafana_gets_data_source_folder_and_dashboards(grafana: GrafanaServer) -> None:
    changes = synced(grafana)
    made = [(change.action, change.thing, change.uid) for change in changes]
    assert made == [
        ("create", "data source", UID),
        ("create", "folder", "agripark"),
        *(("create", "dashboard", uid) for uid in DASHBOARDS),
        *(("create", "alert rule", uid) for uid in RULES),
    ]
    assert grafana.datasources[UID]["jsonData"]["dbName"] == "agripark"
    assert grafana.secrets[UID] == {"httpHeaderValue1": "Token secret-one"}
    assert {entry["folderUid"] for entry in grafana.dashboards.values()} == {"agripark"}


def test_alert_rules_go_to_the_address_that_was_given(grafana: GrafanaServer) -> None:
    assert ("create", "contact point") in {
        (change.action, change.thing) for change in synced(grafana, alert_to="a@example.org")
    }
    (point,) = grafana.contact_points.values()
    assert point["settings"] == {"addresses": "a@example.org"}
    receivers = {r["notification_settings"]["receiver"] for r in grafana.alert_rules.values()}
    assert receivers == {point["name"]}
    assert synced(grafana, alert_to="a@example.org") == []
    (change,) = synced(grafana, alert_to="b@example.org")
    assert change.differences == ("settings.addresses: 'a@example.org' -> 'b@example.org'",)


def test_without_an_address_rules_follow_the_servers_own_policy(grafana: GrafanaServer) -> None:
    synced(grafana)
    assert not grafana.contact_points
    assert not any("notification_settings" in rule for rule in grafana.alert_rules.values())


def test_a_rule_that_someone_changed_is_set_right_and_stays_paused(grafana: GrafanaServer) -> None:
    synced(grafana)
    grafana.alert_rules[SILENT] |= {"for": "1h", "isPaused": True}
    (change,) = synced(grafana)
    assert change == Change("update", "alert rule", SILENT, ("for: '1h' -> '5m'",))
    assert grafana.alert_rules[SILENT]["isPaused"] is True
    assert synced(grafana) == []


def test_a_rule_from_a_file_is_refused_only_where_it_differs(grafana: GrafanaServer) -> None:
    synced(grafana)
    grafana.alert_rules[SILENT]["provenance"] = "file"
    assert synced(grafana) == []
    grafana.alert_rules[SILENT]["for"] = "1h"
    with pytest.raises(GrafanaRefusedError, match="provisioning file"):
        synced(grafana)


def test_another_language_has_a_folder_and_uids_of_its_own(grafana: GrafanaServer) -> None:
    synced(grafana)
    synced(grafana, language="zh")
    assert set(grafana.folders) == {"agripark", "agripark-zh"}
    assert len(grafana.dashboards) == 2 * len(DASHBOARDS)
    assert len(grafana.alert_rules) == 2 * len(RULES)
    assert synced(grafana) == synced(grafana, language="zh") == []


@pytest.mark.parametrize("version", ["10.0.3", "10.4.0", "9.5.21"])
def test_a_grafana_that_knows_no_keep_last_gets_no_rules_and_says_so(
    grafana: GrafanaServer, version: str
) -> None:
    health = {"commit": "5fadf4f", "database": "ok", "version": version}
    grafana.replies["GET /api/health"] = (200, health)
    *_, skipped = synced(grafana)
    assert (skipped.action, skipped.thing) == ("skip", "alert rule")
    assert version in str(skipped)
    assert not grafana.alert_rules
    assert grafana.dashboards


def test_batches_link_to_the_pages_that_people_reach(grafana: GrafanaServer) -> None:
    synced(grafana, pages="https://park.example.org/")
    variables = grafana.dashboards[COLD]["dashboard"]["templating"]["list"]
    (pages,) = (each["query"] for each in variables if each["name"] == "agripark")
    assert pages == "https://park.example.org"


def test_an_answer_that_is_no_list_of_contact_points_is_broken(grafana: GrafanaServer) -> None:
    grafana.replies["GET /api/v1/provisioning/contact-points?name=agripark"] = (200, {})
    with pytest.raises(GrafanaBrokenError, match="contact points"):
        synced(grafana, alert_to="a@example.org")


def test_a_second_sync_reports_no_change_and_writes_nothing(grafana: GrafanaServer) -> None:
    synced(grafana)
    grafana.requests.clear()
    assert synced(grafana) == []
    assert grafana.writes == []


def test_a_dry_run_reports_the_same_and_writes_nothing(grafana: GrafanaServer) -> None:
    planned = synced(grafana, dry_run=True)
    assert grafana.writes == []
    assert planned == synced(grafana)


def test_what_someone_changed_by_hand_is_set_right_and_named(grafana: GrafanaServer) -> None:
    synced(grafana)
    grafana.dashboards[COLD]["dashboard"]["panels"][1]["title"] = "Mine now"
    (change,) = synced(grafana)
    assert change == Change(
        "update", "dashboard", COLD, ("panels[1].title: 'Mine now' -> 'Rooms reporting'",)
    )
    assert synced(grafana) == []


def test_a_panel_that_someone_added_is_a_difference(grafana: GrafanaServer) -> None:
    synced(grafana)
    grafana.dashboards[COLD]["dashboard"]["panels"].append({"type": "text", "id": 999})
    (change,) = synced(grafana)
    (difference,) = change.differences
    assert difference.startswith("panels: ")
    assert all(p["id"] != 999 for p in grafana.dashboards[COLD]["dashboard"]["panels"])


def test_a_dashboard_moved_elsewhere_is_moved_back(grafana: GrafanaServer) -> None:
    synced(grafana)
    grafana.dashboards[COLD]["folderUid"] = "private"
    (change,) = synced(grafana)
    assert change.differences == ("folder: 'private' -> 'agripark'",)
    assert grafana.dashboards[COLD]["folderUid"] == "agripark"


def test_what_is_not_ours_stays_untouched(grafana: GrafanaServer) -> None:
    theirs = {"dashboard": {"uid": "theirs"}, "folderUid": "agripark", "provisioned": False}
    grafana.dashboards["theirs"] = theirs
    grafana.datasources["other"] = {"uid": "other", "name": "other"}
    synced(grafana)
    assert grafana.dashboards["theirs"] is theirs
    assert grafana.datasources["other"] == {"uid": "other", "name": "other"}
    assert not any("theirs" in request or "other" in request for request in grafana.requests)


def test_a_changed_address_updates_the_data_source_and_keeps_added_options(
    grafana: GrafanaServer,
) -> None:
    synced(grafana)
    grafana.datasources[UID]["jsonData"]["timeInterval"] = "1m"
    grafana.datasources[UID]["isDefault"] = True
    (change,) = synced(grafana, datasource=DataSource("http://new:8086", token=TWO))
    assert change.differences == ("url: 'http://influxdb:8086' -> 'http://new:8086'",)
    assert grafana.datasources[UID]["jsonData"]["timeInterval"] == "1m"
    assert grafana.datasources[UID]["isDefault"] is True
    assert grafana.secrets[UID] == {"httpHeaderValue1": "Token secret-two"}


def test_a_missing_secret_is_added(grafana: GrafanaServer) -> None:
    synced(grafana, datasource=DataSource("http://influxdb:8086", username="reader"))
    login = DataSource("http://influxdb:8086", username="reader", password=ONE)
    (change,) = synced(grafana, datasource=login)
    assert change.differences == ("secureJsonData.password: add",)
    assert grafana.secrets[UID] == {"password": ONE}


def test_a_new_secret_is_sent_on_demand_because_grafana_never_shows_the_old(
    grafana: GrafanaServer,
) -> None:
    synced(grafana)
    new = DataSource("http://influxdb:8086", token=TWO)
    assert synced(grafana, datasource=new) == []
    (change,) = synced(grafana, datasource=new, renew_secrets=True)
    assert change.differences == ("secureJsonData.httpHeaderValue1: renew",)
    assert grafana.secrets[UID] == {"httpHeaderValue1": "Token secret-two"}


def test_no_change_shows_a_secret(grafana: GrafanaServer) -> None:
    assert "secret-one" not in repr(INFLUX)
    assert not any("secret-one" in str(change) for change in synced(grafana))


def test_a_provisioned_data_source_is_refused_with_its_reason(grafana: GrafanaServer) -> None:
    synced(grafana)
    grafana.datasources[UID] |= {"readOnly": True, "url": "http://elsewhere:8086"}
    with pytest.raises(GrafanaRefusedError, match="provisioning file"):
        synced(grafana)


def test_a_provisioned_dashboard_is_refused_only_where_it_differs(grafana: GrafanaServer) -> None:
    synced(grafana)
    grafana.dashboards[COLD]["provisioned"] = True
    assert synced(grafana) == []
    grafana.dashboards[COLD]["dashboard"]["title"] = "Other"
    with pytest.raises(GrafanaRefusedError, match="provisioning file"):
        synced(grafana)


def test_a_save_on_top_of_someone_elses_is_a_conflict(grafana: GrafanaServer) -> None:
    model = all_dashboards()["packhouse"]
    with Grafana(grafana.url, ADMIN) as client:
        client.create_folder("agripark", "agripark")
        client.save_dashboard(model, "agripark", "first")
        with pytest.raises(GrafanaConflictError, match="changed by someone else"):
            client.save_dashboard({**model, "version": 41}, "agripark", "second")


def test_a_data_source_of_the_same_name_is_a_conflict(grafana: GrafanaServer) -> None:
    grafana.datasources["other"] = {"uid": "other", "name": "agripark telemetry"}
    with pytest.raises(GrafanaConflictError, match="same name"):
        synced(grafana)


def test_an_unknown_token_is_unauthorised(grafana: GrafanaServer) -> None:
    with pytest.raises(GrafanaUnauthorisedError, match="unknown or has expired"):
        sync(grafana.url, "glsa_wrong", datasource=INFLUX)


def test_a_token_that_may_only_read_is_told_which_role_it_needs(grafana: GrafanaServer) -> None:
    with pytest.raises(GrafanaUnauthorisedError, match="role Admin"):
        sync(grafana.url, VIEWER, datasource=INFLUX)


@pytest.mark.parametrize("token", ["", "two words", "glsa_é", "line\nbreak"])
def test_a_token_that_no_header_can_hold_is_refused_at_once(
    grafana: GrafanaServer, token: str
) -> None:
    with pytest.raises(GrafanaAddressError, match="token"):
        sync(grafana.url, token, datasource=INFLUX)
    assert grafana.requests == []


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:3000", "ftp://host", "http://", "http://h:99999", "http://admin:pw@host"],
)
def test_an_impossible_address_is_refused_without_repeating_a_password(url: str) -> None:
    with pytest.raises(GrafanaAddressError) as caught:
        sync(url, ADMIN, datasource=INFLUX)
    assert "pw" not in str(caught.value)


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with pytest.raises(GrafanaUnreachableError, match="nobody answers") as caught:
        sync(f"http://127.0.0.1:{free_port()}", ADMIN, datasource=INFLUX)
    assert caught.value.retryable


def test_grafana_may_live_under_a_path() -> None:
    with run_grafana_server("/monitoring/grafana") as server:
        made = sync(f"{server.url}/", ADMIN, datasource=INFLUX)
        assert len(made) == 2 + len(DASHBOARDS) + len(RULES)
        assert sync(server.url, ADMIN, datasource=INFLUX) == []


@pytest.mark.parametrize("reply", [(200, "<html>hello</html>"), (200, {"ok": True}), (200, [])])
def test_another_server_at_that_address_is_recognised(
    grafana: GrafanaServer, reply: tuple[int, Any]
) -> None:
    grafana.replies["GET /api/health"] = reply
    with pytest.raises(GrafanaBrokenError):
        synced(grafana)
    assert grafana.writes == []


def test_a_redirect_is_named_instead_of_followed(grafana: GrafanaServer) -> None:
    grafana.replies["GET /api/health"] = (302, None)
    with pytest.raises(GrafanaAddressError, match="redirects"):
        synced(grafana)


@pytest.mark.parametrize("body", [None, "null", "busy", '"busy"', "[]", {"message": "database"}])
def test_a_failure_with_any_body_is_a_broken_grafana(grafana: GrafanaServer, body: Any) -> None:
    grafana.replies["POST /api/folders"] = (500, body)
    with pytest.raises(GrafanaBrokenError, match="make folder agripark"):
        synced(grafana)


@pytest.mark.parametrize("body", [None, "null", {"message": "bad request data"}])
def test_a_refusal_with_any_body_keeps_its_status(grafana: GrafanaServer, body: Any) -> None:
    grafana.replies["POST /api/dashboards/db"] = (400, body)
    with pytest.raises(GrafanaRefusedError) as caught:
        synced(grafana)
    assert caught.value.status == 400


def test_what_failed_half_way_is_finished_by_the_next_run(grafana: GrafanaServer) -> None:
    grafana.replies["POST /api/dashboards/db"] = (500, None)
    with pytest.raises(GrafanaBrokenError):
        synced(grafana)
    grafana.replies.clear()
    things = [change.thing for change in synced(grafana)]
    assert things == ["dashboard"] * len(DASHBOARDS) + ["alert rule"] * len(RULES)


def test_a_change_is_done_although_the_answer_is_empty(grafana: GrafanaServer) -> None:
    synced(grafana)
    grafana.replies[f"PUT /api/datasources/uid/{UID}"] = (200, None)
    (change,) = synced(grafana, datasource=DataSource("http://new:8086", token=ONE))
    assert change.uid == UID
    assert grafana.writes[-1] == f"PUT /api/datasources/uid/{UID}"
