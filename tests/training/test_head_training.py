import json

import numpy as np
import pytest
from scipy.stats import binom

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("onnx", reason="exporting needs onnx")

from loupebox.models.runner import Model  # noqa: E402
from loupebox.models.training import head_data, head_evaluate, head_train, head_truth  # noqa: E402

pytestmark = pytest.mark.training


def drawing(seed: int, size: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """A bright disc with three red dots on grey: the classes tell themselves by colour."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] - size / 2
    labels = np.zeros((size, size), np.uint8)
    labels[np.abs(y) < 8] = 1
    labels[np.hypot(x, y) < 25] = 2
    for k in range(3):
        a = rng.uniform(0, 0.5) + 2.1 * k
        labels[np.hypot(x - 24 * np.cos(a), y - 24 * np.sin(a)) < 6] = 3
    colours = np.array([[0.2, 0.2, 0.2], [0.5, 0.45, 0.3], [0.8, 0.85, 0.9], [0.7, 0.3, 0.1]])
    return colours[labels].astype(np.float16), labels


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    for split in ("train", "validation"):
        (folder / split).mkdir(parents=True)
        for index in range(3):
            for view in head_data.VIEWS:
                rgb, labels = drawing(10 * index + len(view))
                np.savez_compressed(folder / split / f"{index:05d}.{view}.npz", rgb=rgb, labels=labels)
            (folder / split / f"{index:05d}.json").write_text(json.dumps({"stone": None, "prongs": []}))
    np.savez_compressed(folder / "train" / "00003.top.npz", rgb=rgb, labels=labels)  # not finished: no truth yet
    return folder


@pytest.mark.parametrize("view", head_data.VIEWS)
def test_labels_move_with_their_picture(view):
    """A picture that is its own labels still is, after being turned, flipped, scaled and shifted."""
    labels = drawing(3)[1]
    own = np.repeat((labels == 2).astype(np.float16)[..., None], 3, axis=2)
    for seed in range(12):
        rgb, moved = head_data.augmented(head_data.HeadPicture(own, labels, view), np.random.default_rng(seed))
        assert rgb.dtype == np.float32
        assert 0 <= rgb.min() <= rgb.max() <= 1
        inside, outside = rgb[moved == 2].mean(axis=1), rgb[moved == 0].mean(axis=1)
        assert np.percentile(inside, 5) > np.percentile(outside, 95) + 0.2


def test_every_picture_comes_before_any_again(data):
    pictures = head_train.read_split(data / "train", {})
    assert len(pictures) == 6
    order = []
    stream = head_data.batches(pictures, 3, 64, np.random.default_rng(0))
    for _ in range(2):
        rgb, labels = next(stream)
        assert rgb.shape == (3, 3, 64, 64)
        assert labels.shape == (3, 64, 64)
        order.append(rgb)
    again = head_data.batches(pictures, 3, 64, np.random.default_rng(0))
    np.testing.assert_array_equal(order[0], next(again)[0])


def test_training_learns_resumes_and_exports(data, tmp_path, capsys):
    work = tmp_path / "work"
    head_train.train(data, work, 20, 2, 64, 3e-3, 1)
    first = torch.load(work / "checkpoint.pt", weights_only=True)
    assert first["step"] == 20
    head_train.train(data, work, 36, 2, 64, 3e-3, 1)
    said = capsys.readouterr().out
    assert "from step 20 of 36" in said
    state = torch.load(work / "checkpoint.pt", weights_only=True)
    assert state["step"] == 36
    model = head_train.network()
    untrained = head_train.intersections(model, head_train.read_split(data / "validation", {}))
    model.load_state_dict(state["model"])
    trained = head_train.intersections(model, head_train.read_split(data / "validation", {}))
    assert sum(trained.values()) > sum(untrained.values()) + 0.3
    head_evaluate.write_draft(work / "checkpoint.pt", work / "head_parts.onnx", 3, 36)
    shipped = Model.load(work / "head_parts.onnx")
    assert shipped.card.classes == head_data.CLASSES
    rgb = drawing(1)[0].astype(np.float32)
    probabilities = shipped.segment(np.ascontiguousarray(np.repeat(np.repeat(rgb, 2, 0), 2, 1)), 16.0)
    assert probabilities.shape == (192, 192, 4)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, atol=1e-4)


def test_the_loss_prefers_the_truth():
    labels = torch.from_numpy(drawing(2)[1].astype(np.int64))[None]
    truth = torch.nn.functional.one_hot(labels, 4).permute(0, 3, 1, 2).float()
    losses = [head_train.loss_of(sharp * truth, labels).item() for sharp in (0.0, 2.0, 10.0)]
    assert losses[0] > losses[1] > losses[2] >= 0
    assert head_train.loss_of(-10 * truth, labels).item() > losses[0]


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (10, 10), (5, 10), (37, 40), (20, 200)])
def test_clopper_pearson_leaves_a_fortieth_at_each_end(hits, of):
    low, high = head_evaluate.clopper_pearson(hits, of)
    assert low <= hits / of <= high
    if hits > 0:
        assert binom.sf(hits - 1, of, low) == pytest.approx(0.025, abs=1e-3)
    if hits < of:
        assert binom.cdf(hits, of, high) == pytest.approx(0.025, abs=1e-3)


def test_clopper_pearson_as_printed():
    """No hit in 10: the upper end is 1 - 0.025 ** (1 / 10)."""
    assert head_evaluate.clopper_pearson(0, 10) == [0.0, round(1 - 0.025**0.1, 4)]


def test_half_of_95_covers_95_percent():
    errors = np.random.default_rng(1).normal(0, 0.03, 20_000)
    assert head_evaluate.half_of_95(errors) == pytest.approx(0.03 * 1.96 / 2, rel=0.02)


def test_the_style_of_a_random_head_is_its_pattern():
    prongs = [
        {"angle_deg": (12 + 90 * k) % 360, "state": "good", "length_mm": 0.7, "lift_mm": 0.01, "tip_height_mm": 1.11}
        for k in range(4)
    ]
    prongs[1] |= {"state": "missing", "length_mm": None, "lift_mm": None, "tip_height_mm": None}
    truth = {"prongs": prongs, "length_nominal_mm": 0.7, "stone": {"diameter_mm": 5.0}}
    head = head_truth.style_of(truth, np.random.default_rng(0))
    assert head.prong_count == 4
    assert head.tip_height_mm == pytest.approx(1.10)
    away = (head.first_prong_deg - 12 + 180) % 90
    assert min(away, 90 - away) <= 10
    assert (head.prong_length_mm.lower, head.prong_length_mm.upper) == pytest.approx((0.5, 0.9))
