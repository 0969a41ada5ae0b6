"""The InfluxDB telemetry store: line protocol in, InfluxQL out.

That pair is what InfluxDB 1.x, 2.x and 3.x share, at `/write` and `/query`; 1.x before 1.8 has
no other. A missing database (1.x) or bucket (2.x) is made, with data kept for ever: the bucket
that 2.x would make by itself on the first write forgets after three days. 3.x makes its own.
Requests go through influxdb-client's ApiClient and are not repeated here: the shipper does that.
"""

import re
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from ingest.errors import LinesRefusedError, RefusedLine, StoreUnavailableError
from ingest.stores.port import Aggregate, Bucket, Point, Sample, StoreHealth
from ingest.stores.table import check_aggregate, known_fields, known_kind, restore, restore_all
from park.times import from_epoch_ms, to_epoch_ms

_TIMEOUT_MS = 30_000
_CONNECTIONS = 16
_BAD_REQUEST, _NOT_FOUND, _TOO_LARGE, _UNPROCESSABLE = 400, 404, 413, 422
_REFUSALS = frozenset({_BAD_REQUEST, _TOO_LARGE, _UNPROCESSABLE})
_LAST = "last_"
_TAGS_OR_VALUE = re.compile(r"^([^, ]+)[^ ]* |=[^,]*")
_DROPPED = re.compile(r"\bdropped=(\d+)")


@dataclass(frozen=True, slots=True)
class _Series:
    """One series of an InfluxQL answer."""

    tags: Mapping[str, str]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


class InfluxStore:
    """A `TelemetryStore` in InfluxDB; safe to share among threads."""

    def __init__(
        self, url: str, database: str, username: str = "", password: str = "", token: str = ""
    ) -> None:
        """Nothing is sent yet; a server that is away is noticed by the first call."""
        self._name = f"InfluxDB at {url}"
        self._url = url.rstrip("/")
        self._database = database
        self._preparing = threading.Lock()
        self._prepared = False
        by_password = bool(username) and not token
        # Publishes no types.
        self._client: Any = InfluxDBClient(
            url=url,
            token=f"{username}:{password}" if by_password else token,
            auth_basic=by_password,
            timeout=_TIMEOUT_MS,
            connection_pool_maxsize=_CONNECTIONS,
        )
        self._api_client: Any = self._client.api_client

    def write(self, lines: Sequence[str]) -> None:
        """Store lines; see the port."""
        self._prepare()
        refused: list[RefusedLine] = []
        self._write_or_split(lines, refused)
        if refused:
            raise LinesRefusedError(refused)

    def latest(self, kind: str, assets: Collection[str] | None = None) -> list[Point]:
        """The newest values; see the port."""
        known_kind(kind)
        if assets is not None and not assets:
            return []
        where = "" if assets is None else f" WHERE {_one_of(assets)}"
        values, times = self._query(
            f"SELECT last(*) FROM {kind}{where} GROUP BY asset",
            f"SELECT * FROM {kind}{where} GROUP BY asset ORDER BY time DESC LIMIT 1",
        )
        newest = {series.tags["asset"]: series.rows[0][0] for series in times}
        points = []
        for series in values:
            asset = series.tags["asset"]
            row = dict(zip(series.columns, series.rows[0], strict=True))
            stored = {name.removeprefix(_LAST): value for name, value in row.items()}
            points.append(Point(asset, from_epoch_ms(newest[asset]), restore_all(kind, stored)))
        return sorted(points, key=lambda point: point.asset)

    def series(
        self,
        kind: str,
        asset: str,
        fields: Sequence[str],
        start: datetime,
        end: datetime,
        every: timedelta,
        aggregate: Aggregate,
    ) -> list[Bucket]:
        """Aggregated buckets; see the port."""
        table = known_fields(kind, fields)
        check_aggregate(table, aggregate)
        every_ms = max(1, every // timedelta(milliseconds=1))
        columns = ", ".join(f'{aggregate}("{field.name}") AS "{field.name}"' for field in table)
        (found,) = self._query(
            f"SELECT {columns} FROM {kind} WHERE {_one_of([asset])} AND {_within(start, end)}"
            f" GROUP BY time({every_ms}ms) fill(none)"
        )
        empty = 0 if aggregate is Aggregate.COUNT else None
        buckets = []
        for time_ms, *row in (row for series in found for row in series.rows):
            values = [empty if value is None else value for value in row]
            if any(value != empty for value in values):
                named = zip((field.name for field in table), values, strict=True)
                buckets.append(Bucket(from_epoch_ms(time_ms), dict(named)))
        return buckets

    def raw(
        self, kind: str, asset: str, field: str, start: datetime, end: datetime
    ) -> list[Sample]:
        """Every stored value; see the port."""
        (row,) = known_fields(kind, (field,))
        (found,) = self._query(
            f'SELECT "{field}" FROM {kind} WHERE {_one_of([asset])} AND {_within(start, end)}'
        )
        return [
            Sample(from_epoch_ms(time_ms), restore(row, value))
            for series in found
            for time_ms, value in series.rows
        ]

    def count(self, kind: str) -> int:
        """The readings of the asset's most frequent field, summed over assets."""
        known_kind(kind)
        (found,) = self._query(f"SELECT count(*) FROM {kind} GROUP BY asset")
        return sum(max(series.rows[0][1:], default=0) for series in found)

    def health(self) -> StoreHealth:
        """Whether it answers to a query."""
        version = ""
        try:
            version = f"InfluxDB {self._ping()}"
            self._query("SHOW MEASUREMENTS LIMIT 1")
        except StoreUnavailableError as error:
            return StoreHealth(ok=False, version=version, detail=str(error))
        return StoreHealth(ok=True, version=version)

    def close(self) -> None:
        """Let go of the connections; safe to repeat."""
        self._api_client.rest_client.pool_manager.clear()

    def _ping(self) -> str:
        """The server's version, such as `1.6.7` or `v2.7.1`."""
        version = self._request("GET", "/ping").getheader("X-Influxdb-Version")
        return str(version or "of unknown version")

    def _prepare(self) -> None:
        """See once that the database is there; make it where it isn't."""
        with self._preparing:
            if self._prepared:
                return
            version = self._ping().lstrip("v")
            if version.startswith("1."):
                self._provide_database()
            elif version.startswith("2."):
                self._provide_bucket()
            self._prepared = True

    def _provide_database(self) -> None:
        # Asked before making it: a user who may write often may not make databases.
        (found,) = self._ask({"q": "SHOW DATABASES"})
        if [self._database] not in [row for series in found for row in series.rows]:
            self._ask({"q": f"CREATE DATABASE {_name(self._database)}"})

    def _provide_bucket(self) -> None:
        """Make the bucket in the token's organisation, kept for ever, where it is missing."""
        try:
            buckets = self._client.buckets_api()
            if buckets.find_bucket_by_name(self._database) is None:
                (organisation, *_) = self._client.organizations_api().find_organizations()
                buckets.create_bucket(bucket_name=self._database, org_id=organisation.id)
        except (ApiException, HTTPError, ValueError) as error:
            reason = _reason(error) if isinstance(error, ApiException) else error
            raise StoreUnavailableError(
                f"{self._name} has no bucket {self._database!r} that this token may use, and it"
                f" can't be made ({reason}); make it first"
            ) from error

    def _write_or_split(self, lines: Sequence[str], refused: list[RefusedLine]) -> None:
        """Write; split what is refused until the lines at fault stand alone.

        First by their measurement and fields, since a conflict of types concerns all lines of a
        kind that have the field; then by halves.
        """
        if not lines:
            return
        parameters = {"db": self._database, "precision": "ms"}
        try:
            self._request("POST", "/write", parameters, "\n".join(lines).encode())
        except _RefusedError as error:
            if len(lines) == 1 or _dropped(error.reason) == len(lines):
                refused += [RefusedLine(line, error.reason) for line in lines]
                return
            middle = len(lines) // 2
            alike = _by_fields(lines)
            for part in alike if len(alike) > 1 else (lines[:middle], lines[middle:]):
                self._write_or_split(part, refused)

    def _query(self, *statements: str) -> list[list[_Series]]:
        """The series of each statement's answer."""
        self._prepare()
        return self._ask({"db": self._database, "epoch": "ms", "q": ";".join(statements)})

    def _ask(self, parameters: Mapping[str, str]) -> list[list[_Series]]:
        try:
            response = self._request("POST", "/query", parameters)
        except _RefusedError as error:
            raise StoreUnavailableError(f"{self._name} refuses a query: {error.reason}") from error
        results = orjson.loads(response.data)["results"]
        for result in results:
            if "error" in result:
                raise StoreUnavailableError(f"{self._name} refuses a query: {result['error']}")
        return [
            [
                _Series(series.get("tags", {}), series["columns"], series.get("values", []))
                for series in result.get("series", [])
            ]
            for result in results
        ]

    def _request(
        self, method: str, path: str, parameters: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Any:
        headers = {**self._api_client.default_headers, "Content-Type": "text/plain; charset=utf-8"}
        try:
            return self._api_client.request(
                method,
                self._url + path,
                query_params=list((parameters or {}).items()),
                headers=headers,
                body=body,
            )
        except ApiException as error:
            reason = _reason(error)
            if error.status == _TOO_LARGE or (error.status in _REFUSALS and _is_influx(error)):
                raise _RefusedError(reason) from error
            if error.status == _NOT_FOUND:
                self._prepared = False  # the database was dropped: make it again on the next try
            raise StoreUnavailableError(f"{self._name} answers {error.status}: {reason}") from error
        except HTTPError as error:
            raise StoreUnavailableError(f"{self._name} can't be reached: {error}") from error


class _RefusedError(Exception):
    """The server says that the request itself is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _by_fields(lines: Sequence[str]) -> list[list[str]]:
    """The lines in groups of one measurement and the same fields."""
    groups: dict[str, list[str]] = {}
    for line in lines:
        groups.setdefault(_TAGS_OR_VALUE.sub(r"\1,", line), []).append(line)
    return list(groups.values())


def _dropped(reason: str) -> int | None:
    """How many lines 1.x says that it dropped; the others of the write are stored."""
    match = _DROPPED.search(reason)
    return None if match is None else int(match[1])


def _is_influx(error: ApiException) -> bool:
    """Whether InfluxDB itself answered: 1.x says `error`, 2.x `code`, 3.x either, as JSON.

    A proxy before it, or another server on its port, refuses in words of its own; what it refuses
    is no fault of the lines.
    """
    try:
        body = orjson.loads(error.body or b"")
    except orjson.JSONDecodeError:
        return False
    return isinstance(body, dict) and bool(body.keys() & {"error", "code"})


def _reason(error: ApiException) -> str:
    try:
        body = orjson.loads(error.body or b"{}")
        return str(body.get("error") or body.get("message") or error.reason)
    except (orjson.JSONDecodeError, AttributeError):
        return str(error.body or error.reason)


def _one_of(assets: Collection[str]) -> str:
    alternatives = " OR ".join(f"asset = {_literal(asset)}" for asset in assets)
    return f"({alternatives})"


def _within(start: datetime, end: datetime) -> str:
    return f"time >= {to_epoch_ms(start)}ms AND time < {to_epoch_ms(end)}ms"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def _name(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
