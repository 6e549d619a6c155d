"""Learning the surface: mirrored crops, losses, matching, export."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the training extra")
onnxruntime = pytest.importorskip("onnxruntime")

from loupebox.calibration.estimate import Estimate  # noqa: E402
from loupebox.calibration.stripes import decode  # noqa: E402
from loupebox.inspect.finding import Finding  # noqa: E402
from loupebox.inspect.surface_maps import surface_maps  # noqa: E402
from loupebox.models.training.network import UNet, parameter_count  # noqa: E402
from loupebox.models.training.surface_data import StoredView  # noqa: E402
from loupebox.models.training.surface_defect import IGNORE, POROSITY, SCRATCH, SURFACE_CLASSES  # noqa: E402
from loupebox.models.training.surface_matching import match  # noqa: E402
from loupebox.models.training.surface_train import MIRRORED, loss_of, network  # noqa: E402

pytestmark = pytest.mark.training
SHAPE = (96, 128)


def frames_of(seed=1):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    bumps = 2 * np.cos(0.11 * x + 0.3) * np.cos(0.07 * y) + 0.02 * x
    phase = {"x": 0.05 * x + bumps, "y": 0.12 * y - bumps}
    stripes = {
        a: [np.asarray(0.4 + 0.3 * np.cos(p + k * np.pi / 2), np.float32) for k in range(4)] for a, p in phase.items()
    }
    return np.asarray(0.7 + 0.05 * rng.random(SHAPE), np.float32), stripes


@pytest.mark.parametrize(("axis", "name"), [(1, "x"), (0, "y")])
def test_a_mirrored_crop_is_what_a_mirrored_piece_would_give(axis, name):
    coaxial, stripes = frames_of()
    metal = np.ones(SHAPE, bool)
    maps = surface_maps(coaxial, decode(stripes["x"]), decode(stripes["y"]), metal)
    mirrored = {a: [np.flip(f, axis) for f in frames] for a, frames in stripes.items()}
    # In the mirror the reflected direction changes its sign along that axis: the quarter shifts swap.
    mirrored[name] = [mirrored[name][k] for k in (0, 3, 2, 1)]
    again = surface_maps(np.flip(coaxial, axis).copy(), decode(mirrored["x"]), decode(mirrored["y"]), metal)
    expected = np.flip(maps, axis).copy()
    expected[..., MIRRORED] *= -1
    assert again == pytest.approx(expected, abs=2e-3)


def test_ignored_pixels_do_not_count():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, len(SURFACE_CLASSES), 8, 8, generator=generator)
    labels = torch.zeros(1, 8, 8, dtype=torch.int64)
    labels[0, :4] = IGNORE
    other = logits.clone()
    other[0, :, :4] += torch.randn(len(SURFACE_CLASSES), 4, 8, generator=generator)
    assert loss_of(other, labels).item() == pytest.approx(loss_of(logits, labels).item(), rel=1e-6)
    labels[0, 0, 0] = POROSITY
    assert loss_of(other, labels).item() != pytest.approx(loss_of(logits, labels).item(), rel=1e-6)


def test_the_network_keeps_resolution_and_stays_small():
    model = network().eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 9, 48, 80)).shape == (1, len(SURFACE_CLASSES), 48, 80)
    assert 1e5 < parameter_count(model) < 4e5


def test_going_on_from_the_shipped_model_begins_where_that_stands():
    pytest.importorskip("onnx", reason="reading weights needs the training extra")
    from loupebox.models.runner import Model
    from loupebox.models.training.warm_start import begin_from

    path = Path(__file__).parents[2] / "models" / "surface.onnx"
    shipped, model = Model.load(path), network()
    generator = torch.Generator().manual_seed(3)
    typical, other = (torch.randn(2, 9, 64, 64, generator=generator) for _ in range(2))
    begin_from(model, path, SURFACE_CLASSES, typical)
    with torch.no_grad():
        logits = model.eval()(other[:1])[0, [SURFACE_CLASSES.index(name) for name in shipped.card.classes]]
        # In training the normalisations use the batch's own mean and spread, and still say the same of what is typical.
        drift = (model.train()(typical) - model.eval()(typical)).abs().max()
    expected = shipped.segment(other[0].permute(1, 2, 0).numpy(), 8.0)
    assert torch.softmax(logits, 0).permute(1, 2, 0).numpy() == pytest.approx(expected, abs=1e-3)
    assert drift < 0.05


def test_export_gives_the_same_probabilities_and_forgets_where_it_was_made(tmp_path):
    pytest.importorskip("onnx", reason="export needs the training extra")
    pytest.importorskip("onnxscript", reason="export needs the training extra")
    from loupebox.models.training.export import LARGEST_DISAGREEMENT, disagreement, export

    torch.manual_seed(0)
    path = tmp_path / "small.onnx"
    model = UNet(2, 3, (4, 6), stem=2)
    model.train()(torch.randn(4, 2, 16, 16))
    digest = export(model, 2, path, model.multiple)
    assert len(digest) == 64
    assert [p.name for p in tmp_path.iterdir()] == ["small.onnx"]
    assert str(Path(__file__).parents[2]).encode() not in path.read_bytes()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (given,) = session.run(None, {"image": np.zeros((1, 2, 20, 36), np.float32)})
    assert given.sum(1) == pytest.approx(1, abs=1e-5)
    # Other weights than those exported would not agree.
    shipped = torch.nn.Sequential(UNet(2, 3, (4, 6), stem=2), torch.nn.Softmax(1)).eval()
    assert disagreement(shipped, path, 2, model.multiple) > LARGEST_DISAGREEMENT


def drawn_view():
    """A pore of 10 x 10 pixels at (20, 30) and a scratch along row 60."""
    label = np.zeros(SHAPE, np.uint8)
    instance = np.zeros(SHAPE, np.int16)
    label[30:40, 20:30], instance[30:40, 20:30] = POROSITY, 1
    label[60:62, 20:110], instance[60:62, 20:110] = SCRATCH, 2
    return StoredView(
        "drawn", {}, label, instance, np.ones(SHAPE, bool), ("gas_porosity", "scratch"), (0.09, 0.72), (np.nan, 0.02)
    )


def finding(kind, x0, y0, x1, y1, size_mm=0.1):
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return Finding(kind, "shank", "coaxial", corners, 0.008, Estimate(size_mm, "mm"), 0.1, 0.01, "A", 0.9)


def outcomes(*findings):
    view = drawn_view()
    asked, answered = match(findings, view, view.label, np.ones(SHAPE, bool))
    return [(a.detected, a.found_size_mm) for a in asked], [a.outcome for a in answered]


def test_matching_tells_found_missed_confused_and_false():
    assert outcomes() == ([(False, None), (False, None)], [])
    pore, scratch = finding("shrinkage_porosity", 20, 30, 29, 39), finding("scratch", 20, 60, 109, 61, 0.7)
    assert outcomes(pore, scratch) == ([(True, 0.1), (True, 0.7)], ["true", "true"])
    assert outcomes(finding("scratch", 20, 30, 29, 39))[1] == ["confused"]
    assert outcomes(finding("gas_porosity", 90, 10, 99, 19))[1] == ["false"]
    half = finding("scratch", 20, 60, 60, 61)
    assert outcomes(half) == ([(False, None), (True, None)], ["true"])
