"""Posts scans like a handheld in a warehouse overseas: HTTP only, and patient.

An arrival may be scanned before the park's own message about the departure has been taken in.
So a scan that the API doesn't know the shipment or pallet of yet is posted again after a while,
and so is one that nobody answered; any other refusal is an error.
"""

import queue
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import httpx

from park.scans import ReceiveScan
from simulators.errors import ApiUnreachableError, HandheldError, ScanRefusedError

_NOT_YET_KNOWN = ("unknown-shipment", "unknown-pallet")
_BUSY = 503
_CLIENT_ERROR = 400
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


class ScanPoster(Protocol):
    """Where scans go that are posted."""

    def post(self, scan: ReceiveScan) -> None:
        """Hand over a scan. Raises HandheldError, perhaps that of an earlier scan."""

    def finish(self) -> None:
        """Return when every scan was taken. Raises HandheldError."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """Why a scan wasn't taken."""

    error: HandheldError
    retryable: bool


class Handheld:
    """Posts scans to an API, one after the other, on a thread of its own.

    So a scan that has to wait doesn't hold up the park's telemetry. Each scan has `deadline_s`
    from its first attempt on.
    """

    def __init__(self, api_url: str, *, deadline_s: float = 120.0) -> None:
        self._url = f"{api_url.rstrip('/')}/v1/steps/receive"
        self._deadline_s = deadline_s
        self._scans: queue.SimpleQueue[ReceiveScan | None] = queue.SimpleQueue()
        self._error: HandheldError | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="handheld", daemon=True)

    def __enter__(self) -> Self:
        """Take up work."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, without waiting for scans that weren't taken yet."""
        self._stopped.set()
        self._scans.put(None)
        self._thread.join()

    def post(self, scan: ReceiveScan) -> None:
        """Hand over a scan. Raises the HandheldError of an earlier one that failed."""
        self._complain()
        self._scans.put(scan)

    def finish(self) -> None:
        """Return when every scan was taken. Raises HandheldError."""
        self._scans.put(None)
        self._thread.join()
        self._complain()

    def _complain(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        with httpx.Client(timeout=10.0, trust_env=False) as client:
            while (scan := self._scans.get()) is not None:
                self._error = self._deliver(client, scan)
                if self._error is not None or self._stopped.is_set():
                    return

    def _deliver(self, client: httpx.Client, scan: ReceiveScan) -> HandheldError | None:
        body = scan.model_dump_json(exclude={"action"}).encode()
        deadline = time.monotonic() + self._deadline_s
        pause_s = _FIRST_PAUSE_S
        while (answer := self._attempt(client, body)) is not None:
            if not answer.retryable or time.monotonic() + pause_s > deadline:
                return answer.error
            if self._stopped.wait(pause_s):
                return None
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return None

    def _attempt(self, client: httpx.Client, body: bytes) -> _Answer | None:
        try:
            response = client.post(
                self._url, content=body, headers={"content-type": "application/json"}
            )
        except httpx.HTTPError as error:
            return _Answer(ApiUnreachableError(self._url, f"no answer: {error}"), retryable=True)
        if response.status_code < _CLIENT_ERROR:
            return None
        problem, detail = _problem_of(response)
        retryable = response.status_code == _BUSY or problem.endswith(_NOT_YET_KNOWN)
        refusal = ScanRefusedError(self._url, response.status_code, problem, detail)
        return _Answer(refusal, retryable)


def _problem_of(response: httpx.Response) -> tuple[str, str]:
    """Type and detail of a problem+json answer; its beginning where it is something else."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return "", response.text[:200]
    return str(body.get("type", "")), str(body.get("detail", body.get("title", "")))
