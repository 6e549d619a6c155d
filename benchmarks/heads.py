"""Measure rendered test heads with the shipped head-parts model, and print the figures beside the goals.

python benchmarks/heads.py --data DIR [--split test] [--most N]

DIR holds heads rendered by loupebox.models.training.heads (`models/training/README.md` says how); no torch is needed.
About two seconds a head on one free core. Intervals are exact (Clopper and Pearson), 95 %.
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
    ("good_called_faulty", "<= 0.002 of >= 1500 prongs"),
    ("good_called_good", "nearly all"),
    ("made_as_drawn_called_good", "nearly all"),
    ("stone_missing_called_missing", ">= 0.995"),
    ("stone_missing_not_passed", ">= 0.995"),
    ("stone_there_called_missing", "none"),
    ("stone_tilted_by_4_deg_not_passed", ">= 0.995"),
    ("stone_tilted_by_4_deg_called_tilted", ">= 0.995"),
    ("stone_level_called_tilted", "none"),
    ("stone_level_passed", "nearly all"),
)
U_GOALS = {"stone_diameter_mm": 0.02, "length_mm": 0.02, "bend_mm": 0.02}


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
    if not seen:
        raise SystemExit(f"{options.data / options.split} holds no finished heads; render some first")
    found = report(seen, ious, options.data / options.split, HeadThresholds.from_card(model.card))
    print(f"{options.split}: {found['heads']} heads, {found['prongs']} prongs; model {model.card.version}")
    for name, goal in GOALS:
        print(f"{name.replace('_', ' '):<52} {_share(found['goals'][name]):<44} goal {goal}")
    for true, row in found["states"].items():
        print(f"truly {true:<8} {row['of']:4d}: " + ", ".join(f"{n} {state}" for state, n in row["found"].items()))
    for name, row in found["errors_mm"].items():
        median, inside = row["expanded_uncertainty"]["median"], _share(row["inside_stated_interval"])
        unit = "deg" if name.endswith("_deg") else "%" if name.endswith("_percent") else "mm"
        goal = f"goal U <= {U_GOALS[name]}, " if name in U_GOALS else ""
        print(
            f"{name:<20} U {median:.4f} {unit} (95 % of errors {row['size_of_95_percent']:.4f}, "
            f"mean {row['mean']:+.4f}), inside {inside}  {goal}0.95 +- 0.02 inside"
        )
    for name, curves in found["detection_by_size"].items():
        for how in ("not_passed", "called_faulty"):
            curve = curves[how]
            sizes = f"a90 {curve['a90_mm']} mm, a90/95 {curve['a90_95_mm']} mm"
            limit = f"limit {curves['limit_mm']} mm, {curves['n']} prongs, {curves['not_measured']} not measured"
            missed = f"largest missed {curve['largest_missed_mm']} mm"
            print(f"{name:<6} {how.replace('_', ' '):<14} {sizes}, {missed}; {limit}")
    for key, kinds in found["by_kind"].items():
        for kind, row in kinds.items():
            print(f"{key} {kind:<18} {row['heads']:4d} heads, good called good {_share(row['good_called_good'])}")


if __name__ == "__main__":
    main()
