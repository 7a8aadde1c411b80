#!/usr/bin/env python3
"""Golden log-mel of two made 4-s clips: tests/golden/fbank_{notes,noise}.npy.

Run from the root of the tree with torchaudio installed. The clips are made again,
sample for sample, by tests/describe/test_fbank.c."""
import math

import numpy
import torch
import torchaudio

N = 64000


def noise():
    """A 32-bit linear congruential generator (Numerical Recipes), -0.5..0.5."""
    state, out = 1, []
    for _ in range(N):
        state = (1664525 * state + 1013904223) % 2**32
        out.append((state >> 8) / 2**24 - 0.5)
    return out


def notes():
    """A decaying note each half second, two partials, some noise, an offset."""
    grit = noise()
    out = []
    for i in range(N):
        t = (i % 8000) / 16000
        hz = 220 * 2 ** ((i // 8000) * 5 % 12 / 12)
        tone = math.sin(2 * math.pi * hz * t) + 0.5 * math.sin(6 * math.pi * hz * t)
        out.append(0.3 * math.exp(-4 * t) * tone + 0.01 * grit[i] + 0.05)
    return out


for name, clip in ("notes", notes()), ("noise", noise()):
    wave = torch.tensor([clip], dtype=torch.float32)
    mel = torchaudio.compliance.kaldi.fbank(
        wave, num_mel_bins=80, htk_compat=True, sample_frequency=16000, dither=0
    )
    numpy.save(f"tests/golden/fbank_{name}.npy", mel.numpy())
