import json

import numpy as np
import pytest
from scipy.stats import binom

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("onnx", reason="exporting needs onnx")

from loupebox.inspect.head_thresholds import CLASSES  # noqa: E402
from loupebox.models.runner import Model  # noqa: E402
from loupebox.models.training import head_data, head_evaluate, head_report, head_train, head_truth, head_uncertainty  # noqa: E402

pytestmark = pytest.mark.training


def drawing(seed: int, size: int = 96) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A disc with three red dots on grey: colours tell the classes; tip, inmost point and foot of each dot."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] - size / 2
    labels = np.zeros((size, size), np.uint8)
    labels[np.abs(y) < 8] = 1
    labels[np.hypot(x, y) < 25] = 2
    points = []
    for k in range(3):
        a = rng.uniform(0, 0.5) + 2.1 * k
        points.append([[size / 2 + r * np.cos(a), size / 2 + r * np.sin(a)] for r in (24, 18, 27)])
        labels[np.hypot(x - 24 * np.cos(a), y - 24 * np.sin(a)) < 6] = 3
    colours = np.array([[0.2, 0.2, 0.2], [0.5, 0.45, 0.3], [0.8, 0.85, 0.9], [0.7, 0.3, 0.1]])
    return colours[labels].astype(np.float16), labels, np.array(points)


def truth_of(points: np.ndarray) -> dict:
    keyed = [dict(zip(("tip_px", "inmost_px", "foot_px"), p.tolist(), strict=True)) for p in points]
    prongs = [{"length_mm": 1.0, **{k: dict.fromkeys(head_data.VIEWS, xy) for k, xy in p.items()}} for p in keyed]
    return {"stone": {"present": True}, "prongs": prongs, "table_px": dict.fromkeys(head_data.VIEWS, TABLE.tolist())}


TABLE = np.array([[40.0, 40], [56, 40], [56, 56], [40, 56]])


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    for split in ("train", "validation"):
        (folder / split).mkdir(parents=True)
        for index in range(3):
            for view in head_data.VIEWS:
                rgb, labels, points = drawing(10 * index + len(view))
                np.savez_compressed(folder / split / f"{index:05d}.{view}.npz", rgb=rgb, labels=labels)
            (folder / split / f"{index:05d}.json").write_text(json.dumps(truth_of(points)))
    np.savez_compressed(folder / "train" / "00003.top.npz", rgb=rgb, labels=labels)  # not finished: no truth yet
    return folder


@pytest.mark.parametrize("view", head_data.VIEWS)
def test_labels_move_with_their_picture(view):
    """A picture that is its own labels still is, after being turned, flipped, scaled and shifted."""
    _, labels, points = drawing(3)
    own = np.repeat((labels == 2).astype(np.float16)[..., None], 3, axis=2)
    for seed in range(12):
        picture = head_data.HeadPicture(own, labels, view, points, TABLE)
        rgb, targets = head_data.augmented(picture, np.random.default_rng(seed), 96)
        assert rgb.dtype == np.float32
        assert 0 <= rgb.min() <= rgb.max() <= 1
        inside, outside = rgb[targets.labels == 2].mean(axis=1), rgb[targets.labels == 0].mean(axis=1)
        assert np.percentile(inside, 5) > np.percentile(outside, 95) + 0.15


@pytest.mark.parametrize("view", head_data.VIEWS)
def test_pixels_near_a_tip_point_at_it_however_the_picture_is_placed(view):
    """Each dot of class prong is centred where its pixels point; so is the table in the stone."""
    rgb, labels, points = drawing(3)
    for seed in range(12):
        _, targets = head_data.augmented(
            head_data.HeadPicture(rgb, labels, view, points, TABLE), np.random.default_rng(seed), 96
        )
        y, x = np.nonzero((targets.labels == 3) & (targets.marks[0] > 0))
        at = np.stack([x, y], 1) + targets.offsets[0][:, y, x].T
        for tip in np.unique(np.round(at, 2), axis=0):
            mine = np.hypot(*(at - tip).T) < 0.1
            if np.all((tip > 8) & (tip < 87)):
                assert np.stack([x, y], 1)[mine].mean(0) == pytest.approx(tip, abs=0.8)
        assert not (targets.marks[1] > 0)[targets.labels != 2].any()


def test_every_picture_comes_before_any_again(data):
    pictures = head_train.read_split(data / "train", {})
    assert len(pictures) == 6
    order = []
    stream = head_data.batches(pictures, 3, 64, np.random.default_rng(0))
    for _ in range(2):
        rgb, labels, marks, offsets = next(stream)
        assert rgb.shape == (3, 3, 64, 64)
        assert labels.shape == (3, 64, 64)
        assert marks.shape == (3, 2, 64, 64)
        assert offsets.shape == (3, 3, 2, 64, 64)
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
    model = head_train.HeadNetwork()
    untrained = head_train.agreement(model, head_train.read_split(data / "validation", {}))
    model.load_state_dict(state["model"])
    trained = head_train.agreement(model, head_train.read_split(data / "validation", {}))
    assert sum(trained[c] - untrained[c] for c in CLASSES) > 0.3
    assert trained["tip_px"] < untrained["tip_px"]
    head_evaluate.write_draft(work / "checkpoint.pt", work / "head_parts.onnx", 3, 36)
    shipped = Model.load(work / "head_parts.onnx")
    assert shipped.card.classes == CLASSES
    rgb = drawing(1)[0].astype(np.float32)
    probabilities = shipped.segment(np.ascontiguousarray(np.repeat(np.repeat(rgb, 2, 0), 2, 1)), 16.0)
    assert probabilities.shape == (192, 192, 4)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, atol=1e-4)


def test_the_loss_prefers_the_truth():
    _, drawn, points = drawing(2)
    said = head_data.targets_of(drawn, points, TABLE)
    labels = torch.from_numpy(drawn.astype(np.int64))[None]
    marks, offsets = torch.from_numpy(said.marks)[None], torch.from_numpy(said.offsets)[None]
    truth = torch.nn.functional.one_hot(labels, 4).permute(0, 3, 1, 2).float()
    unsure = torch.zeros(1, 3, 96, 96)

    def loss(sharp: float, amiss_px: float = 0.0, log_scales: torch.Tensor = unsure) -> float:
        heads = (sharp * truth, sharp * (2 * marks - 1), offsets + amiss_px, log_scales)
        return head_train.loss_of(heads, labels, marks, offsets).item()

    assert loss(0) > loss(2) > loss(10) >= 0
    assert loss(-10) > loss(0)
    assert loss(10, 0.5) < loss(10, 2.0)
    assert loss(10, 4.0, unsure + 2) < loss(10, 4.0)  # who errs had better say so
    assert loss(10, 0.0, unsure - 2) < loss(10)  # and who does not, too


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (10, 10), (5, 10), (37, 40), (20, 200)])
def test_clopper_pearson_leaves_a_fortieth_at_each_end(hits, of):
    low, high = head_report.clopper_pearson(hits, of)
    assert low <= hits / of <= high
    if hits > 0:
        assert binom.sf(hits - 1, of, low) == pytest.approx(0.025, abs=1e-3)
    if hits < of:
        assert binom.cdf(hits, of, high) == pytest.approx(0.025, abs=1e-3)


def test_clopper_pearson_as_printed():
    """No hit in 10: the upper end is 1 - 0.025 ** (1 / 10)."""
    assert head_report.clopper_pearson(0, 10) == [0.0, round(1 - 0.025**0.1, 4)]


def test_uncertainties_hold_95_percent_and_follow_what_the_pixels_state():
    """Errors that are 0.5 of what is stated, and 0.01 mm besides."""
    rng = np.random.default_rng(1)
    stated = rng.uniform(0.01, 0.2, 20_000)
    other = np.full(20_000, 0.003)
    true = np.sqrt(other**2 + (0.5 * stated) ** 2 + 0.01**2)
    gain, base = head_uncertainty.fit_uncertainty(rng.normal(0, 1, 20_000) * true * 2 / 1.96, stated, other)
    assert gain == pytest.approx(0.5)
    assert base == pytest.approx(0.01, abs=0.003)
    plain = head_uncertainty.fit_uncertainty(rng.normal(0, 0.03, 20_000), 0 * stated, 0 * other)
    assert plain == (0.0, pytest.approx(0.03 * 1.96 / 2, rel=0.02))


def test_the_style_of_a_random_head_is_its_pattern():
    prongs = [
        {
            "angle_deg": (12 + 90 * k) % 360,
            "state": "good",
            "length_mm": 0.7,
            "lift_mm": 0.01,
            "tip_height_mm": 1.11,
            "tip_centre_mm": [2.0, 0.0, 10.8],
        }
        for k in range(4)
    ]
    prongs[1] |= {"state": "missing", "length_mm": None, "lift_mm": None, "tip_height_mm": None}
    truth = {"prongs": prongs, "length_nominal_mm": 0.7, "stone": {"diameter_mm": 5.0, "centre_mm": [0, 0, 10.0]}}
    head = head_truth.style_of(truth, np.random.default_rng(0))
    assert head.prong_count == 4
    assert head.tip_height_mm == pytest.approx(1.10)
    assert head.tip_thickness_mm == pytest.approx(2 * (1.11 - 0.8))
    away = (head.first_prong_deg - 12 + 180) % 90
    assert min(away, 90 - away) <= 10
    assert (head.prong_length_mm.lower, head.prong_length_mm.upper) == pytest.approx((0.5, 0.9))
