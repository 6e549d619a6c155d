"""Measure rendered test views with a surface model, and print the figures beside the goals.

python benchmarks/surface.py --data DIR [--model models/surface.onnx] [--split test]

DIR holds views made by loupebox.models.training.surface_data (`models/training/README.md` says how); no torch needed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from loupebox.models.runner import Model
from loupebox.models.training.surface_data import RENDERED, Split
from loupebox.models.training.surface_judging import judge_all
from loupebox.models.training.surface_report import report

SHIPPED = Path(__file__).parents[1] / "models" / "surface.onnx"
GOALS = {"porosity_size_mm": 0.045, "scratch_width_mm": 0.015}


def _share(row: dict[str, Any]) -> str:
    return "{:3d} of {:3d} [{:.3f}, {:.3f}]".format(row["found"], row["of"], *row["wilson_95"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--split", type=Split, default=Split.test)
    options = parser.parse_args()
    model = Model.load(options.model)
    found = report(judge_all(model, options.data, options.split, RENDERED), dict(model.card.thresholds))
    print(f"model {model.card.version}, {options.split.value}: {found['views']} views as they come, "
          f"{found['area_cm2']} cm2, and {found['crowded_views']} crowded ones")  # fmt: skip
    for name, row in found["detection"].items():
        curve = row["curve"]
        sizes = f"a90 {curve['a90']} mm, a90/95 {curve['a90_95']} mm" if curve else "no curve"
        goal = f"   goal a90/95 <= {GOALS[name]} mm" if name in GOALS else ""
        print(f"{name:<20} {_share(row)}   {sizes}{goal}")
        for one in row["bins"]:
            print(f"    {one['from']:6.3f} to {one['below']:6.3f}   {_share(one)}")
    for name, row in found["findings"].items():
        print(f"{name:<12} true {row['true']}, confused {row['confused']}, false {row['false']} = "
              f"{row['false_per_cm2']} per cm2 {row['poisson_95']}   goal <= 0.05")  # fmt: skip


if __name__ == "__main__":
    main()
