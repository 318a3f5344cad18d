"""Ultralytics' callback: a detector from its description, two epochs on made images."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image

# Before the library is imported, which keeps its settings there.
os.environ["YOLO_CONFIG_DIR"] = str(Path("settings").absolute())
os.environ["YOLO_OFFLINE"] = "true"

from ultralytics import YOLO, settings  # it reads the environment

torch.set_num_threads(1)
settings.update({"mlflow": True, "sync": False, "runs_dir": str(Path("runs").absolute())})
os.environ["MLFLOW_EXPERIMENT_NAME"] = "ultralytics"
os.environ["MLFLOW_RUN"] = "tiny"

dice = np.random.default_rng(0)
for part in ("train", "val"):
    for folder in ("images", "labels"):
        Path("data", folder, part).mkdir(parents=True)
    for number in range(4):
        pixels = dice.integers(0, 255, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(f"data/images/{part}/{number}.png")
        Path(f"data/labels/{part}/{number}.txt").write_text("0 0.5 0.5 0.5 0.5\n", "utf-8")
description = f"path: {Path('data').absolute()}\ntrain: images/train\nval: images/val\nnames: {{0: thing}}\n"
Path("data.yaml").write_text(description, "utf-8")

YOLO("yolov8n.yaml").train(
    data="data.yaml",
    epochs=2,
    imgsz=32,
    batch=2,
    device="cpu",
    workers=0,
    amp=False,
    plots=False,
    verbose=False,
    seed=0,
)
