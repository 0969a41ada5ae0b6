"""Errors of the `api` package.

::

    ApiError
    |-- EmbeddedBrokerError    the demo's own broker can't start
    |-- CommandError           a command that can't be carried out as it was given
    |-- ServerError            the HTTP server can't start
    |-- ForeignPageError       a web page that may not ask
    `-- ProblemError           a request that gets a problem for an answer
"""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """Base of this package's errors; the message says what the user can do about it."""


class EmbeddedBrokerError(ApiError):
    """The demo's own broker can't start."""


class CommandError(ApiError):
    """A command that can't be carried out as it was given."""


class ServerError(ApiError):
    """The HTTP server can't start, usually because its port is taken."""


class ForeignPageError(ApiError):
    """A web page of another origin that may not ask in its reader's name."""


class ProblemError(ApiError):
    """A request that gets a problem for an answer; `slug` is a key of `PROBLEM_TYPES`.

    `members` are added to the problem's JSON, `headers` to the answer.
    """

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.slug = slug
        self.detail = detail
        self.members = members or {}
        self.headers = headers or {}
