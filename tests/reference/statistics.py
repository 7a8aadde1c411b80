#!/usr/bin/env python3
"""Golden statistics of two made tracks: tests/golden/statistics_{short,long}.npy.

The rules of CBVMR's script and of the librosa it called, written down again in NumPy in double
precision (librosa itself is not in Debian 12): tests/reference/statistics.py, from the top folder.
The tracks are made again, sample for sample, by tests/describe/test_statistics.c. Half a minute."""
import numpy as np

RATE, HZ, N, HOP, SHORT, LONG = 16000, 12000, 349440, 256, 512, 2048
FRAMES = 1 + N // HOP


def track(seconds):
    """Two notes each half second, a stroke of noise each quarter."""
    n, state = int(seconds * RATE), 1
    noise = np.empty(n)
    for i in range(n):
        state = (1664525 * state + 1013904223) % 2**32
        noise[i] = (state >> 8) / 2**24 - 0.5
    i = np.arange(n)
    t = (i % 8000) / 16000
    hz = 220 * 2.0 ** ((i // 8000) * 5 % 12 / 12)
    tone = np.sin(2 * np.pi * hz * t) + 0.5 * np.sin(6 * np.pi * hz * t)
    stroke = np.exp(-60 * (i % 4000) / 16000) * noise
    return (0.3 * np.exp(-4 * t) * tone + 0.4 * stroke + 0.01 * noise).astype(np.float32)


def resample(x):
    """The middle 29.12 s at 12 kHz."""
    taps, cutoff = 96, 0.94 * HZ / RATE
    there = (len(x) * 3 + 3) // 4
    first = max(0, (there - N) // 2)
    j = np.arange(first, first + N)
    q, phase = 4 * j // 3, 4 * j % 3
    k = q[:, None] - taps // 2 + 1 + np.arange(taps)
    at = np.arange(taps) - taps // 2 + 1 - np.arange(3)[:, None] / 3
    edge = np.minimum(np.abs(2 * at / taps), 1)
    window = np.i0(9 * np.sqrt(1 - edge**2)) / np.i0(9) * (edge < 1)
    kernel = cutoff * window * np.sinc(cutoff * at)
    padded = np.concatenate([x.astype(float), [0.0]])
    inside = (k >= 0) & (k < len(x))
    y = (padded[np.where(inside, k, len(x))] * kernel[phase]).sum(1)
    return np.where(q < len(x), y, 0)


def hann(n):
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)


def stft(y, n_fft, hop):
    padded = np.pad(y, n_fft // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    return np.fft.rfft(frames * hann(n_fft), axis=1).T


def istft(S, n_fft, hop):
    frames = np.fft.irfft(S, axis=0) * hann(n_fft)[:, None]
    y, weight = np.zeros(N + 2 * n_fft), np.zeros(N + 2 * n_fft)
    for t in range(S.shape[1]):
        y[t * hop : t * hop + n_fft] += frames[:, t]
        weight[t * hop : t * hop + n_fft] += hann(n_fft) ** 2
    y, weight = y[n_fft // 2 : n_fft // 2 + N], weight[n_fft // 2 : n_fft // 2 + N]
    return y / weight


def median(S, axis):
    pad = [(0, 0), (0, 0)]
    pad[axis] = (15, 15)
    padded = np.pad(S, pad, mode="symmetric")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 31, axis=axis), axis=-1)


def hpss(y):
    S = stft(y, LONG, LONG // 4)
    lasts, strikes = median(np.abs(S), 1), median(np.abs(S), 0)
    most = np.maximum(lasts, strikes)
    tiny = np.finfo(np.float32).tiny
    a, b = (np.where(most < tiny, 1, v / np.maximum(most, tiny)) ** 2 for v in (lasts, strikes))
    return istft(S * a / (a + b), LONG, LONG // 4), istft(S * b / (a + b), LONG, LONG // 4)


def mel_bank(n_mels, n_fft, rate):
    to_mel = lambda f: f * 3 / 200 if f < 1000 else 15 + np.log(f / 1000) * 27 / np.log(6.4)
    to_hz = np.vectorize(lambda m: m * 200 / 3 if m < 15 else 1000 * 6.4 ** ((m - 15) / 27))
    edges = to_hz(np.linspace(0, to_mel(rate / 2), n_mels + 2))
    f = np.linspace(0, rate / 2, 1 + n_fft // 2)
    up = (f - edges[:-2, None]) / np.diff(edges)[:-1, None]
    down = (edges[2:, None] - f) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(up, down)) * 2 / (edges[2:] - edges[:-2])[:, None]


def chroma_bank(n_fft):
    """Not over rows of n_fft bins, but the n_fft / 2 + 1 that are kept."""
    f = np.linspace(0, HZ, n_fft, endpoint=False)[1:]
    at = 12 * np.log2(f / 27.5)
    at = np.concatenate([[at[0] - 18], at])
    width = np.concatenate([np.maximum(np.diff(at), 1), [1]])
    away = np.remainder(at - np.arange(12)[:, None] + 6 + 120, 12) - 6
    w = np.exp(-0.5 * (2 * away / width) ** 2)
    w /= np.sqrt((w**2).sum(0))
    w *= np.exp(-0.5 * ((at / 12 - 5) / 2) ** 2)
    return np.roll(w, -3, axis=0)[:, : 1 + n_fft // 2]


def cens(S):
    C = chroma_bank(LONG) @ S
    C = C / np.maximum(C.sum(0), 1e-37)
    C = sum(0.25 * (C > step) for step in (0.4, 0.2, 0.1, 0.05))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(43) / 42)
    window /= window.sum()
    C = np.array([np.convolve(row, window, mode="same") for row in C])
    length = np.sqrt((C**2).sum(0))
    return C / np.where(length > 1e-18, length, 1)


def mfcc(P):
    M = 10 * np.log10(np.maximum(mel_bank(128, LONG, HZ) @ P, 1e-10))
    M = np.maximum(M, M.max() - 80)
    i = np.arange(1, 256, 2) * np.pi / 256
    basis = np.cos(np.arange(20)[:, None] * i) * np.sqrt(2 / 128)
    basis[0] = 1 / np.sqrt(128)
    return basis @ M


def slope(X):
    padded = np.pad(X, ((0, 0), (4, 4)), mode="edge")
    return sum(k * padded[:, 4 + k : 4 + k + X.shape[1]] for k in range(-4, 5)) / 60


def shape(S):
    f = np.linspace(0, HZ / 2, 1 + SHORT // 2)[:, None]
    share = S / np.where(S.sum(0) > 0, S.sum(0), 1)
    centroid = (f * share).sum(0)
    bandwidth = np.sqrt((share * (f - centroid) ** 2).sum(0))
    below = np.cumsum(S, 0) < 0.85 * S.sum(0)
    rms = np.sqrt((S**2).mean(0))
    blocks = [rms, centroid, bandwidth, below.sum(0) * HZ / SHORT]
    return [b[None] for b in blocks] + [np.polyfit(f[:, 0], S, 1), np.polyfit(f[:, 0], S, 2)]


def crossings(y):
    y = np.pad(y, SHORT // 2, mode="edge")
    frames = np.lib.stride_tricks.sliding_window_view(y, SHORT)[::HOP] < -1e-10
    return (frames[:, 1:] != frames[:, :-1]).mean(1)[None] * (SHORT - 1) / SHORT


def log_amplitude(X):
    X = np.abs(X)
    X = 10 * np.log10(np.maximum(X, 1e-10)) - 10 * np.log10(max(X.max(), 1e-10))
    return np.maximum(X, X.max() - 80)


def rows(y):
    S, L = np.abs(stft(y, SHORT, HOP)), np.abs(stft(y, LONG, HOP))
    chroma = chroma_bank(SHORT) @ S**2
    M = mfcc(L**2)
    blocks = [chroma / np.maximum(chroma.max(0), 1e-37), cens(L), mel_bank(96, SHORT, 22050) @ S**2]
    blocks += [M, slope(M), slope(slope(M))] + shape(S) + [crossings(y)]
    return np.vstack([log_amplitude(b) for b in blocks])


for name, seconds in ("short", 3), ("long", 31):
    x = track(seconds)
    R = np.vstack([rows(y) for y in hpss(resample(x))])
    assert R.shape == (380, FRAMES)
    out = np.hstack([R.mean(1), R.var(1), R.max(1)])
    np.save(f"tests/golden/statistics_{name}.npy", out.astype(np.float32))
