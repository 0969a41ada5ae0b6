"""Errors of the `park` package.

::

    ParkError
    |-- IdentifierError      a GS1 key that is malformed or fails its check digit
    |   `-- CheckDigitError  one that fails its check digit: mistyped, most likely
    |-- DefinitionError      a park definition file that can't be read or contradicts itself
    |-- UnknownAssetError    an asset id that the park doesn't have
    |-- SettingsError        a setting that is missing or has an impossible value
    |-- UnitError            a unit that isn't known, or can't become the one asked for
    `-- DatabaseError        a database that can't be opened
"""

_LONGEST_VALUE = 100


class ParkError(Exception):
    """Base of this package's errors; the message says what the user can do about it."""


class IdentifierError(ParkError):
    """A GS1 key that is malformed or fails its check digit.

    `value` is the text that was refused; `key` names the kind of key, such as `GTIN`.
    """

    def __init__(self, key: str, value: str, problem: str) -> None:
        shown = value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}..."
        super().__init__(f"{key} {shown!r}: {problem}")
        self.key = key
        self.value = value
        self.problem = problem


class CheckDigitError(IdentifierError):
    """A GS1 key that fails its check digit: mistyped, most likely."""


class DefinitionError(ParkError):
    """A park definition file that can't be read or contradicts itself."""


class UnknownAssetError(ParkError):
    """An asset id that the park doesn't have; `asset` is the id."""

    def __init__(self, asset: str) -> None:
        super().__init__(f"no asset {asset!r} in this park; list them with GET /v1/assets")
        self.asset = asset


class SettingsError(ParkError):
    """A setting that is missing or has an impossible value; the message names it."""


class UnitError(ParkError):
    """A unit that isn't known, or can't become the one asked for.

    `from_unit` and `to_unit` are the units as they were given.
    """

    def __init__(self, from_unit: str, to_unit: str, problem: str) -> None:
        super().__init__(problem)
        self.from_unit = from_unit
        self.to_unit = to_unit


class DatabaseError(ParkError):
    """A database that can't be opened; the message names the address without its password."""
