"""Makes the checkpoints of torch 2 and what the reference library writes for all fixtures, in expected.json.

With a torch 2 and safetensors 0.8 or later: python3 make_torch2.py torch/ torch214 makes torch214_*.pt, and without a second
argument the sums. The expected bytes are those of safetensors.torch.save_file for what torch.load returns. Nothing runs this
but people; the tests need no torch.
"""
import collections
import hashlib
import json
import os
import pathlib
import sys

import torch

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(0)
w = torch.randn(4, 6)


def raw(name, *shape):
    dtype = getattr(torch, name)
    count = torch.Size(shape).numel() * torch.empty(0, dtype=dtype).element_size()
    return torch.randint(0, 256, (count,), dtype=torch.uint8).view(dtype).reshape(shape)


def types():
    """The types that torch 1 did not have, each whole, transposed, sliced and empty."""
    out = collections.OrderedDict()
    for name in (
        "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu",
        "float4_e2m1fn_x2",
    ):
        if hasattr(torch, name):
            t = raw(name, 3, 4)
            out.update({name: t, name + ".part": t[1:], name + ".empty": t[:0]})
            if name != "float4_e2m1fn_x2":
                out.update({name + ".t": t.t(), name + ".scalar": t[1, 2]})
    return out


def beside():
    """What torch loads with weights_only, in a checkpoint whose weights are elsewhere."""
    values = {
        "size": torch.Size([1]), "dtype": torch.bits8, "device": torch.device("cpu"), "layout": torch.sparse_csr,
        "scheme": torch.per_channel_affine, "class": torch.FloatTensor, "counter": collections.Counter("ab"), "complex": 1j,
        "set": {1}, "bytes": b"\xff", "bytearray": bytearray(b"x"), "sparse": torch.eye(2).to_sparse(), "csr": torch.eye(2).to_sparse_csr(),
        "meta": torch.empty(2, device="meta"), "quantized": torch.quantize_per_tensor(w, 0.1, 2, torch.qint8),
        "nested": torch.nested.nested_tensor([w[0], w[1, :2]]),
    }
    if hasattr(torch, "uint4"):
        values["small type"] = torch.uint4
    return {"state_dict": {"w": w}, "others": values}


def attributes():
    parameter, tensor = torch.nn.Parameter(w.clone()), w + 1
    parameter.note, tensor.note = "a", {"b": 1}
    return {"parameter": parameter, "tensor": tensor, "buffer": torch.nn.Buffer(w + 2), "module": torch.nn.Linear(2, 1).weight}


def flipped():
    def c():
        return torch.randn(3, 2, dtype=torch.complex64).conj()

    return {"conj": c(), "neg": c().imag, "both": torch._neg_view(c()), "t": c().t(), "part": c()[1:].imag.t()}


def tied():
    return {"lm_head.weight": w, "model.embed_tokens.weight": w, "half": w[:2], "x.weight": w[3:], "y.weight": w[3:]}


cases = {
    "types.pt": (types(), {}), "beside.pt": (beside(), {}), "beside_protocol5.pt": (beside(), {"pickle_protocol": 5}),
    "attributes.pt": (attributes(), {}), "flipped.pt": (flipped(), {}), "tied.pt": (tied(), {}),
    "module.pt": (torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(2, 3, 3)).state_dict(), {}),
    "legacy.pt": ({"w": w, "b": raw("bfloat16", 3)[1:]}, {"_use_new_zipfile_serialization": False, "pickle_protocol": 4}),
}
aliases = {"tied.pt": {"lm_head.weight": "model.embed_tokens.weight", "y.weight": "x.weight"}}
refused = {
    "whole_module.pt": torch.nn.Linear(2, 1), "sparse.pt": {"w": w, "s": torch.eye(2).to_sparse()}, "bits.pt": {"w": raw("bits8", 3)},
    "jagged.pt": {"w": torch.nested.nested_tensor([w[0], w[1, :2]], layout=torch.jagged)},
}


def make(prefix, expected):
    for name, (state, options) in cases.items():
        torch.save(state, folder / (prefix + name), **options)
        entry = expected[prefix + name] = {"ok": True, "note": "torch " + torch.__version__}
        if name in aliases:
            entry["aliases"] = aliases[name]
    for name, state in refused.items():
        torch.save(state, folder / (prefix + name))
        expected[prefix + name] = {"ok": False, "kind": "unsupported", "note": "torch " + torch.__version__}


def sums(expected):
    """Fills in the sums. Whether the library writes "format" or an alias first is chance, so that it is asked again."""
    import safetensors

    for name, entry in expected.items():
        if not entry["ok"]:
            continue
        state = torch.load(folder / name, map_location="cpu", weights_only=False)
        keys = ["state_dict", "model_state_dict", "model", "module", "params_ema", "params", "net", "weights"]
        nested = [state[k] for k in keys if isinstance(state.get(k), dict)]
        if nested and not any(isinstance(v, torch.Tensor) for v in state.values()):
            state = nested[0]
        dropped = entry.get("aliases", {})
        tensors = {
            k: v.detach().resolve_conj().resolve_neg().contiguous().clone()
            for k, v in state.items() if isinstance(v, torch.Tensor) and k not in dropped
        }
        want = ["format", *sorted(dropped)]
        while True:
            file = save(tensors, {"format": "pt", **dropped})
            length = int.from_bytes(file[:8], "little")
            header = json.loads(file[8:8 + length])
            if list(header["__metadata__"]) == want:
                break
        entry["file"] = hashlib.sha256(file).hexdigest()
        read = {}
        for key, t in header.items():
            if key != "__metadata__":
                start, end = (8 + length + n for n in t["data_offsets"])
                read[key] = {"dtype": t["dtype"], "shape": t["shape"], "sha256": hashlib.sha256(file[start:end]).hexdigest()}
        if entry.setdefault("tensors", read) != read:
            raise SystemExit(f"{name}: {read} differs from {entry['tensors']}")
    print("safetensors", safetensors.__version__)


def save(tensors, metadata):
    from safetensors.torch import save_file

    path = folder / "reference.tmp"
    save_file(tensors, path, metadata=metadata)
    file = path.read_bytes()
    os.remove(path)
    return file


expected = json.loads((folder / "expected.json").read_text())
if len(sys.argv) > 2:
    make(sys.argv[2] + "_", expected)
else:
    sums(expected)
(folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True, ensure_ascii=True) + "\n")
