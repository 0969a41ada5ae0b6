"""Errors of the `grafana` package.

::

    GrafanaError
    |-- BuildError                     a dashboard that can't be built: a fault in our own code
    |   |-- UnknownKindError           a panel asks for a kind that the telemetry table lacks
    |   |-- UnknownFieldError          a panel asks for a field that its kind lacks
    |   |-- UnknownTagError            a query filters by a tag that its kind's points don't carry
    |   |-- UnknownUnitError           a UCUM code without a unit of Grafana's
    |   `-- MissingTextError           a wording that the language's file lacks
    `-- SyncError                      Grafana didn't take what we sent
        |-- GrafanaAddressError        an address or token that can't be used at all
        |-- GrafanaUnreachableError    nobody answers there, or too late (retryable)
        |-- GrafanaUnauthorisedError   the token is unknown or expired, or may not do this
        |-- GrafanaConflictError       someone else changed the same thing meanwhile (retryable)
        |-- GrafanaRefusedError        Grafana understood and said no
        `-- GrafanaBrokenError         Grafana failed, or what answered isn't Grafana (retryable)
"""


class GrafanaError(Exception):
    """Base of this package's errors; the message says what the user can do about it."""


class BuildError(GrafanaError):
    """A dashboard that can't be built; a fault in our own code, found before it is shipped."""


class UnknownKindError(BuildError):
    """A panel asks for the telemetry kind `kind`, which the table lacks."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the telemetry table has no kind {kind!r}")
        self.kind = kind


class UnknownFieldError(BuildError):
    """A panel asks for the field `field`, which the kind `kind` lacks or can't be used so."""

    def __init__(self, kind: str, field: str, problem: str = "no such field") -> None:
        super().__init__(f"{kind}.{field}: {problem}")
        self.kind = kind
        self.field = field


class UnknownTagError(BuildError):
    """A query filters by the tag `tag`, which points of the kind `kind` don't carry."""

    def __init__(self, kind: str, tag: str) -> None:
        super().__init__(f"points of {kind} carry no tag {tag!r}")
        self.kind = kind
        self.tag = tag


class UnknownUnitError(BuildError):
    """The UCUM code `unit` has no unit of Grafana's."""

    def __init__(self, unit: str) -> None:
        super().__init__(f"no unit of Grafana's is known for the UCUM code {unit!r}")
        self.unit = unit


class MissingTextError(BuildError):
    """The wording `key` is missing from the file of the language `language`."""

    def __init__(self, language: str, key: str) -> None:
        super().__init__(f"grafana/texts/{language}.toml lacks {key}")
        self.language = language
        self.key = key


class SyncError(GrafanaError):
    """Grafana didn't take what we sent; `retryable` says whether a later try may succeed."""

    retryable = False


class GrafanaAddressError(SyncError):
    """An address or token that can't be used at all."""


class GrafanaUnreachableError(SyncError):
    """Nobody answers at that address, or too late."""

    retryable = True


class GrafanaUnauthorisedError(SyncError):
    """The token is unknown or expired, or may not do this."""


class GrafanaConflictError(SyncError):
    """Someone else changed the same thing meanwhile."""

    retryable = True


class GrafanaRefusedError(SyncError):
    """Grafana understood the request and refused it with the HTTP status `status`."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class GrafanaBrokenError(SyncError):
    """Grafana failed, or what answered there isn't Grafana."""

    retryable = True
