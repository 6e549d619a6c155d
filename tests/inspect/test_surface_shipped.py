"""The shipped surface model on sample captures: what was made is found with its kind and size, and nothing else."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.correction import correct
from loupebox.calibration.frame import Frame
from loupebox.calibration.stripes import decode
from loupebox.inspect.shank import measure_shank
from loupebox.inspect.surface import find_defects
from loupebox.inspect.surface_maps import MAP_NAMES, surface_maps
from loupebox.models.runner import Model

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_images"


@pytest.fixture(scope="module")
def model():
    return Model.load(ROOT / "models" / "surface.onnx")


def found(model, slug):
    """Findings on a sample's shank, its frames read from disk."""
    certificate = Certificate.parse((SAMPLES / "calibration" / "shank.json").read_text(), "shank.json")
    flat = cv2.imread(str(SAMPLES / "calibration" / "shank.flat.png"), cv2.IMREAD_UNCHANGED)

    def frame(light):
        pixels = cv2.imread(str(SAMPLES / "captures" / slug / f"shank_{light}.png"), cv2.IMREAD_UNCHANGED)
        return correct(Frame(pixels, "shank", light, 1.0, 0.0, 8, "sample"), certificate.dark_level_dn, flat)

    _, metal = measure_shank(frame("backlight"), certificate)
    stripes = [decode([frame(f"stripes_{axis}_{k}").signal for k in range(4)]) for axis in "xy"]
    maps = surface_maps(frame("coaxial").signal, *stripes, metal)
    probabilities = model.segment(maps, certificate.scale_um_per_px)
    return find_defects(probabilities, metal, model.card, certificate.scale.mm_per_px.value, "A")


def truth(slug):
    return json.loads((SAMPLES / "captures" / slug / "truth.json").read_text())["defects"]


def middle(box):
    return np.array([box[0] + box[2] / 2, box[1] + box[3] / 2])


def test_the_model_looks_at_the_maps_that_are_made(model):
    assert model.card.input.channels == MAP_NAMES


def test_a_stored_input_gives_the_stored_output(model):
    """The same weights on another machine or runtime may differ by rounding, not by more."""
    with np.load(Path(__file__).parent / "surface_example.npz") as example:
        if str(example["sha256"]) != model.card.sha256:
            pytest.fail("models/surface.onnx is new: store its example again, see models/training/README.md")
        result = model.segment(example["maps"].astype(np.float32) * example["unit"], 8.0)
        np.testing.assert_allclose(result, example["probabilities"].astype(np.float32) / 255, atol=0.006)


@pytest.mark.parametrize("slug", ["band-good-platinum", "sol6-good-yellow", "sol4-good-rose"])
def test_good_pieces_have_no_findings(model, slug):
    assert found(model, slug) == ()


@pytest.mark.parametrize("slug", ["band-gas-porosity", "sol6-shrinkage-porosity"])
def test_every_pore_is_found_where_it_is_and_as_large(model, slug):
    pores = found(model, slug)
    made = truth(slug)
    assert len(pores) == len(made)
    for defect in made:
        pore = min(pores, key=lambda f: np.linalg.norm(middle(f.box_xywh_px) - middle(defect["box_xywh_px"])))
        assert np.linalg.norm(middle(pore.box_xywh_px) - middle(defect["box_xywh_px"])) < 4
        assert pore.kind == defect["kind"]
        # Twice the expanded uncertainty: the 95 % interval may miss one pore of nine.
        assert abs(pore.size_mm.value - defect["size_mm"]) < 2 * pore.size_mm.expanded_uncertainty


@pytest.mark.parametrize(
    ("slug", "kind"),
    [
        ("band-scratches", "scratch"),
        ("sol6-scratches", "scratch"),
        ("band-orange-peel", "orange_peel"),
        ("sol4-dull-patch", "dull_patch"),
    ],
)
def test_marks_of_polishing_are_found_with_their_kind(model, slug, kind):
    findings = found(model, slug)
    assert findings
    assert {f.kind for f in findings} == {kind}
    assert max(f.size_mm.value for f in findings) > 0.9 * max(d["size_mm"] for d in truth(slug))
