"""The published Conformer (models.md 1.3) in PyTorch, written from its description: the
reference of tests/reference/conformer.py and of bench/conformer_torch.py; and below it ours, with
the keys of docs/models.md that the published one has not. Parameter names are
those of the published modules; the numbers in them are places in a Sequential, so a part without
parameters (an activation, a dropout, a transposition) still keeps its place.

Shapes: B clips, T frames or tokens, F input features, D width, H heads."""
import functools
import math

import torch
from torch import nn
from torch.nn import functional as F

PRESETS = {  # width, layers, heads: the same sizes as conformer_preset in C
    "paper": {"music": (512, 6, 8), "video": (256, 10, 16)},
    "small": {"music": (144, 4, 4), "video": (144, 4, 4)},
    "tiny": {"music": (64, 2, 2), "video": (64, 2, 2)},
}
# T, F of one clip: log-mel, four grey frames side by side, small colour frames in time
INPUTS = {"music": (398, 80), "video": (224, 896), "colour": (32, 768)}
# ours, preset "recommended": sizes, and what differs between the media
RECOMMENDED = {
    "music": {"d": 64, "layers": 2, "heads": 4, "channels": (16, 32), "pool": 4, "output": 128,
              "kernel": 15, "frames": False},
    "colour": {"d": 64, "layers": 2, "heads": 4, "channels": (16, 32), "pool": 4, "output": 128,
               "kernel": 7, "frames": True},
}


class Holder(nn.Module):
    """A named place in the tree of parameters."""

    def __init__(self, **children):
        super().__init__()
        for name, child in children.items():
            setattr(self, name, child)


class Chain(nn.Module):
    """Parts in a row, named sequential.0, sequential.1, ..."""

    def __init__(self, *parts):
        super().__init__()
        self.sequential = nn.Sequential(*parts)

    def forward(self, x):
        return self.sequential(x)


class Conv(nn.Module):
    """Only a name: the published convolutions stand one level deeper, as .conv."""

    def __init__(self, *sizes, **options):
        super().__init__()
        self.conv = nn.Conv1d(*sizes, **options)

    def forward(self, x):
        return self.conv(x)


class Transpose(nn.Module):
    """[B, T, D] <-> [B, D, T]."""

    def forward(self, x):
        return x.transpose(1, 2)


class Residual(nn.Module):
    """x + factor * module(x)."""

    def __init__(self, module, factor=1.0):
        super().__init__()
        self.module, self.factor = module, factor

    def forward(self, x):
        return torch.add(x, self.module(x), alpha=self.factor)


@functools.lru_cache(maxsize=8)
def sinusoids(first, end, d, dtype):
    """pe[t, 2i] = sin(t / 10000^(2i/d)), pe[t, 2i + 1] = cos(the same), t from first to before end;
    made once a size."""
    position = torch.arange(first, end, dtype=dtype)[:, None]
    rate = torch.exp(torch.arange(0, d, 2, dtype=dtype) * -(math.log(10000.0) / d))
    pe = torch.zeros(end - first, d, dtype=dtype)
    pe[:, 0::2] = torch.sin(position * rate)
    pe[:, 1::2] = torch.cos(position * rate)
    return pe


def published_shift(score):
    """[B, H, T, T] -> the same: row i is what [0, score] holds from its flat position
    (i + 1) * T on. Right of the diagonal this reaches into the next row: as published."""
    b, h, t, _ = score.shape
    return F.pad(score, (1, 0)).reshape(b, h, -1)[:, :, t:].reshape(b, h, t, t)


class RelativeAttention(nn.Module):
    """softmax(((q + u) k' + shift((q + v) r')) / sqrt(D)) v, r the projected positions.
    The scale is that of the whole width D, not of a head: as published."""

    def __init__(self, d, heads, p):
        super().__init__()
        self.heads, self.scale = heads, self.scale_of(d, heads)
        self.query_proj = nn.Linear(d, d)
        self.key_proj = nn.Linear(d, d)
        self.value_proj = nn.Linear(d, d)
        self.pos_proj = nn.Linear(d, d, bias=False)
        self.dropout = nn.Dropout(p)
        self.u_bias = nn.Parameter(nn.init.xavier_uniform_(torch.empty(heads, d // heads)))
        self.v_bias = nn.Parameter(nn.init.xavier_uniform_(torch.empty(heads, d // heads)))
        self.out_proj = nn.Linear(d, d)

    @staticmethod
    def scale_of(d, heads):
        return 1 / math.sqrt(d)

    @staticmethod
    def positions(length, d, dtype):
        return sinusoids(0, length, d, dtype)

    @staticmethod
    def shift(score):
        return published_shift(score)

    def split(self, x):
        """[..., D] -> [..., H, D / H]."""
        return x.unflatten(-1, (self.heads, -1))

    def forward(self, x):
        positions = self.positions(x.shape[1], x.shape[2], x.dtype)
        q, k, v = (self.split(f(x)) for f in (self.query_proj, self.key_proj, self.value_proj))
        r = self.split(self.pos_proj(positions))
        content = torch.matmul((q + self.u_bias).transpose(1, 2), k.permute(0, 2, 3, 1))
        position = torch.matmul((q + self.v_bias).transpose(1, 2), r.permute(1, 2, 0))
        weights = torch.softmax((content + self.shift(position)) * self.scale, -1)
        mixed = torch.matmul(self.dropout(weights), v.transpose(1, 2)).transpose(1, 2)
        return self.out_proj(mixed.flatten(2))


class DistanceAttention(RelativeAttention):
    """Ours: a row of positions for each distance i - j of a query i and a key j, length - 1 first;
    the scale is that of a head."""

    @staticmethod
    def scale_of(d, heads):
        return 1 / math.sqrt(d / heads)

    @staticmethod
    def positions(length, d, dtype):
        return sinusoids(1 - length, length, d, dtype).flip(0)

    @staticmethod
    def shift(score):
        """[B, H, T, 2 T - 1] -> [B, H, T, T]: row i from column T - 1 - i on."""
        b, h, t, _ = score.shape
        column = torch.arange(t - 1, -1, -1)[:, None] + torch.arange(t)
        return torch.gather(score, 3, column.expand(b, h, t, t))


class AttentionModule(nn.Module):
    def __init__(self, attention, d, p):
        super().__init__()
        self.layer_norm = nn.LayerNorm(d)
        self.attention = attention
        self.dropout = nn.Dropout(p)

    def forward(self, x):
        return self.dropout(self.attention(self.layer_norm(x)))


class ChannelNorm(nn.LayerNorm):
    """Of [B, D, T], over D."""

    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


def feed_forward(d, expansion, p):
    return Chain(nn.LayerNorm(d), nn.Linear(d, d * expansion), nn.SiLU(), nn.Dropout(p),
                 nn.Linear(d * expansion, d), nn.Dropout(p))


def convolution(d, kernel, p, norm):
    return Chain(nn.LayerNorm(d), Transpose(), Conv(d, 2 * d, 1), nn.GLU(1),
                 Conv(d, d, kernel, padding=kernel // 2, groups=d, bias=False),
                 norm(d), nn.SiLU(), Conv(d, d, 1), nn.Dropout(p), Transpose())


def block(d, heads, expansion, kernel, p, attention=RelativeAttention, norm=nn.BatchNorm1d):
    return Chain(Residual(feed_forward(d, expansion, p), 0.5),
                 Residual(AttentionModule(attention(d, heads, p), d, p)),
                 Residual(convolution(d, kernel, p, norm)),
                 Residual(feed_forward(d, expansion, p), 0.5),
                 nn.LayerNorm(d))


class Conformer(nn.Module):
    def __init__(self, n_in, d, layers, heads, classes, expansion=4, kernel=31, p=0.1):
        super().__init__()
        n_freq = ((n_in - 1) // 2 - 1) // 2  # what two 3 x 3 stride-2 convolutions leave
        self.encoder = Holder(
            conv_subsample=Chain(nn.Conv2d(1, d, 3, 2), nn.ReLU(inplace=True),
                                 nn.Conv2d(d, d, 3, 2), nn.ReLU(inplace=True)),
            input_projection=nn.Sequential(nn.Linear(d * n_freq, d), nn.Dropout(p)),
            layers=nn.ModuleList(block(d, heads, expansion, kernel, p) for _ in range(layers)))
        self.classification = nn.Linear(d, classes, bias=False)

    def embed(self, x):
        """[B, T, F] -> [B, D]: the mean over tokens."""
        y = self.encoder.conv_subsample(x[:, None])  # [B, D, tokens, n_freq]
        y = self.encoder.input_projection(y.permute(0, 2, 1, 3).flatten(2))
        for layer in self.encoder.layers:
            y = layer(y)
        return y.mean(1)

    def forward(self, x):
        """[B, T, F] -> embedding [B, D], logits [B, classes]."""
        embedding = self.embed(x)
        return embedding, self.classification(embedding)


class Recommended(nn.Module):
    """models.md 5.2, small: the stem over rows of a spectrogram, each clip normalized, or over each
    16 x 16 frame, 0..1 to -2..2; means of neighbouring tokens, their norm, blocks with layer norm and distances,
    an embedding, cosines to classes."""

    def __init__(self, n_in, classes, d, layers, heads, channels, pool, output, kernel, frames, p=0.1,
                 scale=16):
        super().__init__()
        self.pool, self.frames, self.scale = pool, frames, scale
        first, second = channels
        width = 9 if frames else ((n_in - 1) // 2 - 1) // 2
        self.encoder = Holder(
            conv_subsample=Chain(nn.Conv2d(3 if frames else 1, first, 3, 2), nn.ReLU(),
                                 nn.Conv2d(first, second, 3, 2), nn.ReLU()),
            input_projection=nn.Sequential(nn.Linear(second * width, d), nn.Dropout(p)),
            layers=nn.ModuleList(block(d, heads, 4, kernel, p, DistanceAttention, ChannelNorm)
                                 for _ in range(layers)))
        self.encoder.input_norm = nn.LayerNorm(d)
        self.output_projection = nn.Linear(d, output)
        self.classification = nn.Linear(output, classes, bias=False)

    def stem(self, x):
        """[B, T, F] -> [B, T', width * channels]: of a frame rows, columns, channels; of a
        spectrogram channels, frequencies."""
        if not self.frames:
            variance, mean = torch.var_mean(x, (1, 2), unbiased=False, keepdim=True)
            x = (x - mean) / torch.sqrt(variance + 1e-5)
            return self.encoder.conv_subsample(x[:, None]).permute(0, 2, 1, 3).flatten(2)
        pictures = (4 * x - 2).reshape(-1, 16, 16, 3).permute(0, 3, 1, 2)
        y = self.encoder.conv_subsample(pictures).permute(0, 2, 3, 1).flatten(1)
        return y.reshape(x.shape[0], x.shape[1], -1)

    def forward(self, x):
        """[B, T, F] -> embedding [B, output], logits [B, classes]."""
        y = self.encoder.input_projection(self.stem(x))
        y = y[:, :y.shape[1] // self.pool * self.pool].unflatten(1, (-1, self.pool)).mean(2)
        y = self.encoder.input_norm(y)
        for layer in self.encoder.layers:
            y = layer(y)
        embedding = self.output_projection(y.mean(1))
        rows = self.classification.weight
        cosines = F.normalize(embedding, dim=1) @ F.normalize(rows, dim=1).t()
        return embedding, self.scale * cosines


def make(preset, medium, classes=663, p=0.1):
    n_in = INPUTS[medium][1]
    if preset == "recommended":
        return Recommended(n_in, classes, p=p, **RECOMMENDED[medium])
    d, layers, heads = PRESETS[preset]["music" if medium == "music" else "video"]
    return Conformer(n_in, d, layers, heads, classes, p=p)
