"""A small HTTP server that behaves as Grafana's HTTP API documents itself.

Grafana can't be installed where these tests run. What is answered here was taken from the API's
documentation and source (versions 10 to 13): paths, status codes, bodies, versions that must
match, secrets that never come back, defaults that the server adds. It is no Grafana: it checks
our client against what is documented, and no more.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ADMIN, VIEWER = "glsa_admin", "glsa_viewer"

Body = dict[str, Any]
Reply = tuple[int, Any]
"""Status and body; a body of None is sent as no bytes at all, text as it is."""


@dataclass
class GrafanaServer:
    """Grafana's state, and what it was asked."""

    port: int = 0
    prefix: str = ""
    datasources: dict[str, Body] = field(default_factory=dict)
    secrets: dict[str, Body] = field(default_factory=dict)
    folders: dict[str, Body] = field(default_factory=dict)
    dashboards: dict[str, Body] = field(default_factory=dict)
    """By uid: `dashboard`, `folderUid` and `provisioned`."""
    alert_rules: dict[str, Body] = field(default_factory=dict)
    contact_points: dict[str, Body] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    """Method and path of each request, in order."""
    replies: dict[str, Reply] = field(default_factory=dict)
    """Answers given instead of the proper ones, by method and path."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    @property
    def writes(self) -> list[str]:
        """The requests that could have changed something."""
        return [request for request in self.requests if not request.startswith("GET ")]

    def answer(self, method: str, path: str, token: str, body: Body) -> Reply:
        """What Grafana answers to a request."""
        request = f"{method} {path}"
        self.requests.append(request)
        if request in self.replies:
            return self.replies[request]
        if request == "GET /api/health":
            return 200, {"commit": "5fadf4f", "database": "ok", "version": "11.6.0"}
        if token not in {ADMIN, VIEWER}:
            return 401, {"message": "Invalid API key", "messageId": "api-key.invalid"}
        if token == VIEWER and method != "GET":
            return 403, {"message": "You'll need additional permissions to perform this action."}
        return self._routed(method, path, body)

    def _routed(self, method: str, path: str, body: Body) -> Reply:
        reply: Reply = 404, {"message": "Not found"}
        if path.startswith("/api/v1/provisioning/"):
            return self._alerting(method, path.removeprefix("/api/v1/provisioning/"), body)
        match method, path.strip("/").split("/")[1:]:
            case "GET", ["datasources", "uid", uid]:
                reply = self._read_datasource(uid)
            case "POST", ["datasources"]:
                reply = self._add_datasource(body)
            case "PUT", ["datasources", "uid", uid]:
                reply = self._change_datasource(uid, body)
            case "GET", ["folders", uid]:
                reply = self._read_folder(uid)
            case "POST", ["folders"]:
                reply = self._add_folder(body)
            case "GET", ["dashboards", "uid", uid]:
                reply = self._read_dashboard(uid)
            case "POST", ["dashboards", "db"]:
                reply = self._save_dashboard(body)
        return reply

    def _alerting(self, method: str, path: str, body: Body) -> Reply:
        place, _, query = path.partition("?")
        what, _, uid = place.partition("/")
        things = self.alert_rules if what == "alert-rules" else self.contact_points
        if method != "GET":
            return self._write_alerting(things, method, uid, body)
        if what == "contact-points":
            name = query.removeprefix("name=")
            return 200, [each for each in things.values() if each["name"] == name]
        return (200, things[uid]) if uid in things else (404, None)

    def _write_alerting(self, things: dict[str, Body], method: str, uid: str, body: Body) -> Reply:
        receiver = body.get("notification_settings", {}).get("receiver")
        receivers = {None, *(point["name"] for point in self.contact_points.values())}
        if body.get("folderUID", "") not in {"", *self.folders} or receiver not in receivers:
            return 400, {"message": "folder or receiver does not exist"}
        if method == "POST" and body["uid"] in things:
            return 409, {"message": "uid is taken"}
        if method == "PUT" and uid not in things:
            return 404, None
        things[body["uid"]] = {**body, "id": 1, "provenance": "api", "updated": "2026-10-01"}
        return (201 if method == "POST" else 202), things[body["uid"]]

    def _read_folder(self, uid: str) -> Reply:
        if uid not in self.folders:
            return 404, {"message": "folder not found", "status": "not-found"}
        return 200, self.folders[uid]

    def _read_datasource(self, uid: str) -> Reply:
        if uid not in self.datasources:
            return 404, {"message": "Data source not found"}
        stored = dict.fromkeys(self.secrets[uid], True)
        return 200, {**self.datasources[uid], "secureJsonFields": stored}

    def _add_datasource(self, body: Body) -> Reply:
        taken = {source["name"] for source in self.datasources.values()}
        if body["uid"] in self.datasources or body["name"] in taken:
            return 409, {"message": "data source with the same name already exists"}
        defaults = {"basicAuth": False, "database": "", "isDefault": False, "readOnly": False}
        self._store_datasource(body["uid"], {**defaults, **body, "version": 1})
        return 200, {"id": 1, "message": "Datasource added", "name": body["name"]}

    def _change_datasource(self, uid: str, body: Body) -> Reply:
        if uid not in self.datasources:
            return 404, {"message": "Data source not found"}
        found = self.datasources[uid]
        if found.get("readOnly"):
            return 403, {"message": "Cannot update read-only data source"}
        if body.get("version") and body["version"] != found["version"]:
            text = "Datasource has already been updated by someone else. Please reload and try"
            return 409, {"message": f"{text} again"}
        self._store_datasource(uid, {**body, "version": found["version"] + 1})
        return 200, {"id": 1, "message": "Datasource updated", "name": body["name"]}

    def _store_datasource(self, uid: str, body: Body) -> None:
        secrets = body.pop("secureJsonData", {})
        self.datasources[uid] = body
        self.secrets[uid] = {**self.secrets.get(uid, {}), **secrets}

    def _add_folder(self, body: Body) -> Reply:
        if body["uid"] in self.folders:
            return 409, {"message": "a folder with the same uid already exists"}
        self.folders[body["uid"]] = {**body, "id": len(self.folders) + 1, "version": 1}
        return 200, self.folders[body["uid"]]

    def _read_dashboard(self, uid: str) -> Reply:
        if uid not in self.dashboards:
            return 404, {"message": "Dashboard not found"}
        found = self.dashboards[uid]
        meta = {key: found[key] for key in ("folderUid", "provisioned")}
        return 200, {"dashboard": _with_defaults(found["dashboard"]), "meta": meta}

    def _save_dashboard(self, body: Body) -> Reply:
        model, folder = body["dashboard"], body.get("folderUid", "")
        found = self.dashboards.get(model["uid"])
        if folder and folder not in self.folders:
            return 400, {"message": "folder not found", "status": "not-found"}
        if found is not None and found["provisioned"]:
            return 400, {"message": "Cannot save provisioned dashboard"}
        version = 0 if found is None else found["dashboard"]["version"]
        if found is not None and model.get("version") != version and not body["overwrite"]:
            text = "The dashboard has been changed by someone else"
            return 412, {"message": text, "status": "version-mismatch"}
        stored = {**model, "id": 7, "version": version + 1}
        self.dashboards[model["uid"]] = {
            "dashboard": stored,
            "folderUid": folder,
            "provisioned": False,
        }
        return 200, {"status": "success", "uid": model["uid"], "version": version + 1}


def _with_defaults(model: Body) -> Body:
    """A dashboard as newer versions give it back: migrated and with defaults filled in."""
    model = deepcopy(model)
    model["schemaVersion"] = 42
    model["annotations"].setdefault("list", [{"builtIn": 1, "name": "Annotations & Alerts"}])
    for panel in model["panels"]:
        panel["pluginVersion"] = "11.6.0"
        panel.setdefault("transparent", False)
    return model


class _Handler(BaseHTTPRequestHandler):
    grafana: GrafanaServer

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def _serve(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        prefix = self.grafana.prefix
        if self.path.startswith(f"{prefix}/"):
            path = self.path.removeprefix(prefix)
            status, reply = self.grafana.answer(method, path, token, body)
        else:
            status, reply = 404, "<html>no such page</html>"
        self._send(status, reply)

    def _send(self, status: int, reply: Any) -> None:
        text = "" if reply is None else reply if isinstance(reply, str) else json.dumps(reply)
        content = text.encode()
        self.send_response(status)
        if status in {301, 302, 307}:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing; tests look at `requests`."""


@contextmanager
def run_grafana_server(prefix: str = "") -> Iterator[GrafanaServer]:
    """The server on a free port, empty; `prefix` is the path under which it lives."""
    grafana = GrafanaServer(prefix=prefix)
    handler = type("Handler", (_Handler,), {"grafana": grafana})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        grafana.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield grafana
        finally:
            server.shutdown()
            thread.join()
