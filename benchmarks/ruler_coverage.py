"""How often the truth lies inside the interval that is stated, ring by ring: the proof of the uncertainty budgets.

python benchmarks/ruler_coverage.py --cache DIR [--variants N] [--drawn N] [--again]

DIR holds path-traced rings by `ring_renders.py`; each is photographed N times, with another lens blur, exposure, light
ramp, noise, dust, lint, sensor curve, and certificate, whose scale is off by as much as it admits. As many rings as
--drawn says are drawn geometrically instead, of black metal, each point of the section projected. Finished cases are
kept in DIR until the measuring code changes. The truth is the section's own, never the nominal.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from ring_form import RingForm, draw
from scipy.special import ndtr

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.frame import LinearFrame
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.opening import Section
from loupebox.inspect.ring import RingShape, locate_ring
from loupebox.inspect.ring_measures import measure_ring, plain_section
from loupebox.inspect.section import SIDES

UM_PER_PX = {"rendered": 16.0, "drawn": 16.0}
RELATIVE_SCALE_U, PLANE_U_MM, CURVE_SD = 5e-5, 0.02, 0.04
"""The sensor's curve is off the straight line by a quarter of CURVE_SD in its middle: the budgets' doubt of level."""
TILTS = ((0.15, "below 0.15°"), (0.3, "0.15 to 0.3°"), (math.inf, "above 0.3°"))
NAMES = ("inner_diameter_mm", "out_of_round_mm", "shank_thickness_mm", "outer_diameter_mm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--variants", type=int, default=4)
    parser.add_argument("--drawn", type=int, default=120)
    parser.add_argument("--again", action="store_true")
    options = parser.parse_args()
    used = {m.__file__ for name, m in sys.modules.items() if name.startswith("loupebox.") and m.__file__}
    code = hashlib.sha256(b"".join(Path(p).read_bytes() for p in sorted(used))).hexdigest()[:12]
    file = options.cache / f"coverage-{code}.jsonl"
    if options.again:
        file.unlink(missing_ok=True)
    known = {r["key"]: r for r in map(json.loads, file.read_text().splitlines())} if file.exists() else {}
    results = []
    with file.open("a") as log:
        for key, make in _cases(options.cache, options.variants, options.drawn):
            if key not in known:
                known[key] = {"key": key, **_measured(*make())}
                log.write(json.dumps(known[key]) + "\n")
                log.flush()
            results.append(known[key])
    _report(results)


def _cases(cache: Path, variants: int, drawn: int) -> Iterator[tuple[str, object]]:
    for file in sorted(cache.glob("ring-???.npz")):
        form = draw(int(file.stem[-3:]), UM_PER_PX["rendered"])
        for variant in range(variants):
            yield f"rendered {file.stem} {variant}", lambda f=file, m=form, v=variant: (
                np.load(f)["light"].astype(np.float32), m, int(f.stem[-3:]) * 100 + v, v,
            )  # fmt: skip
    for number in range(drawn):
        # Even numbers are telecentric: a far pupil needs no mirror to be drawn.
        form = replace(draw(2000 + 2 * number, UM_PER_PX["drawn"]), half_angle_deg=0.0)
        yield f"drawn {number}", lambda m=form, n=number: (projected(m), m, 900_000 + n, n % 4)


def projected(form: RingForm) -> np.ndarray:
    """Light past black metal in a telecentric view: each point of the section casts its own ellipse."""
    size, k = form.size_px, form.um_per_px / 1000
    y, x = np.mgrid[:size, :size].astype(float)
    dx = (x - (size - 1) / 2) * k - form.shift_mm[0]
    dy = (y - (size - 1) / 2) * k + form.shift_mm[1]
    turn = np.arange(1440) * (2 * math.pi / 1440)
    lean_x, lean_z = math.radians(form.tilt_deg[1]), math.radians(form.tilt_deg[0])
    lean = -lean_x * np.cos(turn) - lean_z * np.sin(turn)
    bent = form.ovality_mm * np.cos(2 * (-turn - math.radians(form.ovality_angle_deg)))
    across = np.linspace(-0.5, 0.5, 801) * form.section.width_mm * (1 - 1e-9)
    middle = form.inner_diameter_mm / 2 + form.section.thickness_mm / 2 + bent
    inner = middle[:, None] - form.section.side(across, form.section.inside)
    outer = middle[:, None] + form.section.side(across, form.section.outside)
    foreshortened = 1 - lean**2 / 2
    hole = (inner * foreshortened[:, None] + across * lean[:, None]).min(axis=1)
    reach = (outer * foreshortened[:, None] + across * lean[:, None]).max(axis=1)
    around, away = np.arctan2(dy, dx), np.hypot(dx, dy)
    # A pixel's square is little wider than nothing beside what the lens blurs afterwards: a soft edge of its variance.
    soft = k * 12**-0.5
    hole, reach = (np.interp(around, turn, r, period=2 * math.pi) for r in (hole, reach))
    light = ndtr((hole - soft**2 / (2 * hole) - away) / soft)
    return (light + ndtr((away - reach + soft**2 / (2 * reach)) / soft)).astype(np.float32)


def _measured(light: np.ndarray, form: RingForm, seed: int, variant: int) -> dict:
    rng = np.random.default_rng([20261125, seed])
    told = variant % 4 != 3
    frame, dust = _photographed(light, form, rng)
    certificate = _certificate(form, rng)
    shape = locate_ring(frame, certificate)
    section = None
    if told and isinstance(shape, RingShape):
        sides = (form.section.inside, form.section.outside)
        profile = next(name for name, both in SIDES.items() if both == sides)
        thickness = plain_section(shape, certificate.scale.mm_per_px.value).thickness_mm
        section = Section(profile, form.section.width_mm, thickness)
    found = {}
    for result in measure_ring(frame, certificate, shape, section):
        if result.name in NAMES:
            truth = form.truth_mm[result.name]
            if isinstance(result, Measurement):
                estimate = result.estimate
                lines = {line.name: line.standard_uncertainty for line in estimate.budget}
                found[result.name] = [estimate.value - truth, estimate.expanded_uncertainty, lines]
            else:
                found[result.name] = result.reason
    return {
        "found": found,
        "lens": "telecentric" if form.pupil_mm is None else "pinhole",
        "bore": form.section.inside,
        "told": told,
        "tilt_deg": math.hypot(*form.tilt_deg),
        "dust": dust,
    }


def _photographed(light: np.ndarray, form: RingForm, rng: np.random.Generator) -> tuple[LinearFrame, int]:
    """Dust, lens, sensor: everything between the piece and the numbers."""
    size, k = len(light), form.um_per_px / 1000
    picture = light.copy()
    dust = int(rng.integers(0, 9))
    for _ in range(dust):
        inside, turn = rng.uniform() < 0.6, rng.uniform(0, 2 * math.pi)
        radius = (form.inner_diameter_mm / 2 + (0 if inside else form.section.thickness_mm)) / k
        x = (size - 1) / 2 + form.shift_mm[0] / k + radius * math.cos(turn)
        y = (size - 1) / 2 - form.shift_mm[1] / k + radius * math.sin(turn)
        if rng.uniform() < 0.8:
            cv2.circle(picture, (round(x), round(y)), int(rng.integers(1, 6)), 0.0, -1)
        else:
            end = rng.uniform(-30, 30, 2)
            cv2.line(picture, (round(x), round(y)), (round(x + end[0]), round(y + end[1])), 0.2, 1)
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.6, 1.4)))
    bright, dark = rng.uniform(0.55, 0.9), rng.uniform(0.01, 0.06)
    place = np.arange(size, dtype=np.float32) / size - 0.5
    ramp = 1 + rng.uniform(-0.1, 0.1) * place + rng.uniform(-0.1, 0.1) * place[:, None]
    curve = rng.normal(0, CURVE_SD)
    picture = picture + curve * picture * (1 - picture)
    picture = (dark + (bright - dark) * picture) * ramp
    picture += (bright - dark) * rng.uniform(0.005, 0.02) * rng.standard_normal(picture.shape, np.float32)
    for _ in range(int(rng.integers(0, 4))):
        picture = np.rot90(picture)
    signal = np.ascontiguousarray(np.rint(np.clip(picture, 0, 1) * 255) / 255, np.float32)
    return LinearFrame(signal, signal >= 1, "face", "backlight"), dust


def _certificate(form: RingForm, rng: np.random.Generator) -> Certificate:
    """Off by as much as it says it may be; the piece's height is off as well, which a pinhole lens sees as scale."""
    off = RELATIVE_SCALE_U * rng.standard_normal()
    if form.pupil_mm is not None:
        off += PLANE_U_MM / form.pupil_mm * rng.standard_normal()
    return Certificate.model_validate(
        {
            "schema": 1, "certificate_id": "coverage", "station": "s", "view": "face", "camera_serial": "c",
            "artefact": "a", "issued_by": "b", "issued_at": datetime(2026, 1, 1, tzinfo=UTC),
            "valid_until": datetime(2027, 1, 1, tzinfo=UTC), "scale_um_per_px": form.um_per_px * (1 + off),
            "scale_standard_uncertainty_um_per_px": form.um_per_px * RELATIVE_SCALE_U, "dark_level_dn": 0.0,
            "edge_sigma_px": 1.0, "backlight_half_angle_deg": form.half_angle_deg,
            "pupil_distance_mm": form.pupil_mm, "plane_standard_uncertainty_mm": PLANE_U_MM,
        }
    )  # fmt: skip


def _report(results: list[dict]) -> None:
    rings = len({_ring(r) for r in results})
    print(
        f"{len(results)} cases of {rings} rings; truth inside the stated interval, with a 95 % interval of that share "
        "that counts cases of one ring as dependent; goal 95 ± 2 %"
    )
    for name in NAMES:
        groups: dict[str, list] = defaultdict(list)
        for result in results:
            for group in ("all", *_groups(result)):
                groups[group].append((_ring(result), result["found"][name]))
        print(f"\n{name}")
        for group in sorted(groups, key=lambda g: (g != "all", g)):
            _say(group, groups[group])


def _ring(result: dict) -> str:
    return " ".join(result["key"].split()[:2])


def _groups(result: dict) -> tuple[str, ...]:
    lean = next(text for limit, text in TILTS if result["tilt_deg"] < limit)
    return (
        f"{result['key'].split()[0]}, {result['lens']}, {result['bore']} bore",
        f"lens {result['lens']}",
        "profile told" if result["told"] else "profile not told",
        f"tilt {lean}",
        "dust none" if result["dust"] == 0 else f"dust {'1 to 4' if result['dust'] < 5 else '5 to 8'}",
    )


def _say(group: str, found: list) -> None:
    sure = [(ring, *f[:2]) for ring, f in found if not isinstance(f, str)]
    unmeasured = len(found) - len(sure)
    if not sure:
        print(f"  {group:<36} none measured of {unmeasured}")
        return
    error, expanded = 1000 * np.array([s[1:] for s in sure], float).T
    held: dict[str, list[bool]] = defaultdict(list)
    for (ring, *_), holds in zip(sure, np.abs(error) <= expanded, strict=True):
        held[ring].append(bool(holds))
    share, low, high = clustered_share(list(held.values()))
    rms = float(np.sqrt((error**2).mean()))
    refused = f"; {unmeasured} refused" if unmeasured else ""
    print(
        f"  {group:<36} {100 * share:5.1f} % [{100 * low:.1f}, {100 * high:.1f}] of {len(sure):<4} bias "
        f"{error.mean():+6.2f} rms {rms:5.2f} um, U median {np.median(expanded):5.2f} largest {expanded.max():5.2f} um"
        f"{refused}"
    )


def clustered_share(held: list[list[bool]]) -> tuple[float, float, float]:
    """Share of hits and its 95 % interval (Wilson's), with as many cases as the scatter among clusters is worth."""
    count, hits = np.array([len(h) for h in held]), np.array([sum(h) for h in held])
    cases, share = int(count.sum()), float(hits.sum() / count.sum())
    worth = float(cases)
    if len(held) > 1 and 0 < share < 1:
        variance = float(((hits - share * count) ** 2).sum()) * len(held) / (len(held) - 1) / cases**2
        worth = float(np.clip(share * (1 - share) / variance, 1, cases))
    elif len(held) < cases:
        worth = float(len(held))
    z = 1.96
    middle = (share + z * z / (2 * worth)) / (1 + z * z / worth)
    half = z * math.sqrt(share * (1 - share) / worth + z * z / (4 * worth * worth)) / (1 + z * z / worth)
    return share, middle - half, middle + half


if __name__ == "__main__":
    main()
