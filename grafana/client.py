"""The one place that talks to Grafana: a thin adapter around grafana-api.

grafana-api hasn't been maintained since 2020. It knows numeric ids of data sources only, which
Grafana 13 no longer serves: `uid/NAME` in their stead reaches the paths that all versions from 9
on serve. It has no health check; its low-level client gives one. It chokes on empty bodies and
on error bodies that are no object; both are caught here, and nothing but our own errors gets out.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import quote, urlsplit

import requests
from grafana_api.grafana_api import GrafanaException
from grafana_api.grafana_face import GrafanaFace

from grafana.errors import (
    GrafanaAddressError,
    GrafanaBrokenError,
    GrafanaConflictError,
    GrafanaRefusedError,
    GrafanaUnauthorisedError,
    GrafanaUnreachableError,
    SyncError,
)

Answer = dict[str, Any]

_PROVISIONING = "/v1/provisioning"
"""Of alerting; Grafana's own interface for what is kept as code."""

_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_CONFLICT, _PRECONDITION_FAILED = 409, 412
_BAD, _SERVER_FAILED = 400, 500


class Grafana:
    """A Grafana server, reached with the token of a service account.

    Raises GrafanaAddressError where address or token can't be used at all. Every method raises
    SyncError; a thing that doesn't exist is None.
    """

    def __init__(self, url: str, token: str, *, timeout_s: float = 10.0) -> None:
        parts = _address(url)
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise GrafanaAddressError(
                "the token is empty or no token; make one under Administration, Service accounts"
            )
        path = parts.path.strip("/")
        self._url = url
        self._face = GrafanaFace(
            token,
            host=parts.netloc,
            protocol=parts.scheme,
            url_path_prefix=f"{path}/" if path else "",
            timeout=timeout_s,
        )
        self._last: requests.Response | None = None
        session: requests.Session = self._face.api.s
        # A redirected POST arrives as a GET, and the token might follow to another host.
        session.max_redirects = 0
        session.hooks["response"].append(self._remember)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._face.api.s.close()

    def health(self) -> Answer:
        """Version and state of the server; it needs no token."""
        answer = self._call("ask for its health", lambda: self._face.api.GET("/health"))
        if "database" not in answer:
            raise GrafanaBrokenError(f"what answers at {self._url} isn't Grafana")
        return answer

    def datasource(self, uid: str) -> Answer | None:
        """A data source."""
        return self._find(
            f"read data source {uid}",
            lambda: self._face.datasource.get_datasource_by_id(f"uid/{quote(uid)}"),
        )

    def create_datasource(self, model: Mapping[str, Any]) -> None:
        """Make a data source."""
        self._write(
            f"make data source {model['uid']}",
            lambda: self._face.datasource.create_datasource(model),
        )

    def update_datasource(self, uid: str, model: Mapping[str, Any]) -> None:
        """Change a data source."""
        self._write(
            f"change data source {uid}",
            lambda: self._face.datasource.update_datasource(f"uid/{quote(uid)}", model),
        )

    def folder(self, uid: str) -> Answer | None:
        """A folder."""
        return self._find(f"read folder {uid}", lambda: self._face.folder.get_folder(quote(uid)))

    def create_folder(self, uid: str, title: str) -> None:
        """Make a folder."""
        self._write(f"make folder {uid}", lambda: self._face.folder.create_folder(title, uid))

    def dashboard(self, uid: str) -> Answer | None:
        """A dashboard with what Grafana knows about it: `dashboard` and `meta`."""
        return self._find(
            f"read dashboard {uid}", lambda: self._face.dashboard.get_dashboard(quote(uid))
        )

    def save_dashboard(self, model: Mapping[str, Any], folder_uid: str, message: str) -> None:
        """Make or change a dashboard; `version` in it is the one that it replaces."""
        body = {
            "dashboard": model,
            "folderUid": folder_uid,
            "message": message,
            "overwrite": False,
        }
        self._write(
            f"save dashboard {model['uid']}", lambda: self._face.dashboard.update_dashboard(body)
        )

    def alert_rule(self, uid: str) -> Answer | None:
        """An alert rule."""
        path = f"{_PROVISIONING}/alert-rules/{quote(uid)}"
        return self._find(f"read alert rule {uid}", lambda: self._face.api.GET(path))

    def create_alert_rule(self, model: Mapping[str, Any]) -> None:
        """Make an alert rule; its folder must be there."""
        path = f"{_PROVISIONING}/alert-rules"
        self._write(
            f"make alert rule {model['uid']}", lambda: self._face.api.POST(path, json=model)
        )

    def update_alert_rule(self, uid: str, model: Mapping[str, Any]) -> None:
        """Change an alert rule."""
        path = f"{_PROVISIONING}/alert-rules/{quote(uid)}"
        self._write(f"change alert rule {uid}", lambda: self._face.api.PUT(path, json=model))

    def contact_point(self, name: str, uid: str) -> Answer | None:
        """A contact point; its secrets come back blotted out."""
        path = f"{_PROVISIONING}/contact-points?name={quote(name)}"
        found = self._call(
            f"read contact point {uid}", lambda: {"points": self._face.api.GET(path)}
        )["points"]
        if not isinstance(found, list):
            raise GrafanaBrokenError(f"{self._url} answers with no list of contact points")
        return next((each for each in found if each.get("uid") == uid), None)

    def create_contact_point(self, model: Mapping[str, Any]) -> None:
        """Make a contact point."""
        path = f"{_PROVISIONING}/contact-points"
        self._write(
            f"make contact point {model['uid']}", lambda: self._face.api.POST(path, json=model)
        )

    def update_contact_point(self, uid: str, model: Mapping[str, Any]) -> None:
        """Change a contact point."""
        path = f"{_PROVISIONING}/contact-points/{quote(uid)}"
        self._write(f"change contact point {uid}", lambda: self._face.api.PUT(path, json=model))

    def _find(self, what: str, request: Callable[[], Any]) -> Answer | None:
        try:
            return self._call(what, request)
        except GrafanaRefusedError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def _write(self, what: str, request: Callable[[], Any]) -> None:
        """Send a change; success needs no body."""

        def tolerant() -> Any:
            try:
                return request()
            except requests.JSONDecodeError:
                if self._last is not None and self._last.ok and not self._last.content:
                    return {}
                raise

        self._call(what, tolerant)

    def _call(self, what: str, request: Callable[[], Any]) -> Answer:
        self._last = None
        with self._our_errors(what):
            answer = request()
        if not isinstance(answer, dict):
            raise GrafanaBrokenError(
                f"can't {what}: {self._url} answers with no JSON object; is it Grafana?"
            )
        return answer

    @contextmanager
    def _our_errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except GrafanaException as error:
            raise self._refusal(what, error.status_code, str(error)) from error
        except (requests.JSONDecodeError, TypeError) as error:
            # An empty or foreign body after success, or an error body that is no object.
            status = 0 if self._last is None else self._last.status_code
            raise self._refusal(what, status, "the answer is no JSON object") from error
        except requests.TooManyRedirects as error:
            raise GrafanaAddressError(
                f"{self._url} redirects elsewhere; give the address that it redirects to"
            ) from error
        except requests.RequestException as error:
            raise GrafanaUnreachableError(
                f"can't reach Grafana at {self._url}: {_reason(error)}"
            ) from error

    def _refusal(self, what: str, status: int, text: str) -> SyncError:
        message = f"can't {what} at {self._url}: {text}"
        if status == _UNAUTHORISED:
            return GrafanaUnauthorisedError(f"{message}; the token is unknown or has expired")
        if status == _FORBIDDEN:
            return GrafanaUnauthorisedError(f"{message}; the service account needs the role Admin")
        if status in {_CONFLICT, _PRECONDITION_FAILED}:
            return GrafanaConflictError(f"{message}; look at it there and run sync again")
        if _BAD <= status < _SERVER_FAILED:
            return GrafanaRefusedError(message, status)
        return GrafanaBrokenError(f"{message} (HTTP status {status})")

    def _remember(self, response: requests.Response, *_: object, **__: object) -> None:
        self._last = response


def _address(url: str) -> Any:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise GrafanaAddressError(f"{url!r} is no address: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise GrafanaAddressError(f"{url!r} is no address such as http://127.0.0.1:3000")
    if parts.username is not None or parts.query or parts.fragment:
        raise GrafanaAddressError("give the address without user, query and fragment")
    return parts


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate can't be verified"
    return "nobody answers there"
