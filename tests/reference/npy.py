#!/usr/bin/env python3
"""Golden .npy files as NumPy writes them, and the corpus of fuzz/npy.c: tests/reference/npy.py
(from the top folder)."""
import io
import os
import struct

import numpy as np
from numpy.lib import format as npy

cases = {
    "scalar_f32": np.float32(-14.25),
    "vector_i32": np.arange(-2, 5, dtype="<i4"),
    "matrix_u8": np.arange(6, dtype="u1").reshape(2, 3) * 50,
    "empty_f32": np.zeros((0,), "<f4"),
    "empty_i32": np.zeros((0, 3), "<i4"),
    "four_f32": (np.arange(24, dtype="<f4") / 8).reshape(1, 2, 3, 4),
}
for name, array in cases.items():
    np.save(f"tests/golden/npy_{name}.npy", array)

# What is read besides what we write, and the versions that NumPy writes only when it must.
read = {
    "f8": np.arange(6).reshape(2, 3) / 4,
    "f2": np.arange(6).reshape(2, 3).astype("<f2") / 4,
    "i8": np.int64([-2**31, -1, 0, 2**31 - 1]),
    "bool": np.array([[True, False], [False, True]]),
}


def raw(array, version=None):
    file = io.BytesIO()
    npy.write_array(file, np.asanyarray(array), version=version)
    return file.getvalue()


def made(header, values=b"", version=1):
    """A file of any header, good or not."""
    header = header.encode() if isinstance(header, str) else header
    return (b"\x93NUMPY" + bytes([version, 0]) +
            struct.pack("<H" if version == 1 else "<I", len(header)) + header + values)


def like(descr="'<f4'", order="False", shape="(1,)", n=4):
    return made("{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n" % (descr, order, shape),
                bytes(n))


corpus = {name: raw(array) for name, array in read.items()}
corpus |= {
    "four": raw(cases["four_f32"]),
    "version_2": raw(cases["vector_i32"], (2, 0)),
    "version_3": raw(cases["matrix_u8"], (3, 0)),
    "one_column": like(order="True"),
    "big_endian": raw(np.arange(3, dtype=">f4")),
    "columns_first": raw(np.asfortranarray(np.zeros((2, 3), "<f4"))),
    "record": raw(np.zeros(2, [("a", "<f4"), ("b", "<i4")])),
    "object": like("'|O'"),
    "i8_too_large": raw(np.int64([0, 2**31])),
    "nan": raw(np.float32([np.nan, np.inf])),
    "cut": raw(np.arange(3, dtype="<f4"))[:-1],
    "left_over": raw(np.arange(3, dtype="<f4")) + b"x",
    "huge_header": b"\x93NUMPY\x02\x00" + b"\xff" * 4 + b"{",
    "huge_shape": like(shape="(4294967296, 4294967296)"),
    "negative": like(shape="(-1,)"),
    "nested": like(shape="((((1,),),),)"),
    "five_dims": like(shape="(1, 1, 1, 1, 1)"),
    "twice": made("{'shape': (1,), 'shape': (1,), 'descr': '<f4', 'fortran_order': False}", bytes(4)),
    "missing": made("{'descr': '<f4', 'shape': (1,)}", bytes(4)),
    "other_order": made('{"shape":(1,),"fortran_order":False,"descr":"<f4"}', bytes(4)),
}
os.makedirs("fuzz/corpus/npy", exist_ok=True)
for name, content in corpus.items():
    with open(f"fuzz/corpus/npy/{name}", "wb") as file:
        file.write(content)
