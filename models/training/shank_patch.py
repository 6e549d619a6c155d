"""Full renders of the shank view: the true section, displaced by what is wrong with its surface."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from loupebox.inspect.finding import FindingKind
from loupebox.models.training.band import Band
from loupebox.models.training.camera import Camera
from loupebox.models.training.metal import REFLECTANCE
from loupebox.models.training.render import mitsuba, picture
from loupebox.models.training.shading import ShankLights
from loupebox.models.training.shank_shape import SIZE_PX, UM_PER_PX, Pose, ShankShape
from loupebox.models.training.surface_defect import DIRT, IGNORE, Surface

DEPTH = 8
SAMPLES = 16
LIGHT_MAP_HEIGHT = 1024
BACKLIGHT_HALF_ANGLE_DEG = 1.0
CAMERA = Camera((0, 0, -1), (0, 1, 0), (0, 0, 0), UM_PER_PX, *SIZE_PX)
"""In the renderer's axes: x right, y up, z to the camera; the picture's y runs down."""


@dataclass(frozen=True, slots=True)
class SeenDefect:
    """A made defect as the picture shows it; `size_mm` is its largest extent along the surface."""

    kind: FindingKind
    size_mm: float
    box_xywh_px: tuple[int, int, int, int]
    area_px: int


@dataclass(frozen=True, slots=True, eq=False)
class ShankRender:
    """The frames of the shank view by light, each float32 (448, 896), linear, 1 = full scale, without sensor or lens.

    `label` (uint8: 0 clean, then SURFACE_CLASSES, 255 neither) and `instance` (int32) say what each pixel's middle
    shows; `metal` says whether it is metal at all.
    """

    frames: dict[str, NDArray[np.float32]]
    label: NDArray[np.uint8]
    instance: NDArray[np.int32]
    metal: NDArray[np.bool_]
    defects: tuple[SeenDefect, ...]


def render_shank(
    band: Band,
    metal: str,
    surface: Surface,
    seed: int,
    pose: Pose | None = None,
    lights: ShankLights | None = None,
    samples: int = SAMPLES,
    silhouette: bool = True,
) -> ShankRender:
    """Render backlight, coaxial and the eight stripe frames of the outside of `band` opposite the head.

    `surface` comes from `ShankShape(band, pose).polished(alpha)`, with defects added by the functions in
    surface_defect_*.py, or at once from `surface_defect_recipe.piece_surface(shape, kind, seed)`. The light is of one
    colour (red), so the renderer's three channels carry three lights at once: light adds up, and two renders give all
    eight stripe frames. Without `silhouette` the backlight frame is the band's exact outline without any reflection,
    which saves a third of the time where nothing is measured on it.
    """
    pose, lights = pose or Pose(), lights or ShankLights()
    shape = ShankShape(band, pose)
    direction = _map_directions()
    x, y, z = direction[..., 0], -direction[..., 1], direction[..., 2]
    above = lights.hemisphere(z)
    even = above + (1 - above) * lights.stray

    def stripes(component: NDArray) -> tuple[NDArray, NDArray]:
        phase = lights.phase_rad(component)
        wave = above * lights.stripe_contrast
        return even + wave * np.cos(phase), even + wave * np.sin(phase)

    scene = _scene(shape, surface, REFLECTANCE[metal][0])
    first = _render(scene, np.stack([even, *stripes(x)], -1), samples, seed)
    second = _render(scene, np.stack([lights.coaxial(z), *stripes(y)], -1), samples, seed)
    if silhouette:
        back = np.arccos(np.clip(-z, -1, 1)) < np.radians(BACKLIGHT_HALF_ANGLE_DEG)
        behind = _render(scene, np.repeat(back[..., None], 3, -1).astype(float), 2 * samples, seed, denoise=False)
        backlight = behind[..., 0]
    else:
        outside = (~shape.view(2).inside).astype(np.float32)
        backlight = cv2.resize(outside, SIZE_PX, interpolation=cv2.INTER_AREA)

    frames = {"backlight": backlight, "coaxial": lights.coaxial_level * second[..., 0]}
    mean = first[..., 0]
    for name, render in (("x", first), ("y", second)):
        cosine, sine = render[..., 1], render[..., 2]
        for k, signal in enumerate((cosine, 2 * mean - sine, 2 * mean - cosine, sine)):
            frames[f"stripes_{name}_{k}"] = lights.stripe_level * signal
    frames = {light: np.maximum(signal, 0).astype(np.float32) for light, signal in frames.items()}

    label, instance, inside = true_masks(shape, surface)
    return ShankRender(frames, label, instance, inside, seen_defects(surface, instance))


def true_masks(shape: ShankShape, surface: Surface) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.bool_]]:
    """Label, instance, metal of every pixel: a defect takes a pixel it fills by half, scratch and dirt by a quarter."""
    n = 2
    view = shape.view(n)
    label = view.look_up(surface.label, surface, exact=True)
    number = view.look_up(surface.instance.astype(np.float32), surface, exact=True).astype(np.int32)
    height, width = SIZE_PX[1], SIZE_PX[0]

    def parts(a: NDArray) -> NDArray:
        return a.reshape(height, n, width, n).transpose(0, 2, 1, 3).reshape(height, width, n * n)

    labels, numbers, inside = parts(label), parts(number), parts(view.inside).mean(-1) >= 0.5
    best, best_number, most = np.zeros((height, width), np.uint8), np.zeros((height, width), np.int32), None
    for value, enough in ((DIRT, 0.25), (IGNORE, 0.5), (4, 0.5), (3, 0.5), (2, 0.25), (1, 0.5)):
        share = (labels == value).mean(-1)
        takes = share >= enough
        best[takes] = value
        most = np.where(labels == value, numbers, 0).max(-1)
        best_number[takes] = most[takes]
    best[~inside], best_number[~inside] = 0, 0
    return best, best_number, inside


def seen_defects(surface: Surface, instance: NDArray[np.int32]) -> tuple[SeenDefect, ...]:
    """The made defects that are in view, with their boxes."""
    seen = []
    for defect in surface.defects:
        mask = (instance == defect.instance).astype(np.uint8)
        if area := int(mask.sum()):
            x, y, w, h = cv2.boundingRect(mask)
            seen.append(SeenDefect(defect.kind, defect.size_mm, (x, y, w, h), area))
    return tuple(seen)


@cache
def _map_directions() -> NDArray[np.float64]:
    """Directions of the texels of Mitsuba's environment map, whose pole is +Y; the camera's is in the middle."""
    height = LIGHT_MAP_HEIGHT
    theta = (np.arange(height) + 0.5) / height * np.pi
    phi = (np.arange(2 * height) + 0.5) / height * np.pi
    t, p = np.meshgrid(theta, phi, indexing="ij")
    return np.stack([np.sin(p) * np.sin(t), np.cos(t), -np.cos(p) * np.sin(t)], -1)


def _body(shape: ShankShape, surface: Surface, reflectance: float) -> Any:
    """The displaced surface as a mesh whose vertices carry roughness, cover and albedo."""
    mi = mitsuba()
    points, normals = shape.relief(surface)
    rows, columns = surface.shape
    corner = np.arange(rows - 1, dtype=np.uint32)[:, None] * np.uint32(columns) + np.arange(
        columns - 1, dtype=np.uint32
    )
    # In the picture's axes y runs down; the renderer's runs up, which also turns the faces round.
    faces = np.empty((2, *corner.shape, 3), np.uint32)
    for half, steps in zip(faces, ((0, columns, columns + 1), (0, columns + 1, 1)), strict=True):
        for k, step in enumerate(steps):
            np.add(corner, np.uint32(step), out=half[..., k])
    flip = np.array([1, -1, 1], np.float32)
    index = 1.9 if reflectance < 0.88 else 0.35
    extinction = float(np.sqrt((reflectance * (index + 1) ** 2 - (index - 1) ** 2) / (1 - reflectance)))

    def map_of(name: str) -> dict[str, Any]:
        return {"type": "mesh_attribute", "name": f"vertex_{name}"}

    props = mi.Properties()
    props["bsdf"] = mi.load_dict({
        "type": "twosided",
        "material": {
            "type": "blendbsdf",
            "weight": map_of("cover"),
            "metal": {
                "type": "roughconductor", "distribution": "ggx", "alpha": map_of("alpha"),
                "eta": {"type": "rgb", "value": [index] * 3}, "k": {"type": "rgb", "value": [extinction] * 3},
            },
            "matt": {"type": "diffuse", "reflectance": map_of("albedo")},
        },
    })  # fmt: skip
    mesh = mi.Mesh("shank", points.size // 3, faces.size // 3, has_vertex_normals=True, props=props)
    mesh.add_attribute("vertex_alpha", 1, surface.alpha.ravel())
    mesh.add_attribute("vertex_cover", 1, np.clip(surface.cover, 0, 1).ravel())
    mesh.add_attribute("vertex_albedo", 3, np.repeat(surface.albedo.ravel(), 3))
    params = mi.traverse(mesh)
    params["vertex_positions"] = np.ascontiguousarray((points * flip).reshape(-1))
    params["vertex_normals"] = np.ascontiguousarray((normals * flip).reshape(-1))
    params["faces"] = faces.ravel()
    params.update()
    return mesh


def _scene(shape: ShankShape, surface: Surface, reflectance: float) -> Any:
    """The shank alone, in the dark until `_render` lights it."""
    mi = mitsuba()
    dark = np.zeros((LIGHT_MAP_HEIGHT, 2 * LIGHT_MAP_HEIGHT, 3), np.float32)
    return mi.load_dict(
        {
            "type": "scene",
            "integrator": {"type": "path", "max_depth": DEPTH},
            "shank": _body(shape, surface, reflectance),
            "light": {"type": "envmap", "bitmap": mi.Bitmap(dark + 1)},
        },
        optimize=False,
    )


def _render(scene: Any, radiance: NDArray, samples: int, seed: int, denoise: bool = True) -> NDArray[np.float32]:
    """Change the light and take the picture: the scene's search tree is built but once."""
    mi = mitsuba()
    params = mi.traverse(scene)
    # Mitsuba repeats columns beyond the seam, so that it can interpolate round it.
    more = params["light.data"].shape[1] - radiance.shape[1]
    radiance = np.pad(radiance, ((0, 0), (more - 1, 1), (0, 0)), mode="wrap").astype(np.float32)
    params["light.data"] = mi.TensorXf(np.ascontiguousarray(radiance))
    params.update()
    return picture(scene, CAMERA, samples, seed, denoise=denoise)
