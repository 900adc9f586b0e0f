"""The official schemas as protobuf classes, in a pool of their own: nothing is registered where others could clash."""

from __future__ import annotations

from typing import Any

from google.protobuf import (  # type: ignore[import-untyped]  # no stubs are needed for so little
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)

Field = descriptor_pb2.FieldDescriptorProto
ONE, MANY = Field.LABEL_OPTIONAL, Field.LABEL_REPEATED
STRING, DOUBLE, INT64, UINT32 = Field.TYPE_STRING, Field.TYPE_DOUBLE, Field.TYPE_INT64, Field.TYPE_UINT32

# name: (number, label, type or message); from prometheus/prompb/{remote,types}.proto and io/prometheus/write/v2.
# An enumeration is read as its number.
V1 = {
    "Label": {"name": (1, ONE, STRING), "value": (2, ONE, STRING)},
    "Sample": {"value": (1, ONE, DOUBLE), "timestamp": (2, ONE, INT64)},
    "TimeSeries": {"labels": (1, MANY, "Label"), "samples": (2, MANY, "Sample")},
    "WriteRequest": {"timeseries": (1, MANY, "TimeSeries")},
}
V2 = {
    "Sample": {"value": (1, ONE, DOUBLE), "timestamp": (2, ONE, INT64)},
    "Metadata": {"type": (1, ONE, UINT32), "help_ref": (3, ONE, UINT32), "unit_ref": (4, ONE, UINT32)},
    "TimeSeries": {
        "labels_refs": (1, MANY, UINT32),
        "samples": (2, MANY, "Sample"),
        "metadata": (5, ONE, "Metadata"),
    },
    "Request": {"symbols": (4, MANY, STRING), "timeseries": (5, MANY, "TimeSeries")},
}


def classes(schema: dict[str, dict[str, tuple[int, Any, Any]]], package: str) -> dict[str, Any]:
    """The classes of a schema."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in schema.items():
        message = file.message_type.add(name=name)
        for title, (number, label, kind) in fields.items():
            field = message.field.add(name=title, number=number, label=label)
            if isinstance(kind, str):
                field.type, field.type_name = Field.TYPE_MESSAGE, f".{package}.{kind}"
            else:
                field.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in schema}


WriteRequest = classes(V1, "rig1")["WriteRequest"]
Request = classes(V2, "rig2")["Request"]
