"""Capture jobs: what became of each document that was captured.

A document is captured before its job is written, within one request. So a job that can be looked up
is finished, and no job is left behind by a process that died: its client got no answer, sends the
document again, and events that are there already are recognised.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, Row, insert, select

from park.times import from_epoch_ms, to_epoch_ms
from traceability.database.transactions import reading, write
from traceability.epcis import tables as t
from traceability.errors import NotFoundError
from traceability.paging import check_texts, read_token, write_token
from traceability.views import Page, Refused

_J = t.capture_jobs.c


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureJob:
    """One document's capture, finished."""

    job_id: str
    proceed: bool
    """Whether events that can be captured were, beside others that can't."""
    created_at: datetime
    finished_at: datetime
    problems: Sequence[Refused]

    @property
    def success(self) -> bool:
        """Whether every event was captured."""
        return not self.problems


class CaptureJobs:
    """The jobs in one SQL database. Safe to share among threads.

    Every method raises DatabaseUnavailableError where the database doesn't answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        created_at: datetime,
        finished_at: datetime,
        problems: Sequence[Refused],
        *,
        proceed: bool,
    ) -> CaptureJob:
        """Write down what became of a document."""
        job = CaptureJob(
            job_id=str(uuid4()),
            proceed=proceed,
            created_at=created_at,
            finished_at=finished_at,
            problems=problems,
        )
        values = {
            "job_id": job.job_id,
            "behaviour": "proceed" if proceed else "rollback",
            "created_at_ms": to_epoch_ms(created_at),
            "finished_at_ms": to_epoch_ms(finished_at),
            "problems": json.dumps([asdict(problem) for problem in problems]),
        }
        statement = insert(t.capture_jobs).values(values)
        write(self._engine, lambda connection: connection.execute(statement))
        return job

    def job(self, job_id: str) -> CaptureJob:
        """One job. Raises NotFoundError `job-not-found`."""
        check_texts(job_id)
        with reading(self._engine) as connection:
            row = connection.execute(
                select(t.capture_jobs).where(_J.job_id == job_id)
            ).one_or_none()
        if row is None:
            msg = f"there is no capture job {job_id}"
            raise NotFoundError("job-not-found", msg)
        return _job(row)

    def jobs(self, token: str | None, per_page: int) -> Page[CaptureJob]:
        """One page of the jobs, the latest first. Raises QueryError for a token that is none."""
        statement = select(t.capture_jobs).order_by(_J.id.desc()).limit(per_page + 1)
        if token is not None:
            statement = statement.where(_J.id < read_token(token, (int,))[0])
        with reading(self._engine) as connection:
            rows = connection.execute(statement).all()
        more = len(rows) > per_page
        return Page(
            [_job(row) for row in rows[:per_page]],
            write_token([rows[per_page - 1].id]) if more else None,
        )


def _job(row: Row[Any]) -> CaptureJob:
    return CaptureJob(
        job_id=row.job_id,
        proceed=row.behaviour == "proceed",
        created_at=from_epoch_ms(row.created_at_ms),
        finished_at=from_epoch_ms(row.finished_at_ms),
        problems=[Refused(**problem) for problem in json.loads(row.problems)],
    )
