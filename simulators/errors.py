"""Errors of the `simulators` package.

::

    SimulatorError
    |-- PlanError               a season that can't be planned for this park
    |-- BrokerError             the MQTT broker fails the simulators; `.url` without password
    |   |-- BrokerUnreachableError   no connection, or the connection was refused
    |   `-- BrokerSilentError        acknowledgements stopped, or a message was refused
    `-- HandheldError           a scan that couldn't be posted over HTTP; `.url`
        |-- ApiUnreachableError      nobody answers until the deadline
        `-- ScanRefusedError         the API refuses the scan; `.status`, `.problem`
"""


class SimulatorError(Exception):
    """Base of this package's errors; the message says what the user can do about it."""


class PlanError(SimulatorError):
    """A season that can't be planned for this park."""


class BrokerError(SimulatorError):
    """The MQTT broker fails the simulators; `url` is its address without user and password."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"MQTT broker {url}: {problem}")
        self.url = url


class BrokerUnreachableError(BrokerError):
    """No connection to the broker, or it refused the connection."""


class BrokerSilentError(BrokerError):
    """The broker stopped acknowledging, or refused a message."""


class HandheldError(SimulatorError):
    """A scan that couldn't be posted over HTTP."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"POST {url}: {problem}")
        self.url = url


class ApiUnreachableError(HandheldError):
    """Nobody answered at that address until the deadline."""


class ScanRefusedError(HandheldError):
    """The API refused the scan; `problem` is the `type` of its answer, empty where it has none."""

    def __init__(self, url: str, status: int, problem: str, detail: str) -> None:
        super().__init__(url, f"HTTP {status} {problem or 'without a problem type'}: {detail}")
        self.status = status
        self.problem = problem
