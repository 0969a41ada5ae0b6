"""Look-ups of many values: with one parameter for all of them, or in groups that a statement takes.

A statement with a parameter a value would be parsed anew for each number of them, which costs
more than the look-up itself.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Row,
    Select,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

T = TypeVar("T")

PARAMETERS_AT_ONCE = 500
"""Values in one `IN` that has a parameter for each: databases have limits."""
_LISTED_AT_ONCE = 10_000


class _Listed(TypeDecorator[Sequence[Any]]):
    """A list of values: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type that the database gets."""
        return Text() if dialect.name == "sqlite" else ARRAY(self.item)

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """The value that the database gets."""
        listed = list(value or ())
        return json.dumps(listed) if dialect.name == "sqlite" else listed


class _Among(FunctionElement[bool]):
    # No Boolean: SQLAlchemy would compare it with 1 on SQLite, past the column's index.
    name = "among"
    inherit_cache = True


def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a column has one of the values in the parameter `wanted`, a list."""
    item: TypeEngine[Any] = Text() if isinstance(column.type, Text) else column.type
    wanted: BindParameter[Any] = bindparam("wanted", type_=_Listed(item))
    return _Among(column, wanted)


def rows_asked(names: Sequence[str], dialect: str) -> Select[Any]:
    """A table of integers, by column name: those in the parameter `asked`, as `as_asked` writes."""
    if dialect == "sqlite":
        each = func.json_each(bindparam("asked", type_=Text)).table_valued("value").c.value
        values: list[ColumnElement[Any]] = [
            func.json_extract(each, f"$[{place}]") for place in range(len(names))
        ]
    else:
        listed = cast(bindparam("asked", type_=Text), JSON)
        found = func.json_array_elements(listed).table_valued(column("value", JSON)).c.value
        values = [cast(found.op("->>")(place), BigInteger) for place in range(len(names))]
    return select(*(value.label(name) for name, value in zip(names, values, strict=True)))


def rows_for(
    connection: Connection, query: Select[Any], wanted: Collection[Any], **more: object
) -> Iterator[Row[Any]]:
    """Rows of a query for all wanted values, which it compares with with `among`."""
    for chunk in chunks(wanted):
        yield from connection.execute(query, {"wanted": chunk, **more})


def chunks(values: Collection[T], size: int = _LISTED_AT_ONCE) -> Iterator[Sequence[T]]:
    """The values in groups of at most so many."""
    listed = list(values)
    return (listed[start : start + size] for start in range(0, len(listed), size))


def as_asked(rows: Sequence[Sequence[int]]) -> str:
    """Rows as the parameter of `rows_asked`."""
    return json.dumps(rows)


@compiles(_Among)
def _with_array(element: _Among, compiler: SQLCompiler, **more: Any) -> str:
    column, wanted = element.clauses
    return f"{compiler.process(column, **more)} = ANY ({compiler.process(wanted, **more)})"


@compiles(_Among, "sqlite")
def _with_json(element: _Among, compiler: SQLCompiler, **more: Any) -> str:
    column, wanted = element.clauses
    # Without a type the values would be compared one by one, past the column's index.
    kind = "TEXT" if isinstance(column.type, Text) else "INTEGER"
    given = f"json_each({compiler.process(wanted, **more)})"
    values = f"SELECT CAST(value AS {kind}) FROM {given}"  # noqa: S608 - a parameter
    return f"{compiler.process(column, **more)} IN ({values})"
