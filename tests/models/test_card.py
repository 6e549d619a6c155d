import json
from pathlib import Path

import pytest
from tiny_models import card_data

from loupebox.models.card import card_path, parse_card, read_card
from loupebox.models.errors import ModelError

ROOM = Path(__file__).parents[2] / "models"
INPUT = card_data(b"")["input"]


def test_a_card_says_what_it_was_given():
    card = parse_card(json.dumps(card_data(b"", tile=64, overlap=16, minimum_area_mm2={"thing": 0.01})), "card")
    assert (card.name, card.classes, card.tile, card.overlap) == ("thing_finder", ("background", "thing"), 64, 16)
    assert card.thresholds == {"thing": 0.5}
    assert card.minimum_version == (0, 1, 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": 2}, ["schema 2", "reads up to 1", "newer"]),
        ({"schema": "1"}, ["schema"]),
        ({"sha256": "abc"}, ["sha256", "abc"]),
        ({"file": "../thing.onnx"}, ["file", "../thing.onnx"]),
        ({"clases": ["a", "b"]}, ["clases"]),
        ({"classes": ["thing"]}, ["classes"]),
        ({"classes": ["thing", "thing"]}, ["classes", "twice"]),
        ({"thresholds": {"thign": 0.5}}, ["thresholds", "thign", "background, thing"]),
        ({"thresholds": {"thing": 1.5}}, ["thresholds.thing", "1.5"]),
        ({"overlap": 8}, ["overlap", "8"]),
        ({"tile": 64, "overlap": 40}, ["overlap", "40", "32"]),
        ({"tile": 64, "input": INPUT | {"multiple": 48}}, ["tile", "64", "48"]),
        ({"um_per_px": 0}, ["um_per_px", "0"]),
        ({"um_per_px": float("nan")}, ["um_per_px"]),
        ({"requires_loupebox": "0.1"}, ["requires_loupebox", "0.1"]),
        ({"input": INPUT | {"mean": [0.0, 1.0]}}, ["input", "mean", "2", "1"]),
        ({"input": INPUT | {"deviation": [0.0]}}, ["input.deviation"]),
        ({"task": "detection"}, ["task", "detection"]),
    ],
)
def test_a_wrong_card_is_refused_with_file_key_and_value(changes, words):
    with pytest.raises(ModelError) as error:
        parse_card(json.dumps(card_data(b"", **changes)), "model card thing.card.json")
    for word in ["thing.card.json", *words]:
        assert word in str(error.value)


@pytest.mark.parametrize("key", sorted(set(card_data(b"")) - {"resize", "tile", "overlap"}))
def test_a_missing_key_is_named(key):
    data = card_data(b"")
    del data[key]
    with pytest.raises(ModelError, match=rf"card: {key}: Field required"):
        parse_card(json.dumps(data), "card")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"card"', "{}", "[" * 3000])
def test_what_is_no_card_is_refused(text):
    with pytest.raises(ModelError, match="thing"):
        parse_card(text, "thing")


def test_a_card_that_is_not_there_or_not_text(bench):
    with pytest.raises(ModelError, match=r"thing\.card\.json cannot be read.*beside thing\.onnx"):
        read_card(bench.path)
    bench.card_path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match=r"thing\.card\.json is not UTF-8"):
        read_card(bench.path)
    bench.card_path.write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(ModelError, match="larger than"):
        read_card(bench.path)


def test_a_card_of_another_model(bench):
    bench.put(b"weights", file="other.onnx")
    with pytest.raises(ModelError, match=r"describes other\.onnx; it lies beside thing\.onnx"):
        read_card(bench.path)


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.onnx")), ids=lambda p: p.name)
def test_every_shipped_model_has_its_card(path):
    card = read_card(path)
    assert card_path(path).exists()
    assert card.licence == "Apache-2.0"
    assert card.measured
    assert card.trained_on
