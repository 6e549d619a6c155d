"""Measure rendered test heads with the shipped head-parts model, and print the figures beside the goals.

python benchmarks/heads.py --data DIR [--split test] [--most N]

DIR holds heads rendered by loupebox.models.training.heads (`models/training/README.md` says how); no torch is needed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from loupebox.inspect.head_thresholds import HeadThresholds
from loupebox.models.runner import Model
from loupebox.models.training.head_report import report
from loupebox.models.training.head_seeing import see_all

SHIPPED = Path(__file__).parents[1] / "models" / "head_parts.onnx"
GOALS = (
    ("missing_bent_or_short_by_0.35_mm_not_called_good", ">= 0.995"),
    ("missing_bent_or_short_by_0.35_mm_called_faulty", ">= 0.995"),
    ("lifted_beyond_0.2_mm_not_called_good", ">= 0.97"),
    ("lifted_beyond_0.2_mm_called_faulty", ">= 0.97"),
    ("good_called_faulty", "<= 0.002"),
    ("good_called_good", "nearly all"),
    ("made_as_drawn_called_good", "nearly all"),
)


def _share(found: dict[str, Any]) -> str:
    if not found["of"]:
        return "none of this kind"
    low, high = found["interval_95"]
    return f"{found['n']:4d} of {found['of']:4d} = {found['share']:.4f}  [{low:.4f}, {high:.4f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--most", type=int, default=1000)
    options = parser.parse_args()
    model = Model.load(SHIPPED)
    seen, ious = see_all(model, options.data / options.split, options.most)
    found = report(seen, ious, options.data / options.split, HeadThresholds.from_card(model.card))
    print(f"{options.split}: {found['heads']} heads, {found['prongs']} prongs; model {model.card.version}")
    for name, goal in GOALS:
        print(f"{name.replace('_', ' '):<52} {_share(found['goals'][name]):<44} goal {goal}")
    for name, row in found["errors_mm"].items():
        median, inside = row["expanded_uncertainty"]["median"], _share(row["inside_stated_interval"])
        print(f"{name:<20} U {median:.3f} mm (95 % of errors {row['size_of_95_percent']:.3f}), inside {inside}")
    print("goals: U <= 0.02 mm, 0.95 +- 0.02 inside")
    for name, curves in found["detection_by_size"].items():
        for how in ("not_passed", "called_faulty"):
            curve = curves[how]
            sizes = f"a90 {curve['a90_mm']} mm, a90/95 {curve['a90_95_mm']} mm"
            print(f"{name:<6} {how.replace('_', ' '):<14} {sizes}, largest missed {curve['largest_missed_mm']} mm")


if __name__ == "__main__":
    main()
