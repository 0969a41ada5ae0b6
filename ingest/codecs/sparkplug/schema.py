"""The parts of Sparkplug B's protobuf schema that are read here, as a table of field numbers.

Texts are declared as bytes, which are the same on the wire, so that text which is no UTF-8 is seen
here and not in the library. Data sets and templates are declared as bytes too: they are recognised
and not unfolded.
"""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "agripark.sparkplug"
_ONE_OF = "value"

_SCALARS: Mapping[str, int] = {
    "uint32": _Field.TYPE_UINT32,
    "uint64": _Field.TYPE_UINT64,
    "float": _Field.TYPE_FLOAT,
    "double": _Field.TYPE_DOUBLE,
    "bool": _Field.TYPE_BOOL,
    "bytes": _Field.TYPE_BYTES,
}

# By message: number, name, type. `*` marks a repeated field, `|` a branch of the value.
_MESSAGES: Mapping[str, tuple[tuple[int, str, str], ...]] = {
    "Payload": (
        (1, "timestamp", "uint64"),
        (2, "metrics", "*Metric"),
        (3, "seq", "uint64"),
    ),
    "Metric": (
        (1, "name", "bytes"),
        (2, "alias", "uint64"),
        (3, "timestamp", "uint64"),
        (4, "datatype", "uint32"),
        (5, "is_historical", "bool"),
        (6, "is_transient", "bool"),
        (7, "is_null", "bool"),
        (9, "properties", "PropertySet"),
        (10, "int_value", "|uint32"),
        (11, "long_value", "|uint64"),
        (12, "float_value", "|float"),
        (13, "double_value", "|double"),
        (14, "boolean_value", "|bool"),
        (15, "string_value", "|bytes"),
        (16, "bytes_value", "|bytes"),
        (17, "dataset_value", "|bytes"),
        (18, "template_value", "|bytes"),
    ),
    "PropertySet": (
        (1, "keys", "*bytes"),
        (2, "values", "*PropertyValue"),
    ),
    "PropertyValue": (
        (1, "type", "uint32"),
        (2, "is_null", "bool"),
        (3, "int_value", "uint32"),
        (4, "long_value", "uint64"),
    ),
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="agripark/sparkplug.proto", package=_PACKAGE, syntax="proto2"
    )
    for message_name, fields in _MESSAGES.items():
        message = file.message_type.add(name=message_name)
        if any(kind.startswith("|") for _, _, kind in fields):
            message.oneof_decl.add(name=_ONE_OF)
        for number, name, kind in fields:
            _add_field(message, number, name, kind)
    return file


def _add_field(message: descriptor_pb2.DescriptorProto, number: int, name: str, kind: str) -> None:
    repeated, branch, base = kind.startswith("*"), kind.startswith("|"), kind.lstrip("*|")
    field = message.field.add(name=name, number=number)
    field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
    if base in _SCALARS:
        field.type = _SCALARS[base]  # type: ignore[assignment]  # the stubs want an enum's member
    else:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{base}"
    if branch:
        field.oneof_index = 0


def _message_class(name: str) -> Any:
    pool = descriptor_pool.DescriptorPool()  # a pool of our own, so no other schema can clash
    pool.Add(_file())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


PAYLOAD: Final[Any] = _message_class("Payload")
"""The protobuf class of a payload."""
