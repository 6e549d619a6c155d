import json
import subprocess
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from tiny_models import Bench, blur_then_compare, pixel_is_probability

from loupebox.models.errors import ModelError
from loupebox.models.runner import Model
from loupebox.models.symmetry import averaged
from loupebox.models.tiling import tile_starts, tile_weights

GREY = {"layout": "NCHW", "channels": ["grey"], "mean": [0.0], "deviation": [1.0]}
ROOM = Path(__file__).parents[2] / "models"


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 1), np.float32)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (65, 130), (40, 200), (200, 41), (131, 97), (12, 9)])
def test_tiles_join_without_seams(bench, height, width):
    image = picture(height, width)
    whole = Model.load(bench.put(blur_then_compare())).segment(image, 16.0)
    tiled = Model.load(bench.put(blur_then_compare(), tile=64, overlap=16)).segment(image, 16.0)
    assert tiled.shape == (height, width, 2)
    np.testing.assert_allclose(tiled, whole, atol=2e-6)


def test_an_overlap_too_small_for_the_network_would_show(bench):
    """The test above can fail: with half the overlap the borders of the tiles do disagree."""
    image = picture(100, 100)
    whole = Model.load(bench.put(blur_then_compare())).segment(image, 16.0)
    tiled = Model.load(bench.put(blur_then_compare(), tile=64, overlap=4)).segment(image, 16.0)
    assert np.abs(tiled - whole).max() > 1e-3


@settings(deadline=None)
@given(length=st.integers(1, 700), tile=st.integers(2, 12).map(lambda n: 16 * n), share=st.floats(0, 0.5))
def test_tiles_cover_everything_once(length, tile, share):
    overlap = int(tile * share)
    starts = tile_starts(length, tile, overlap)
    weights = tile_weights(starts, length, tile, overlap)
    total = np.zeros(length)
    for start, row in zip(starts, weights, strict=True):
        assert start >= 0
        assert start + len(row) <= length
        total[start : start + len(row)] += row
    np.testing.assert_allclose(total, 1, atol=1e-5)
    assert (weights >= 0).all()
    assert all(b - a <= tile - overlap for a, b in pairwise(starts))


def test_padding_to_the_multiple_leaves_the_size(bench):
    model = Model.load(bench.put(pixel_is_probability(), input=GREY | {"multiple": 32}))
    image = picture(37, 50)
    np.testing.assert_array_equal(model.segment(image, 16.0)[..., 1], image[..., 0])


def test_scaling_is_the_cards(bench):
    model = Model.load(bench.put(pixel_is_probability(), input=GREY | {"mean": [0.25], "deviation": [2.0]}))
    image = picture(8, 8)
    np.testing.assert_allclose(model.segment(image, 16.0)[..., 1], (image[..., 0] - 0.25) / 2, atol=1e-6)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_a_finer_frame_is_averaged_and_brought_back(bench, factor):
    """A plane survives averaging down and interpolating up, so the grids lie where they should, to a small part."""
    model = Model.load(bench.put(pixel_is_probability(), um_per_px=16.0, resize="area"))
    y, x = np.mgrid[0:61, 0:47].astype(np.float32)
    image = (0.002 * x + 0.003 * y)[..., None]
    result = model.segment(image, 16.0 / factor * 1.003)
    assert result.shape == (61, 47, 2)
    inner = np.s_[factor : 61 - 2 * factor, factor : 47 - 2 * factor]
    np.testing.assert_allclose(result[..., 1][inner], image[..., 0][inner], atol=1e-5)


@pytest.mark.parametrize(
    ("resize", "scale"), [("none", 8.0), ("none", 32.0), ("area", 12.0), ("area", 32.0), ("area", 0.0), ("none", -16.0)]
)
def test_a_frame_of_another_scale_is_refused(bench, resize, scale):
    model = Model.load(bench.put(pixel_is_probability(), resize=resize))
    with pytest.raises(ModelError, match=rf"thing_finder .*{scale:g} um/px; allowed is 16 um/px"):
        model.segment(picture(8, 8), scale)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((8, 8), np.float32),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((8, 8, 1)),
        np.zeros((0, 8, 1), np.float32),
    ],
)
def test_an_image_of_the_wrong_kind_is_refused(bench, image):
    with pytest.raises(ModelError, match="thing_finder was given"):
        Model.load(bench.put(pixel_is_probability())).segment(image, 16.0)


def test_numbers_that_are_not_finite_are_refused(bench):
    with pytest.raises(ModelError, match="not finite"):
        Model.load(bench.put(pixel_is_probability())).segment(np.full((8, 8, 1), np.nan, np.float32), 16.0)


@settings(max_examples=15, deadline=None)
@given(height=st.integers(1, 90), width=st.integers(1, 90), seed=st.integers(0, 9))
def test_the_same_input_gives_the_same_output(tmp_path_factory, height, width, seed):
    path = Bench(tmp_path_factory.mktemp("m")).put(blur_then_compare(), tile=48, overlap=20)
    image = picture(height, width, seed)
    first, second = Model.load(path).segment(image, 16.0), Model.load(path).segment(image, 16.0)
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize(("symmetry", "views"), [("none", 1), ("mirror", 2), ("square", 8)])
def test_a_symmetry_averages_over_its_views(symmetry, views):
    """What is seen in one corner is seen in every corner that the symmetry takes it to, and only there."""
    image, looked = picture(5, 9), []

    def corner(changed: np.ndarray) -> np.ndarray:
        looked.append(changed.tobytes())
        seen = np.zeros_like(changed)
        seen[0, 0] = 1
        return seen

    result = averaged(corner, image, symmetry)
    assert len(set(looked)) == len(looked) == views
    corners = [result[0, 0, 0], result[0, -1, 0], result[-1, 0, 0], result[-1, -1, 0]]
    expected = {"none": [1, 0, 0, 0], "mirror": [0.5, 0.5, 0, 0], "square": [0.25] * 4}[symmetry]
    assert corners == pytest.approx(expected)


@pytest.mark.parametrize("symmetry", ["none", "mirror", "square"])
def test_vectors_turn_with_their_picture(symmetry):
    """Every pixel points at the brightest one, however the picture is turned; the error is what it says itself."""
    image = np.zeros((6, 9, 1), np.float32)
    image[1, 7] = 1

    def at_the_brightest(changed: np.ndarray) -> np.ndarray:
        row, column = np.unravel_index(changed[..., 0].argmax(), changed.shape[:2])
        y, x = np.mgrid[: changed.shape[0], : changed.shape[1]]
        return np.stack([changed[..., 0], column - x, row - y, np.full(x.shape, 0.5)], -1).astype(np.float32)

    result = averaged(at_the_brightest, image, symmetry, 1)
    y, x = np.mgrid[:6, :9]
    np.testing.assert_allclose(result[..., 1], 7 - x, atol=1e-5)
    np.testing.assert_allclose(result[..., 2], 1 - y, atol=1e-5)
    np.testing.assert_allclose(result[..., 3], 0.5, atol=1e-3)


def test_what_turned_pictures_disagree_in_is_error():
    def to_the_right(changed: np.ndarray) -> np.ndarray:
        return np.concatenate([changed, np.ones_like(changed), 0 * changed, 0 * changed], -1)

    result = averaged(to_the_right, picture(5, 5), "mirror", 1)
    np.testing.assert_allclose(result[..., 1], 0, atol=1e-6)
    np.testing.assert_allclose(result[..., 3], np.sqrt(0.5), atol=1e-6)


def test_a_symmetry_gives_back_what_has_no_preference(bench):
    model = Model.load(bench.put(pixel_is_probability()))
    image = picture(7, 12)
    np.testing.assert_allclose(model.segment(image, 16.0, "square"), model.segment(image, 16.0), atol=1e-6)


# What is refused when loading


def test_weights_that_are_not_there(bench):
    bench.put(pixel_is_probability())
    bench.path.unlink()
    with pytest.raises(ModelError, match=r"thing\.onnx cannot be read: No such file"):
        Model.load(bench.path)


def test_weights_of_another_card(bench):
    bench.put(pixel_is_probability())
    content = bench.path.read_bytes()
    bench.path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelError, match="do not belong together"):
        Model.load(bench.path)


def test_a_newer_loupebox_is_needed(bench):
    with pytest.raises(ModelError, match=r"requires loupebox >=99\.0\.0; this is 0\."):
        Model.load(bench.put(pixel_is_probability(), requires_loupebox=">=99.0.0"))


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"\x00" * 100, b"\xff" * 100, b"\x80", b"\x08\x08\x3a\xff\x7f", b"PK\x03\x04" + b"x" * 50],
)
def test_what_is_no_onnx_file(bench, content):
    with pytest.raises(ModelError, match=r"thing\.onnx"):
        Model.load(bench.put(content))


def test_every_cut_of_a_model_is_refused(bench):
    content = blur_then_compare(kernel=3).SerializeToString()
    for end in range(0, len(content), 7):
        with pytest.raises(ModelError, match=r"thing\.onnx"):
            Model.load(bench.put(content[:end]))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_hostile_bytes_never_escape_as_another_error(tmp_path_factory, data):
    content = bytearray(pixel_is_probability().SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ModelError):
        Model.load(Bench(tmp_path_factory.mktemp("m")).put(bytes(content))).segment(picture(4, 4), 16.0)


def external(where: str, nested: bool = False) -> onnx.ModelProto:
    """A model whose one weight lies in the file `where`."""
    tensor = TensorProto(name="one", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=where)
    model = pixel_is_probability()
    if nested:
        branch = helper.make_graph(
            [helper.make_node("Constant", [], ["x"], value=tensor)],
            "branch",
            [],
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [])],
        )
        model.graph.node.insert(0, helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch))
        model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    else:
        del model.graph.initializer[:]
        model.graph.initializer.append(tensor)
    return model


@pytest.mark.parametrize("where", ["../secret.bin", "/etc/passwd", "beside.bin", "https://example.org/weights"])
@pytest.mark.parametrize("nested", [False, True])
def test_weights_in_other_files_are_refused(bench, where, nested):
    with pytest.raises(ModelError, match=r"thing\.onnx keeps weights in another file"):
        Model.load(bench.put(external(where, nested)))


@pytest.mark.parametrize(
    ("model", "changes", "words"),
    [
        (pixel_is_probability(3), {}, ["output", "3", "2"]),
        (blur_then_compare(channels=3), {}, ["input", "3", "1"]),
        (blur_then_compare(shape=("n", None, 64, 64)), {}, ["height and width must be free"]),
        (blur_then_compare(shape=(4, None, "h", "w")), {}, ["input", "4"]),
    ],
)
def test_weights_and_card_disagree_in_shape(bench, model, changes, words):
    with pytest.raises(ModelError) as error:
        Model.load(bench.put(model, **changes))
    for word in ["thing.onnx", *words]:
        assert word in str(error.value)


def test_two_outputs(bench):
    model = pixel_is_probability()
    model.graph.output.append(helper.make_tensor_value_info("rest", TensorProto.FLOAT, ["n", 1, "h", "w"]))
    with pytest.raises(ModelError, match="1 inputs and 2 outputs"):
        Model.load(bench.put(model))


def test_running_needs_no_training_packages(bench):
    """The runtime is onnxruntime, numpy and OpenCV; torch, onnx and mitsuba belong to training."""
    bench.put(pixel_is_probability())
    code = (
        "import sys; from pathlib import Path; import numpy as np; from loupebox.models.runner import Model\n"
        f"Model.load(Path({json.dumps(str(bench.path))})).segment(np.zeros((4, 4, 1), np.float32), 16.0)\n"
        "print(sorted({'torch', 'onnx', 'mitsuba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.onnx")), ids=lambda p: p.name)
def test_every_shipped_model_runs_and_repeats(path):
    model = Model.load(path)
    card = model.card
    image = np.random.default_rng(1).random((150, 200, len(card.input.channels)), np.float32)
    result = model.segment(image, card.um_per_px)
    np.testing.assert_allclose(result.sum(axis=2), 1, atol=1e-3)
    assert result.tobytes() == Model.load(path).segment(image, card.um_per_px).tobytes()
