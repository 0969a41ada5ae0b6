"""The facade of the mass balance: each answer from one state of the books."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Engine

from park.assets import Asset, Orchard, Park, SortingLine
from park.gs1 import BatchId
from park.seasons import EARLIEST_SEASON, LATEST_SEASON
from park.times import utc_now
from traceability.balance.findings import USUAL, Suspicions, findings
from traceability.balance.seasons import season_balance
from traceability.balance.sums import batch_balance, line_balance, orchard_balance
from traceability.balance.values import (
    BalanceFinding,
    BatchBalance,
    LineBalance,
    OrchardBalance,
    SeasonBalance,
)
from traceability.database.transactions import reading
from traceability.errors import NotFoundError, QueryError
from traceability.paging import check_texts

A = TypeVar("A", bound=Asset)


class MassBalance:
    """Mass balances of one park's books. Safe to share among threads.

    Every method raises DatabaseUnavailableError where the database doesn't answer.
    """

    def __init__(
        self,
        engine: Engine,
        park: Park,
        *,
        limits: Suspicions = USUAL,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`limits` say from where on something is odd."""
        self._engine = engine
        self._park = park
        self._limits = limits
        self._clock = clock

    @property
    def current_season(self) -> int:
        """The season that lasts now."""
        return self._park.calendar.season_of(self._clock())

    def batch(self, batch: BatchId) -> BatchBalance:
        """What became of a batch. Raises NotFoundError `batch-not-found`."""
        check_texts(batch.lot)
        with reading(self._engine) as connection:
            return batch_balance(connection, batch)

    def line(
        self, line: str, since: datetime | None = None, until: datetime | None = None
    ) -> LineBalance:
        """What a sorting line took and gave from `since` to before `until`.

        Raises NotFoundError `asset-not-found` where there is no such line, QueryError `bad-span`
        where the span ends before it begins.
        """
        self._asset(line, SortingLine)
        if since is not None and until is not None and since > until:
            raise QueryError("bad-span", "the span ends before it begins")
        with reading(self._engine) as connection:
            return line_balance(connection, line, since, until)

    def orchard(self, orchard: str, season: int | None = None) -> OrchardBalance:
        """What an orchard gave in a season, by default this one, against what it can bear.

        Raises NotFoundError `asset-not-found` where there is no such orchard, QueryError
        `bad-season`.
        """
        asset = self._asset(orchard, Orchard)
        wanted = self._season(season)
        with reading(self._engine) as connection:
            return orchard_balance(connection, self._park, asset, wanted)

    def season(self, season: int | None = None) -> SeasonBalance:
        """What was harvested in a season, and where all of it is. Raises QueryError."""
        wanted = self._season(season)
        with reading(self._engine) as connection:
            return season_balance(connection, self._park, wanted)

    def findings(self, season: int | None = None) -> Sequence[BalanceFinding]:
        """What is odd about a season's fruit, with the reasons. Raises QueryError."""
        wanted = self._season(season)
        with reading(self._engine) as connection:
            return findings(connection, self._park, wanted, self._clock(), self._limits)

    def _season(self, season: int | None) -> int:
        wanted = self.current_season if season is None else season
        if not EARLIEST_SEASON - 1 <= wanted <= LATEST_SEASON:
            msg = f"{wanted} is no season; they are named by the year in which they begin"
            raise QueryError("bad-season", msg)
        return wanted

    def _asset(self, asset_id: str, wanted: type[A]) -> A:
        asset = self._park.assets.get(asset_id)
        if not isinstance(asset, wanted):
            msg = f"the park has no {wanted.type.replace('_', ' ')} {asset_id!r}"
            raise NotFoundError("asset-not-found", msg)
        return asset
