"""The programming interface as a page, made of its OpenAPI document."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_FIRST_ERROR = "400"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    where: str
    """`path` or `query`."""
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    id: str
    method: str
    path: str
    description: str
    parameters: Sequence[Parameter]
    example: str
    """A body as JSON; empty where it takes none."""
    problems: Sequence[str]
    """Slugs of the problems it may answer with."""


def operations_by_tag(
    document: Mapping[str, Any],
) -> Sequence[tuple[str, Sequence[Operation]]]:
    """The operations of an OpenAPI document under their tags, in the document's order."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            made = _operation(path, method, operation)
            groups.setdefault(operation["tags"][0], []).append(made)
    return list(groups.items())


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Operation:
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        description=_plain(operation["description"]),
        parameters=[_parameter(member) for member in operation.get("parameters", ())],
        example=_example(operation),
        problems=[
            slug
            for status, response in operation["responses"].items()
            if status >= _FIRST_ERROR
            for slug in _plain(response["description"]).split(" · ")
        ],
    )


def _parameter(member: Mapping[str, Any]) -> Parameter:
    described = member.get("description") or member["schema"].get("description", "")
    return Parameter(member["name"], member["in"], _plain(described), member["required"])


def _plain(text: str) -> str:
    """Without Markdown's marks."""
    return text.replace("`", "")


def _example(operation: Mapping[str, Any]) -> str:
    if "requestBody" not in operation:
        return ""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    example = schema["examples"]
    return json.dumps(example[0], indent=2)
