"""The sample captures on disk agree with the table that makes them; runs without the renderer."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import loupebox.sample_images
from loupebox.calibration.correction import correct
from loupebox.calibration.frame import Frame
from loupebox.inspect.finding import FINDING_KINDS
from loupebox.inspect.prong import PRONG_STATES
from loupebox.inspect.spec import load_spec
from loupebox.models.training.samples import SAMPLES, encoded_png, piece_of
from loupebox.models.training.sensor import Sensor, stored_flat
from loupebox.models.training.virtual_station import RELATIVE_SCALE_UNCERTAINTY, VIEWS, write_certificate
from loupebox.station.calibration_set import read_calibration_set
from loupebox.station.capture import read_capture, read_record
from loupebox.station.needs import frames_needed
from loupebox.station.records.job import parse_jobs

ROOT = Path(loupebox.sample_images.__file__).parent
CAPTURES = ROOT / "captures"
BY_SLUG = {sample.slug: sample for sample in SAMPLES}
SPECS = {path.stem: load_spec(path.read_text(), path.name) for path in (ROOT / "specs").glob("*.toml")}


def test_every_sample_is_there_and_nothing_else():
    assert sorted(p.name for p in CAPTURES.iterdir()) == sorted(BY_SLUG)


def test_all_samples_fit_in_60_megabytes():
    sizes = [p.stat().st_size for p in ROOT.rglob("*") if p.is_file()]
    assert sum(sizes) <= 60e6
    assert max(sizes) < 8 * 2**20


@pytest.mark.parametrize("slug", BY_SLUG)
def test_capture_holds_what_its_style_needs_and_says_what_was_made(slug):
    sample, folder = BY_SLUG[slug], CAPTURES / slug
    capture = read_capture(folder)  # checksums, formats, sizes
    assert capture.record.style == (sample.called or sample.style)
    assert set(capture.frames) >= set(frames_needed(SPECS[capture.record.style]))
    assert {f.file for f in capture.record.frames} | {"capture.json", "truth.json"} == {
        p.name for p in folder.iterdir()
    }
    for (view, _), frame in capture.frames.items():
        assert frame.pixels.shape[1::-1] == VIEWS[view].size_px
        assert frame.camera_serial == VIEWS[view].serial


@pytest.mark.parametrize("slug", BY_SLUG)
def test_truth_is_what_the_table_says(slug):
    sample, truth = BY_SLUG[slug], json.loads((CAPTURES / slug / "truth.json").read_text())
    piece, states = piece_of(sample)
    assert (truth["schema"], truth["licence"]) == (1, "Apache-2.0")
    assert truth["verdict"] == sample.verdict
    assert truth["refusal"] == sample.refusal
    assert truth["failing"] == list(sample.failing)
    assert [p["state"] for p in truth["prongs"]] == list(states)
    assert {p["state"] for p in truth["prongs"]} <= set(PRONG_STATES)
    assert {d["kind"] for d in truth["defects"]} == ({sample.surface} if sample.surface else set())
    assert {d["kind"] for d in truth["defects"]} <= set(FINDING_KINDS)
    assert truth["values"]["inner_diameter_mm"] == pytest.approx(piece.band.inscribed_diameter_mm, abs=1e-5)


@pytest.mark.parametrize("sample", [s for s in SAMPLES if not s.refusal], ids=lambda s: s.slug)
def test_verdicts_are_beyond_doubt(sample):
    """A dimension lies clear of its limits unless it is said to be borderline; so do prongs and the largest defects."""
    spec = SPECS[sample.style]
    truth = json.loads((CAPTURES / sample.slug / "truth.json").read_text())
    for c in spec.characteristic:
        if c.name not in truth["values"]:
            continue
        value, margin = truth["values"][c.name], 0.025
        room = min(c.upper - value if c.upper else np.inf, value - c.lower if c.lower else np.inf)
        if c.name in sample.failing:
            assert abs(room) < 0.001 if sample.verdict == "REVIEW" else room < -margin
        else:
            assert room > margin, c.name
    if spec.head:
        for p in truth["prongs"]:
            wrong = p["state"] == "missing" or not (
                spec.head.prong_length_mm.lower <= p["length_mm"] <= spec.head.prong_length_mm.upper
                and abs(p["bend_mm"]) <= spec.head.bend_mm.upper
                and p["lift_mm"] <= spec.head.lift_mm.upper
            )
            assert wrong == (p["state"] != "good") == (f"prong_{p['index']}" in sample.failing)
    for rule in spec.surface:
        kinds = ("gas_porosity", "shrinkage_porosity") if rule.kind == "porosity" else (rule.kind,)
        sizes = [d["size_mm"] for d in truth["defects"] if d["kind"] in kinds]
        assert (max(sizes, default=0) > 1.25 * rule.largest_mm) == (f"{rule.kind} zone {rule.zone}" in sample.failing)


def test_jobs_and_specs_cover_every_sample():
    jobs = {job.id: job for job in parse_jobs((ROOT / "jobs.toml").read_text(), "jobs.toml")}
    for sample in SAMPLES:
        style = sample.called or sample.style
        assert jobs[sample.job].style == style
        assert SPECS[style].style == style


def test_certificates_are_off_by_less_than_they_admit(tmp_path):
    for view in VIEWS.values():
        write_certificate(view, tmp_path)
        assert abs(view.true_um_per_px / view.certified_um_per_px - 1) < 2 * RELATIVE_SCALE_UNCERTAINTY
    fresh, stored = read_calibration_set(tmp_path), read_calibration_set(ROOT / "calibration")
    assert set(fresh) == set(stored) == set(VIEWS)
    for view in VIEWS:
        assert fresh[view].certificate.model_dump(exclude={"flat_sha256"}) == stored[view].certificate.model_dump(
            exclude={"flat_sha256"}
        )
        assert np.array_equal(fresh[view].flat, stored[view].flat)


def test_correction_takes_the_sensor_out_again():
    sensor = Sensor(3)
    light = np.full((160, 240), 0.6, np.float32)
    pixels = sensor.expose(light, np.random.default_rng(1))
    frame = Frame(pixels, "face", "backlight", 1.0, 0.0, 8, "serial")
    signal = correct(frame, sensor.dark_level_dn, stored_flat(sensor.flat(160, 240))).signal
    assert signal.mean() == pytest.approx(0.6, abs=2e-4)
    assert 0.3 / 255 < signal.std() < 1.1 / 255
    assert np.abs(signal.reshape(4, 40, 6, 40).mean((1, 3)) - 0.6).max() < 1e-3


def test_png_is_lossless_and_in_rgb_order():
    picture = np.random.default_rng(2).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    read = cv2.imdecode(np.frombuffer(encoded_png(picture), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert hashlib.sha256(read.tobytes()).digest() == hashlib.sha256(picture.tobytes()).digest()


def test_the_morning_of_the_samples_is_one_day_before_any_job_is_due():
    jobs = parse_jobs((ROOT / "jobs.toml").read_text(), "jobs.toml")
    whens = [read_record(CAPTURES / sample.slug).when for sample in SAMPLES]
    assert whens == sorted(whens)
    assert len({when.date() for when in whens}) == 1
    assert all(job.due is not None and job.due > whens[0].date() for job in jobs)
