"""Path-trace backlit rings for `ruler_coverage.py`; finished ones are kept, so it may be stopped and started again.

python benchmarks/ring_renders.py --cache DIR [--count N] [--threads N]     (needs the extra "training")
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import time
from pathlib import Path

import numpy as np
from ring_form import RingForm, draw

from loupebox.models.training import render
from loupebox.models.training.camera import Camera, face_camera
from loupebox.models.training.mesh import rotation
from loupebox.models.training.metal import Metal

UM_PER_PX = 16.0
SAMPLES = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    render.mitsuba()
    import drjit as dr

    dr.set_thread_count(options.threads)
    for number in range(options.count):
        form = draw(number, UM_PER_PX)
        file = options.cache / f"ring-{number:03d}.npz"
        if file.exists() and json.loads(str(np.load(file)["form"])) == dataclasses.asdict(form) | {
            "tilt_deg": list(form.tilt_deg), "shift_mm": list(form.shift_mm)
        }:  # fmt: skip
            continue
        start_s = time.perf_counter()
        light = rendered(form, number)
        partial = file.with_suffix(".partial.npz")
        text = json.dumps(dataclasses.asdict(form))
        np.savez_compressed(partial, light=light.astype(np.float16), form=np.array(text))
        os.replace(partial, file)
        print(f"{file.name} {light.shape[0]} px {time.perf_counter() - start_s:.0f} s", flush=True)


def rendered(form: RingForm, seed: int) -> np.ndarray:
    """Light on each pixel, 1 where the backlight is seen; exactly the mean over the pixel's square, but for noise."""
    camera = face_camera(form.um_per_px, form.size_px, 0.0)
    turn = rotation("x", form.tilt_deg[0]) @ rotation("z", form.tilt_deg[1])
    mesh = form.band.mesh(2048, 256).moved(turn, (form.shift_mm[0], 0.0, form.shift_mm[1]))
    parts = {"metal": (mesh, Metal("yellow_18k", form.alpha).bsdf(), True)}
    scene = render.build(parts, render.backlight_emitter(camera, form.half_angle_deg), depth=5)
    if form.pupil_mm is None:
        return render.picture(scene, camera, SAMPLES, seed, denoise=False, sampler="stratified").mean(2)
    return _through_pinhole(scene, camera, form.pupil_mm, seed)


def _through_pinhole(scene: object, camera: Camera, pupil_mm: float, seed: int) -> np.ndarray:
    mi = render.mitsuba()
    _, up, forward = camera.axes
    target = np.array(camera.target_mm)
    half_mm = camera.width_px * camera.um_per_px / 2e3
    sensor = mi.load_dict({
        "type": "perspective", "near_clip": 0.1, "far_clip": 1e5, "fov_axis": "x",
        "fov": float(2 * np.degrees(np.arctan(half_mm / pupil_mm))),
        "to_world": mi.ScalarTransform4f().look_at(
            origin=(target - pupil_mm * forward).tolist(), target=target.tolist(), up=up.tolist()
        ),
        "film": {"type": "hdrfilm", "width": camera.width_px, "height": camera.height_px, "pixel_format": "rgb",
                 "component_format": "float32", "rfilter": {"type": "box"}},
        "sampler": {"type": "stratified", "sample_count": SAMPLES},
    })  # fmt: skip
    image = np.array(mi.render(scene, sensor=sensor, spp=SAMPLES, seed=seed))
    return np.asarray(image[..., :3], np.float32).mean(2)


if __name__ == "__main__":
    main()
