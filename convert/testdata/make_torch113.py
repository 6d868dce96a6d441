"""Makes the checkpoints torch113_* and their entries of expected.json, with torch 1.13: python3 make_torch113.py torch/

The expected bytes are those of what torch.load returns. Nothing runs this but people; the tests need no torch.
"""
import argparse
import collections
import datetime
import decimal
import fractions
import hashlib
import json
import pathlib
import sys

import torch

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(0)
names = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
    torch.complex64: "C64",
}
w = torch.randn(4, 6)


def views():
    """Many views of few storages, of each type."""
    out = collections.OrderedDict()
    for dtype in names:
        t = (torch.randn(3, 5, 4) * 50).to(dtype)
        n = names[dtype].lower()
        out.update({
            n: t, n + ".t": t.transpose(0, 2), n + ".part": t[1:], n + ".steps": t[::2, 1::2], n + ".diagonal": t[0].diagonal(),
            n + ".windows": t.flatten().unfold(0, 3, 2), n + ".strided": t.as_strided((2, 2), (3, 1), 1),
            n + ".expanded": t[:1, :1, :1].expand(2, 3, 4), n + ".empty": t[:0], n + ".scalar": t[2, 3, 1],
        })
    return out


def objects():
    """Weights beside objects whose names protocol 2 writes as Python 2 had them, and some without weight."""
    return {
        "w": w, "int": int, "str": str, "range": range(3), "long": 2**100, "complex": 1 + 2j, "set": {1}, "frozen": frozenset([1]),
        "slice": slice(1, 2), "bytes": b"x", "bytearray": bytearray(b"x"), "device": torch.device("cpu"), "size": torch.Size([1]),
        "dtype": torch.float32, "decimal": decimal.Decimal(1), "fraction": fractions.Fraction(1, 2),
        "default": collections.defaultdict(list), "counter": collections.Counter("ab"), "deque": collections.deque([1]),
        "time": datetime.datetime(2026, 1, 1), "path": pathlib.PurePosixPath("x"), "none": None, "nan": float("nan"),
        "half": "\ud800",
    }


def payload():
    """Numbers that a copy through floats would change."""
    t = torch.tensor([float("nan"), float("inf"), -0.0, 1e-45])
    t.view(torch.int32)[0] = 0x7FA00001
    return {"w": t}


def tied():
    parameter = torch.nn.Parameter(w.clone())
    parameter.note = "an attribute of its own"
    return {"lm_head.weight": parameter, "model.embed_tokens.weight": parameter, "model.norm.weight": torch.nn.Parameter(w[0].clone(), False)}


cases = {
    "views.pt": (views(), {}), "views_legacy.pt": (views(), {"_use_new_zipfile_serialization": False}),
    "objects.pt": (objects(), {}), "objects_legacy.pt": (objects(), {"_use_new_zipfile_serialization": False}),
    "objects_protocol5.pt": (objects(), {"pickle_protocol": 5}), "payload.pt": (payload(), {}), "tied.pt": (tied(), {}),
    "names.pt": ({"": w, "a\n\t\0": w + 1, "x" * 300: w + 2, '"\\/': w + 3, "\ud7ff\U0001f600": w + 4}, {}),
    "dims.pt": ({"w": w.reshape([1] * 20 + [4, 6])}, {}),
    "conjugated.pt": ({"w": torch.randn(3, dtype=torch.complex64).conj(), "i": torch.randn(3, dtype=torch.complex64).imag}, {}),
    "channels_last.pt": ({"w": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)}, {}),
}
refused = {
    "quantized.pt": {"w": torch.quantize_per_tensor(w, 0.1, 2, torch.qint8)}, "half_name.pt": {"\ud800": w},
    "number_name.pt": {0: w}, "namespace.pt": {"w": w, "args": argparse.Namespace(x=1)}, "storage.pt": {"w": w.storage()},
    "meta.pt": {"w": torch.empty(3, device="meta")},
}
expected = json.loads((folder / "expected.json").read_text())
for name, (state, options) in cases.items():
    path = folder / ("torch113_" + name)
    torch.save(state, path, **options)
    entry = expected[path.name] = {"ok": True, "tensors": {}, "note": "torch 1.13"}
    for key, t in torch.load(path).items():
        if isinstance(t, torch.Tensor):
            t = t.detach().contiguous()
            raw = (t.view(torch.int16) if t.dtype == torch.bfloat16 else t).numpy().tobytes()
            entry["tensors"][key] = {"dtype": names[t.dtype], "shape": list(t.shape), "sha256": hashlib.sha256(raw).hexdigest()}
    if name == "tied.pt":
        del entry["tensors"]["lm_head.weight"]
        entry["aliases"] = {"lm_head.weight": "model.embed_tokens.weight"}
for name, state in refused.items():
    torch.save(state, folder / ("torch113_" + name))
    expected["torch113_" + name] = {"ok": False, "kind": "unsupported", "note": "torch 1.13"}
(folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True, ensure_ascii=True) + "\n")
