#!/usr/bin/env python3
"""Golden .npy files as NumPy writes them: tests/reference/npy.py (from the top folder)."""
import numpy as np

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
