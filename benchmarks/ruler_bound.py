"""The least standard deviation that any unbiased ruler can have: the Cramer-Rao bound of one blurred circle."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr


def diameter_bound_px(radius_px: float, blur_px: float, noise: float, bits: int = 8, contrast: float = 0.8) -> float:
    """Bound of the diameter in px, with centre, radius, blur and both levels unknown.

    The Fisher information J'J / v of all pixels within 60 px of the edge, inverted; those farther off tell but the
    levels, which these tell well enough. The noise is a part of the contrast; rounding to so many bits adds 1/12 of a
    step squared, the contrast being a part of full scale.
    """
    s = float(np.hypot(blur_px, 12**-0.5))
    reach = int(np.ceil(radius_px + 60))
    x, y = np.meshgrid(np.arange(-reach, reach + 1) + 0.31, np.arange(-reach, reach + 1) + 0.17)
    away = np.hypot(x, y)
    near = np.abs(away - radius_px) < 60
    u, c, d = (away[near] - radius_px) / s, x[near] / away[near], y[near] / away[near]
    bell = np.exp(-u * u / 2) / (s * np.sqrt(2 * np.pi))
    share = ndtr(-u)
    jacobian = np.column_stack([bell, bell * c, bell * d, bell * u, share, 1 - share])
    variance = noise**2 + 1 / 12 / ((2**bits - 1) * contrast) ** 2
    return 2 * float(np.sqrt(np.linalg.inv(jacobian.T @ jacobian / variance)[0, 0]))


if __name__ == "__main__":
    for case in ((0.7, 0.005), (1.0, 0.01), (1.5, 0.02)):
        print(*case, f"{1e3 * diameter_bound_px(600.0, *case):.3f}")
