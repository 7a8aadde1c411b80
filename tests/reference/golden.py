"""What the scripts that write golden files share: numbers from a formula that tests/uniform.h
repeats, and a writer of safetensors."""
import json
import struct

import numpy as np

MASK = 2**64 - 1


def uniform(name, n):
    """[n] in [0, 1): 24 bits each of splitmix64, started at the FNV-1a hash of the name."""
    start = 0xCBF29CE484222325
    for byte in name.encode():
        start = (start ^ byte) * 0x100000001B3 & MASK
    z = np.uint64(start) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return ((z ^ z >> np.uint64(31)) >> np.uint64(40)) / 2.0**24


def write_safetensors(path, tensors):
    """Length of the header, the header in JSON padded to 8 bytes, the values in its order."""
    header, data = {}, b""
    for name, value in tensors.items():
        raw = value.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    print(f"  {path}: {len(tensors)} tensors, {8 + len(text) + len(data)} bytes")
