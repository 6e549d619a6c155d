"""The one file that talks to Mitsuba: scenes from meshes, pictures from scenes, and what each pixel's centre sees."""

from __future__ import annotations

import ctypes.util
import glob
import os
import sys
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loupebox.models.training.camera import DISTANCE_MM, Camera
from loupebox.models.training.light import Dome
from loupebox.models.training.mesh import Mesh

LLVM_PLACES = ("/usr/lib/*/libLLVM*.so*", "/usr/lib/llvm-*/lib/libLLVM*.so*", "/usr/lib64/libLLVM*.so*",
               "/opt/homebrew/opt/llvm/lib/libLLVM*.dylib", "/usr/local/opt/llvm/lib/libLLVM*.dylib")  # fmt: skip
LLVM_VERSIONS = range(15, 23)
FAR_MM = 40_000.0


def find_llvm() -> str | None:
    """LLVM for the fast renderer: what DRJIT_LIBLLVM_PATH names, else one of a version that works (14 aborts)."""
    if named := os.environ.get("DRJIT_LIBLLVM_PATH"):
        return named
    for version in (19, *reversed(LLVM_VERSIONS)):
        for place in LLVM_PLACES:
            for path in sorted(glob.glob(place)):
                if f"LLVM-{version}." in path or f"LLVM.so.{version}" in path or f"llvm-{version}/" in path:
                    return path
        if name := ctypes.util.find_library(f"LLVM-{version}"):
            return name
    return None


@cache
def mitsuba() -> ModuleType:
    """Mitsuba with its variant set; LOUPEBOX_MITSUBA_VARIANT overrides the choice."""
    llvm = find_llvm()
    if llvm:
        os.environ["DRJIT_LIBLLVM_PATH"] = llvm
    import mitsuba as mi

    variant = os.environ.get("LOUPEBOX_MITSUBA_VARIANT") or ("llvm_ad_rgb" if llvm else "scalar_rgb")
    if variant == "scalar_rgb" and not os.environ.get("LOUPEBOX_MITSUBA_VARIANT"):
        print(
            "no LLVM 15 or newer found (Debian: libllvm19): rendering with scalar_rgb, without labels", file=sys.stderr
        )
    mi.set_variant(variant)
    return mi


def _shape(name: str, mesh: Mesh, bsdf: dict[str, Any], smooth: bool) -> Any:
    mi = mitsuba()
    props = mi.Properties()
    props["bsdf"] = mi.load_dict(bsdf)
    shape = mi.Mesh(name, len(mesh.vertices_mm), len(mesh.faces), has_vertex_normals=smooth, props=props)
    params = mi.traverse(shape)
    params["vertex_positions"] = np.ascontiguousarray(mesh.vertices_mm, np.float32).ravel()
    params["faces"] = np.ascontiguousarray(mesh.faces, np.uint32).ravel()
    params.update()
    return shape


def dome_emitter(dome: Dome) -> dict[str, Any]:
    """Light from all directions."""
    return {"type": "envmap", "bitmap": mitsuba().Bitmap(dome.radiance.astype(np.float32))}


def backlight_emitter(camera: Camera, half_angle_deg: float) -> dict[str, Any]:
    """A disc of radiance 1, so far behind the piece that it subtends the half-angle from everywhere on it."""
    mi = mitsuba()
    up, forward = camera.axes[1:]
    place = np.array(camera.target_mm) + FAR_MM * forward
    to_world = mi.ScalarTransform4f().look_at(
        origin=place.tolist(), target=camera.target_mm, up=up.tolist()
    ) @ mi.ScalarTransform4f().scale(FAR_MM * float(np.tan(np.radians(half_angle_deg))))
    return {
        "type": "disk",
        "to_world": to_world,
        "emitter": {"type": "area", "radiance": {"type": "rgb", "value": 1.0}},
    }


def build(parts: dict[str, tuple[Mesh, dict[str, Any], bool]], emitter: dict[str, Any], depth: int = 14) -> Any:
    """A scene of named parts (mesh, material, smooth shading) under one emitter."""
    scene: dict[str, Any] = {"type": "scene", "integrator": {"type": "path", "max_depth": depth, "rr_depth": 6}}
    scene |= {name: _shape(name, *part) for name, part in parts.items()}
    # Unoptimised, or meshes of one material merge and lose their names.
    return mitsuba().load_dict({**scene, "light": emitter}, optimize=False)


def picture(
    scene: Any, camera: Camera, samples: int, seed: int, *, denoise: bool = True, sampler: str = "independent"
) -> NDArray[np.float32]:
    """Linear radiance (height, width, 3), each pixel the mean over its square; never denoise what is measured."""
    mi = mitsuba()
    _, up, forward = camera.axes
    target = np.array(camera.target_mm)
    half_mm = camera.width_px * camera.um_per_px / 2e3
    view = mi.ScalarTransform4f().look_at(
        origin=(target - DISTANCE_MM * forward).tolist(), target=target.tolist(), up=up.tolist()
    ) @ mi.ScalarTransform4f().scale([half_mm, half_mm, 1])
    sensor = mi.load_dict({
        "type": "orthographic", "near_clip": 0.1, "far_clip": 1e5, "to_world": view,
        "film": {"type": "hdrfilm", "width": camera.width_px, "height": camera.height_px, "pixel_format": "rgb",
                 "component_format": "float32", "rfilter": {"type": "box"}},
        "sampler": {"type": sampler, "sample_count": samples},
    })  # fmt: skip
    image = np.ascontiguousarray(np.array(mi.render(scene, sensor=sensor, spp=samples, seed=seed))[..., :3], np.float32)
    if not denoise:
        return image
    import mitsuba_oidn

    return np.maximum(np.asarray(mitsuba_oidn.denoise(image, hdr=True), np.float32), 0)


def seen(scene: Any, camera: Camera) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
    """The part at every pixel's centre ("" for none) and the point hit in mm (NaN for none); not in scalar variants."""
    mi = mitsuba()
    import drjit as dr

    origins = camera.ray_origins()
    rays = mi.Ray3f(mi.Point3f(*origins.T.astype(np.float32)), mi.Vector3f(*map(float, camera.forward)))
    hit = scene.ray_intersect(rays)
    valid = np.array(hit.is_valid())
    points = np.array(hit.p).reshape(3, -1).T.astype(np.float32)
    points[~valid] = np.nan
    names = np.full(len(valid), "", dtype="<U16")
    which = np.array(dr.reinterpret_array(mi.UInt32, hit.shape))
    for shape in scene.shapes():
        names[valid & (which == int(np.array(dr.reinterpret_array(mi.UInt32, mi.ShapePtr(shape)))[0]))] = shape.id()
    size = (camera.height_px, camera.width_px)
    return names.reshape(size), points.reshape(*size, 3)
