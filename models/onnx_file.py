"""A look into an ONNX file before a runtime opens it.

An ONNX file may name other files to be read as its weights. A model of ours is one self-contained file, so such a
reference is refused here, wherever it hides. Only the few protobuf fields that lead to tensors are followed
(numbers from the public `onnx.proto`).
"""

from __future__ import annotations

from collections.abc import Iterator

from loupebox.models.errors import ModelError

_MODEL, _GRAPH, _NODE, _ATTRIBUTE, _TENSOR, _SPARSE, _FUNCTION, _TRAINING = range(8)

_FOLLOWED: dict[int, dict[int, int]] = {
    _MODEL: {7: _GRAPH, 20: _TRAINING, 25: _FUNCTION},
    _TRAINING: {1: _GRAPH, 2: _GRAPH},
    _FUNCTION: {7: _NODE, 11: _ATTRIBUTE},
    _GRAPH: {1: _NODE, 5: _TENSOR, 15: _SPARSE},
    _NODE: {5: _ATTRIBUTE},
    _ATTRIBUTE: {5: _TENSOR, 6: _GRAPH, 10: _TENSOR, 11: _GRAPH, 22: _SPARSE, 23: _SPARSE},
    _SPARSE: {1: _TENSOR, 2: _TENSOR},
    _TENSOR: {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_MAX_DEPTH = 32


def refuse_external_data(content: bytes, name: str) -> None:
    """Refuse a model that is cut short, or whose weights lie in other files."""
    try:
        for field, value in _tensor_fields(memoryview(content), _MODEL, 0):
            if field == _EXTERNAL_DATA or (field == _DATA_LOCATION and value):
                raise ModelError(f"{name} keeps weights in another file; allowed is one self-contained ONNX file")
    except (IndexError, _NotProtobuf):
        raise ModelError(f"{name} is not an ONNX file, or it is cut short") from None


class _NotProtobuf(Exception):
    pass


def _tensor_fields(data: memoryview, message: int, depth: int) -> Iterator[tuple[int, int]]:
    """Number and value (0 for other than whole numbers) of every field of every tensor below this message."""
    if depth > _MAX_DEPTH:
        raise _NotProtobuf
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        field, wire = key >> 3, key & 7
        value = 0
        if wire == 0:
            value, at = _varint(data, at)
        elif wire == 1:
            at += 8
        elif wire == 5:
            at += 4
        elif wire == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise _NotProtobuf
            inner = _FOLLOWED[message].get(field)
            if inner is not None:
                yield from _tensor_fields(data[at : at + length], inner, depth + 1)
            at += length
        else:
            raise _NotProtobuf
        if at > len(data):
            raise _NotProtobuf
        if message == _TENSOR:
            yield field, value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _NotProtobuf
