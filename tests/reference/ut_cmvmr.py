#!/usr/bin/python3
"""The matching network of UT-CMVMR in PyTorch, from its description (docs/models.md): its modules have
the names of the released code, so that their state_dict is a file of published weights.

Run from the root of the tree with Debian's python3-torch:

  tests/reference/ut_cmvmr.py                  writes tests/golden/ut_published/
  tests/reference/ut_cmvmr.py check PROGRAM    full size, random weights, the two Conformers and the
                                               matching part in one file: `PROGRAM model run M ..`
                                               beside this, the largest difference of each output

The folder holds a small network (SMALL) as a model file with every name that PyTorch saves, inputs, and
outputs.safetensors: what a float64 run in evaluation mode makes of them. Values come from uniform()."""
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from conformer_torch import INPUTS, make
from golden import uniform, write_safetensors

PUBLISHED = dict(a_data_dim=512, v_data_dim=512, t_data_dim=768, dim_rho=768, dim_theta=256,
                 encoder_hidden_size=1024, decoder_hidden_size=512, depth_transformer=1, nlayers=1,
                 max_clip=7, a_enc_dmodel=512, v_enc_dmodel=512, enc_hidden_dim=1024,
                 cross_hidden_dim=1024, add_rhythm=1, cross_head_dim=100)
SMALL = dict(PUBLISHED, a_data_dim=12, v_data_dim=10, t_data_dim=24, dim_rho=24, dim_theta=8,
             encoder_hidden_size=20, decoder_hidden_size=14, nlayers=2, a_enc_dmodel=16,
             v_enc_dmodel=18, enc_hidden_dim=22, cross_hidden_dim=26, cross_head_dim=5)
CLASSES = (18, 49, 65)
ROWS = 5


class Normed(nn.Module):
    def __init__(self, width, fn):
        super().__init__()
        self.norm, self.fn = nn.LayerNorm(width), fn

    def forward(self, x):
        return x + self.fn(self.norm(x))


class Attention(nn.Module):
    def __init__(self, width, heads, head):
        super().__init__()
        self.heads, self.head = heads, head
        self.to_qkv = nn.Linear(width, 3 * heads * head, bias=False)
        self.to_out = nn.Sequential(nn.Linear(heads * head, width))

    def forward(self, x):
        rows, places, _ = x.shape
        q, k, v = self.to_qkv(x).view(rows, places, 3, self.heads, self.head).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(2, 3) / math.sqrt(self.head)).softmax(3)
        return self.to_out((weights @ v).transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Identity(),
                                 nn.Linear(hidden, width))

    def forward(self, x):
        return self.net(x)


class Transformer(nn.Module):
    def __init__(self, width, depth, heads, head, hidden, out):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList([Normed(width, Attention(width, heads, head)),
                           Normed(width, FeedForward(width, hidden))]) for _ in range(depth))
        self.final_linear = nn.Linear(width, out)

    def forward(self, x):
        for layer in self.layers:
            for part in layer:
                x = part(x)
        return self.final_linear(x)


class Mlp(nn.Module):
    def __init__(self, width, out, hidden=0):
        super().__init__()
        first = [nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.Sigmoid()] if hidden else []
        self.net = nn.Sequential(*first, nn.Linear(hidden or width, out), nn.BatchNorm1d(out),
                                 nn.ReLU(), nn.Linear(out, out))

    def forward(self, x):
        return self.net(x)


class Rhythm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.n_beat_embed = nn.Embedding(CLASSES[0], width // 2)
        self.beat_strength_embed = nn.Embedding(CLASSES[1], width // 4)
        self.beat_interval_width_embed = nn.Embedding(CLASSES[2], width // 4)

    def forward(self, ids):
        tables = self.n_beat_embed, self.beat_strength_embed, self.beat_interval_width_embed
        return torch.cat([table(ids[..., i]) for i, table in enumerate(tables)], -1)


class Flow(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.optic_displacement_embed = nn.Embedding(65, width)

    def forward(self, ids):
        return self.optic_displacement_embed(ids)


class Match(nn.Module):
    """The norms are reached by two names each, as in the released code."""

    def __init__(self, width):
        super().__init__()
        self.bn1 = nn.BatchNorm1d(width, eps=1e-3)
        self.bn2 = nn.BatchNorm1d(width // 2, eps=1e-3)
        self.linear_net = nn.Sequential(
            nn.Linear(2 * width, width), self.bn1, nn.ReLU(), nn.Identity(),
            nn.Linear(width, width // 2), self.bn2, nn.ReLU(), nn.Identity(),
            nn.Linear(width // 2, 2))

    def forward(self, music, video):
        return self.linear_net(torch.cat([music, video], 1))


class Positions(nn.Module):
    def __init__(self, width, places):
        super().__init__()
        column = torch.arange(width)
        angle = torch.arange(places)[:, None] * 10000.0 ** (-(column - column % 2) / width)
        table = torch.where(column % 2 == 0, angle.sin(), angle.cos())
        self.register_buffer("pe", table[None])


class Network(nn.Module):
    def __init__(self, c):
        super().__init__()
        rho, theta = c["dim_rho"], c["dim_theta"]
        for side, key in (("A", "a"), ("V", "v")):
            width, out = c[key + "_enc_dmodel"], c[key + "_data_dim"]
            parts = {"_p_embed": Positions(width, c["max_clip"]),
                     "_enc_former": Transformer(width, c["nlayers"], 3, 1, c["enc_hidden_dim"], out),
                     "_enc": Mlp(out, rho, c["encoder_hidden_size"]),
                     "_proj": Mlp(rho, theta, c["decoder_hidden_size"]),
                     "_rec": Mlp(theta, rho)}
            for name, part in parts.items():
                setattr(self, side + name, part)
        if c["add_rhythm"]:
            self.A_rhythm_embed = Rhythm(c["a_enc_dmodel"])
            self.V_optic_embed = Flow(c["v_enc_dmodel"])
        self.cross_attention = Transformer(rho, c["depth_transformer"], 3, c["cross_head_dim"],
                                           c["cross_hidden_dim"], rho)
        self.W_proj, self.D = Mlp(c["t_data_dim"], theta), Mlp(theta, rho)
        self.pos_emb1D = nn.Parameter(torch.randn(2, rho))
        self.ce_match_loss = Match(rho)

    def xi(self, side, clips, ids):
        x = clips + getattr(self, side + "_p_embed").pe
        if hasattr(self, "A_rhythm_embed"):
            x = x + (self.A_rhythm_embed if side == "A" else self.V_optic_embed)(ids)
        return getattr(self, side + "_enc")(getattr(self, side + "_enc_former")(x).mean(1))

    def forward(self, music, rhythm, video, flow, tags):
        xi = {"m": self.xi("A", music, rhythm), "v": self.xi("V", video, flow)}
        added = self.cross_attention(torch.stack([xi["m"], xi["v"]], 1) + self.pos_emb1D)
        theta = {"m": self.A_proj(xi["m"] + added[:, 0]), "v": self.V_proj(xi["v"] + added[:, 1]),
                 "tag": self.W_proj(tags)}
        phi = {name: F.normalize(self.D(x)) for name, x in theta.items()}
        out = {"xi_" + name: x for name, x in xi.items()}
        out.update({"theta_" + name: F.normalize(x) for name, x in theta.items()})
        out.update({"phi_" + name: x for name, x in phi.items()})
        out.update(xi_m_rec=self.A_rec(theta["m"]), xi_v_rec=self.V_rec(theta["v"]))
        out["match_prob"] = self.ce_match_loss(phi["m"], phi["v"]).softmax(1)[:, 1]
        return out


def inputs(c, rows):
    def reals(name, *shape):
        return (4 * uniform(name, math.prod(shape)) - 2).astype(np.float32).reshape(shape)

    def classes(name, sizes, *shape):
        u = uniform(name, math.prod(shape)).reshape(shape)
        return np.floor(u * np.array(sizes)).astype(np.int32)

    places = c["max_clip"]
    return {"music": reals("music", rows, places, c["a_enc_dmodel"]),
            "rhythm": classes("rhythm", CLASSES, rows, places, 3),
            "video": reals("video", rows, places, c["v_enc_dmodel"]),
            "flow": classes("flow", 65, rows, places),
            "tags": reals("tags", rows, c["t_data_dim"])}


def parameter(name, shape):
    u = uniform(name, math.prod(shape))
    if name.endswith(("bias", "running_mean")):
        value = 0.2 * (2 * u - 1)
    elif name.endswith("running_var"):
        value = 0.5 + u
    elif len(shape) == 1:
        value = 0.75 + 0.5 * u
    else:
        value = (2 * u - 1) * math.sqrt(3 / math.prod(shape[1:]))
    return torch.from_numpy(value.astype(np.float32).reshape(shape))


def fill(model):
    for name, tensor in model.state_dict().items():
        if not name.endswith(("num_batches_tracked", ".pe")) and ".bn" not in name:
            tensor.copy_(parameter(name, tensor.shape))


def run(model, values, dtype):
    given = {k: torch.from_numpy(v) for k, v in values.items()}
    given = {k: v.to(dtype) if v.is_floating_point() else v.long() for k, v in given.items()}
    with torch.no_grad():
        out = model.to(dtype).eval()(**given)
    return {k: v.numpy() for k, v in out.items()}


# ---- the full size ------------------------------------------------------------------


def write_model(path, config, parts):
    """A model file, with every name of the modules: tables, counters and second names too."""
    header = {"__metadata__": {"format": "needledrop-1", "config": json.dumps(config)}}
    data = b""
    for part, model in parts.items():
        for name, tensor in model.state_dict().items():
            value = tensor.numpy()
            raw = value.tobytes()
            header[f"{part}.{name}"] = {"dtype": "I64" if value.dtype == np.int64 else "F32",
                                        "shape": list(value.shape),
                                        "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def config_of(program, path):
    """What the program says of its preset "paper": the configurations of the Conformers."""
    subprocess.run([program, "model", "new", path, "--preset", "paper", "-q"], check=True)
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        return json.loads(json.loads(file.read(size))["__metadata__"]["config"])


def check_clips(program, folder, path, medium, network):
    clips = (2 * uniform(medium, 3 * math.prod(INPUTS[medium])) - 1).astype(np.float32)
    clips = clips.reshape(3, *INPUTS[medium])
    names = [os.path.join(folder, medium + end) for end in (".in.npy", ".out.npy")]
    np.save(names[0], clips)
    subprocess.run([program, "model", "run", path, medium, "--in", names[0], "--out", names[1], "-q"], check=True)
    with torch.no_grad():
        expected = network.double().eval()(torch.from_numpy(clips).double())[0].numpy()
    found = np.load(names[1])
    assert found.shape == expected.shape, (medium, found.shape, expected.shape)
    print(f"  {medium:10} {str(found.shape):10} deviation {expected.std(0).mean():.1e}, "
          f"off by {np.abs(found - expected).max():.1e}")


def check(program):
    model = Network(PUBLISHED)
    fill(model)
    values = inputs(PUBLISHED, 70)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.safetensors")
        config = config_of(program, path)
        config["match"] = {k: v for k, v in PUBLISHED.items() if k != "cross_head_dim"}
        conformers = {medium: make("paper", medium) for medium in ("music", "video")}
        for network in conformers.values():
            fill(network)
        write_model(path, config, {**conformers, "match": model})
        for medium, network in conformers.items():
            check_clips(program, folder, path, medium, network)
        command = [program, "model", "run", path, "match", "--out", os.path.join(folder, "out")]
        for name, value in values.items():
            np.save(os.path.join(folder, name + ".npy"), value)
            command += ["--" + name, os.path.join(folder, name + ".npy")]
        command.append("-q")
        subprocess.run(command, check=True)
        for name, expected in run(model, values, torch.float64).items():
            found = np.load(os.path.join(folder, "out", name + ".npy"))
            assert found.shape == expected.shape, (name, found.shape, expected.shape)
            print(f"  {name:10} {str(found.shape):10} deviation {expected.std(0).mean():.1e}, "
                  f"off by {np.abs(found - expected).max():.1e}")


def main():
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["check"]:
        return check(sys.argv[2])
    folder = "tests/golden/ut_published/"
    model, values = Network(SMALL), inputs(SMALL, ROWS)
    fill(model)
    os.makedirs(folder, exist_ok=True)
    write_model(folder + "model.safetensors", {"match": SMALL}, {"match": model})
    for name, value in values.items():
        np.save(folder + name + ".npy", value)
    write_safetensors(folder + "outputs.safetensors", run(model, values, torch.float64))


main()
