#!/usr/bin/env python3
"""Safetensors as another program writes and reads them: tests/reference/safetensors.py (from the
top folder). The golden files of tests/compute/test_safetensors.c and the corpus of
fuzz/safetensors.c, made with struct, json and NumPy."""
import json
import os
import struct

import numpy as np

GOLDEN = "tests/golden/"
CORPUS = "fuzz/corpus/safetensors/"
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2",
         "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
         "BF16": "<u2"}


def pack(header, data, align=1):
    """A whole file; a header that is text already goes in as it is."""
    if not isinstance(header, str):
        header = json.dumps(header, separators=(",", ":"), ensure_ascii=False)
    header = header.encode()
    header += b" " * (-(8 + len(header)) % align)
    return struct.pack("<Q", len(header)) + header + data


def build(tensors, metadata=None, align=1):
    """tensors: [(name, type, array)], laid out in that order."""
    header, data = ({"__metadata__": metadata} if metadata is not None else {}), b""
    for name, dtype, array in tensors:
        raw = np.asarray(array).astype(TYPES[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(np.shape(array)),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    return pack(header, data, align)


def read(raw):
    """An independent reader: {name: array}, metadata."""
    n = struct.unpack("<Q", raw[:8])[0]
    header, data = json.loads(raw[8:8 + n]), raw[8 + n:]
    metadata, tensors = header.pop("__metadata__", {}), {}
    for name, t in header.items():
        begin, end = t["data_offsets"]
        tensors[name] = np.frombuffer(data[begin:end], TYPES[t["dtype"]]).reshape(t["shape"])
    return tensors, metadata


def save(path, raw):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(raw)


# What nd_safetensors_write is to write, byte for byte.
ours = build(
    [("match.scale", "F32", np.float32(0.5)),
     ("music.weight", "F32", np.arange(6).reshape(2, 3) / 8),
     ("music.größe", "F32", np.zeros((0, 4))),
     ("music.bias", "F16", np.float32([0.1, -2.5, 65504])),
     ("video.\"x\"/y", "F16", np.float32([[1 + 2**-11], [1 + 3 * 2**-11], [2**-25], [-1e-30]]))],
    {"format": "needledrop-1", "config": "{\"music\": {\"input_dim\": 80}}"}, align=64)
tensors, metadata = read(ours)
assert metadata["format"] == "needledrop-1" and len(tensors) == 5
assert np.array_equal(tensors["music.weight"], np.float32([[0, 1, 2], [3, 4, 5]]) / 8)
assert np.array_equal(tensors["music.bias"], np.float16([0.1, -2.5, 65504]))
save(GOLDEN + "safetensors_ours.safetensors", ours)

# Every type; after three bytes every value is misaligned.
values = np.arange(-3, 3)
every = [("a.bytes", "U8", [1, 2, 3]), ("f64", "F64", values / 4), ("f32", "F32", values / 4),
         ("f16", "F16", values / 4),
         ("bf16", "BF16", (values / 4).astype("<f4").view("<u4") >> 16),
         ("scalar", "F32", np.float32(7)), ("empty", "F16", np.zeros((2, 0, 3))),
         ("eight", "F32", np.arange(4).reshape(1, 1, 2, 1, 1, 2, 1, 1))]
every += [("other." + t.lower(), t, values * (t[0] != "U")) for t in
          ("I64", "I32", "I16", "I8", "U64", "U32", "U16")]
every += [("other.bool", "BOOL", values > 0)]
every = build(every, {"made_by": "NumPy"})
save(GOLDEN + "safetensors_every_type.safetensors", every)

# float32 to float16 at every rounding: bits of the one, bits of the other.
rng = np.random.default_rng(1)
halves = np.arange(0, 0x7C00, 97, dtype="<u2").view("<f2").astype("<f8")
between = (halves[1:] + halves[:-1]) / 2
some = np.concatenate([halves, between, [65519.99, 65520, 65536, 1e30, np.inf, 2.0**-25, 2.0**-24,
                                         2.0**-26, 1e-30, 2.0**-14 - 2.0**-25]]).astype("<f4")
some = np.concatenate([some, np.nextafter(some, np.float32(0)), -some,
                       rng.integers(0x33000000, 0x47800000, 2000, dtype="<u4").view("<f4")])
with np.errstate(over="ignore"):
    half = some.astype("<f2").view("<u2")
np.save(GOLDEN + "f16_rounding.npy",
        np.stack([some.view("<i4"), half.astype("<i4")], axis=1))

# The corpus: two that are good, and what an enemy would send.
f32 = lambda begin, end, shape=(1,): {"dtype": "F32", "shape": list(shape),
                                      "data_offsets": [begin, end]}
two = build([("a", "F32", np.arange(3)), ("b", "F16", np.ones((2, 2)))], {"k": "v"}, align=8)
corpus = {
    "two": two,
    "every_type": every,
    "nothing": pack({}, b""),
    "cut": two[:-3],
    "cut_header": two[:20],
    "oversized_header": struct.pack("<Q", 2**63) + two[8:],
    "oversized_shape": pack({"a": f32(0, 4, (2**62, 2**62))}, bytes(4)),
    "overlap": pack({"a": f32(0, 4), "b": f32(2, 6)}, bytes(6)),
    "hole": pack({"a": f32(0, 4), "b": f32(5, 9)}, bytes(9)),
    "backwards": pack({"a": f32(4, 0)}, bytes(4)),
    "misaligned": build([("a", "U8", [1]), ("b", "F64", [0.5])]),
    "twice": pack('{"a":%s,"a":%s}' % ((json.dumps(f32(0, 4)),) * 2), bytes(4)),
    "wrong_type": pack({"a": dict(f32(0, 4), dtype="F33")}, bytes(4)),
    "float8": pack({"a": dict(f32(0, 4), dtype="F8_E4M3")}, bytes(4)),
    "nan": build([("a", "F32", [0, np.nan]), ("b", "F16", [np.inf])]),
    "left_over": pack({"a": f32(0, 4)}, bytes(5)),
    "wrong_kinds": pack({"__metadata__": {"a": 1}, "b": [], "c": {"shape": 3}}, b""),
}
for name, raw in corpus.items():
    save(CORPUS + name, raw)
