"""Remote Write 1.0: a protobuf message, compressed as one block of Snappy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cramjam
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from ingest.sample import Sample

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
    "User-Agent": "ingest/1.0",
}
_PACKAGE = "prometheus"
# As in Prometheus' prompb/remote.proto and types.proto: the fields that a writer of samples needs.
_MESSAGES: dict[str, dict[str, tuple[int, Any]]] = {
    "Label": {"name": (1, FieldDescriptorProto.TYPE_STRING), "value": (2, FieldDescriptorProto.TYPE_STRING)},
    "Sample": {"value": (1, FieldDescriptorProto.TYPE_DOUBLE), "timestamp": (2, FieldDescriptorProto.TYPE_INT64)},
    "TimeSeries": {"labels": (1, "Label"), "samples": (2, "Sample")},
    "WriteRequest": {"timeseries": (1, "TimeSeries")},
}


def _write_request() -> Any:
    """The message's class. A name in place of a type is a repeated message."""
    file = FileDescriptorProto(name="ingest/remote.proto", package=_PACKAGE, syntax="proto3")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            one = described.field.add(name=name, number=number)
            if isinstance(kind, str):
                one.label = FieldDescriptorProto.LABEL_REPEATED
                one.type, one.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                one.label, one.type = FieldDescriptorProto.LABEL_OPTIONAL, kind
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.WriteRequest"))


WriteRequest = _write_request()


def body(sample: Sample) -> bytes:
    """The body of a request with one sample. Labels are sorted by name: receivers may insist on it."""
    request = WriteRequest()
    series = request.timeseries.add()
    for name, value in sorted({**sample.labels, "__name__": sample.name}.items()):
        series.labels.add(name=name, value=value)
    series.samples.add(value=sample.value, timestamp=sample.timestamp)
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
