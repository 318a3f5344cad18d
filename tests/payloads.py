"""Files of saved models and data that run something when they are loaded carelessly: each leaves a canary."""

from __future__ import annotations

import io
import json
import marshal
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np


class Loaded:
    """What runs when it is loaded."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.canary,)


def payloads(canary: Path) -> dict[str, bytes]:
    """Return files by name; whatever unpickles, evaluates or unpacks one of them touches the canary's path."""
    plain = pickle.dumps(Loaded(canary))
    zipped = _zip({"archive/data.pkl": plain, "archive/version": b"3\n"})
    arrays = np.empty(1, dtype=object)
    arrays[0] = Loaded(canary)
    npy, npz = io.BytesIO(), io.BytesIO()
    np.save(npy, arrays, allow_pickle=True)
    np.savez(npz, a=arrays)
    code = marshal.dumps(compile(f"open({str(canary)!r}, 'w')", "<lambda>", "eval"))
    layer = {"class_name": "Lambda", "config": {"function": [code.hex(), None, None]}}
    keras = json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}}).encode()
    tag = f"!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path [{canary}]]"
    return {
        **dict.fromkeys(
            ("model.pkl", "python_model.pkl", "model.joblib", "model.cloudpickle", "results.pickle"), plain
        ),
        **dict.fromkeys(("weights.pt", "weights.pth", "last.ckpt", "pytorch_model.bin", "exported.pt2"), zipped),
        "legacy.pt": plain,
        "data.npy": npy.getvalue(),
        "data.npz": npz.getvalue(),
        "model.keras": _zip({"config.json": keras, "metadata.json": b"{}"}),
        "config.json": keras,
        **dict.fromkeys(("MLmodel", "conda.yaml", "python_env.yaml", "hparams.yaml"), f"a: {tag}\n".encode()),
        "model.onnx": b"\x08\x08external_data location " + str(canary).encode(),
        "table.parquet": b"PAR1ARROW:extension:metadata" + plain + b"PAR1",
        "loader.py": f"open({str(canary)!r}, 'w')".encode(),
        "sitecustomize.py": f"open({str(canary)!r}, 'w')".encode(),
        "archive.zip": _zip({"../canary": b"x", str(canary): b"x", "a/../../canary": b"x"}),
        "archive.tar.gz": _tar(canary),
    }


def _zip(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def _tar(canary: Path) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, kind in (("../canary", tarfile.REGTYPE), (str(canary), tarfile.REGTYPE), ("link", tarfile.SYMTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.mode = kind, str(canary.parent), 0o4777
            archive.addfile(entry)
        through = tarfile.TarInfo("link/canary")
        archive.addfile(through)
    return made.getvalue()
