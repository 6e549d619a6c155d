"""The two models of a station, loaded once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loupebox.models.runner import Model

HEAD_FILE = "head_parts.onnx"
SURFACE_FILE = "surface.onnx"


@dataclass(frozen=True, slots=True, eq=False)
class ModelSet:
    """`head` finds metal, stone and prongs; `surface` finds porosity, scratches, orange peel and dull patches."""

    head: Model
    surface: Model


def load_model_set(folder: Path, threads: int = 2) -> ModelSet:
    """Load both from a folder; `ModelError` names the one that cannot be used."""
    return ModelSet(Model.load(folder / HEAD_FILE, threads), Model.load(folder / SURFACE_FILE, threads))
