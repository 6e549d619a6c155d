"""A surface model's card as one HTML page that needs nothing else: `python -m loupebox.models.training.card_page`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Annotated, Any

import typer
from scipy.special import expit

from loupebox.models.card import Card, parse_card

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 560, 300, 52, 44, 14, 16
ONE_SIDED_95 = 1.6449
STYLE = """body{margin:24px auto;max-width:1180px;padding:0 20px;font:15px/1.5 system-ui,sans-serif;color:#1a1c20;
background:#fffdf9}h1{font-size:24px}h2{font-size:19px;margin-top:32px}table{border-collapse:collapse;margin:10px 0}
th,td{padding:3px 18px 3px 0;border-bottom:1px solid #d6d0c2;text-align:left}figure{display:inline-block;margin:8px;
width:48%;min-width:330px}figcaption{color:#55585f;font-size:13px}svg{width:100%}svg text{font-size:11px;fill:#55585f}
.frame{fill:none;stroke:#d6d0c2}.grid{stroke:#e6e1d5}.curve{fill:none;stroke:#0b62a4;stroke-width:2}
.bound{fill:none;stroke:#0b62a4;stroke-dasharray:4 3}.bar{stroke:#b2500a}.dot{fill:#b2500a}.goal{stroke:#1b6542;
stroke-dasharray:2 3}"""
WORDS = {
    "porosity_size_mm": "Pores by size", "scratch_width_mm": "Scratches by width",
    "scratch_length_mm": "Scratches by length",
    "orange_peel_size_mm": "Orange peel by size", "dull_patch_size_mm": "Dull patches by size",
}  # fmt: skip


class Sheet:
    """Data coordinates on a plot whose y axis is a share from 0 to 1; x is logarithmic where `log`."""

    def __init__(self, low: float, high: float, log: bool) -> None:
        self.low, self.high, self.log, self.parts = low, high, log, [""]
        for share in (0, 0.25, 0.5, 0.75, 0.9, 1):
            y = self.y(share)
            self.parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            self.text(LEFT - 6, y + 4, f"{share:g}", "end")

    def x(self, value: float) -> float:
        low, high, at = (math.log(v) if self.log else v for v in (self.low, self.high, max(value, self.low)))
        return LEFT + (min(at, high) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, share: float) -> float:
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def text(self, x: float, y: float, words: str, anchor: str = "middle") -> None:
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>')

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        at = " ".join(f"{self.x(a):.1f},{self.y(b):.1f}" for a, b in points)
        self.parts.append(f'<polyline class="{kind}" points="{at}"/>')

    def share(self, x: float, row: dict[str, Any]) -> None:
        """A share as a dot with its interval."""
        low, high = row["wilson_95"]
        self.line([(x, low), (x, high)], "bar")
        note = f"{row['found']} of {row['of']}"
        self.parts.append(
            f'<circle class="dot" cx="{self.x(x):.1f}" cy="{self.y(row["found"] / row["of"]):.1f}" r="4">'
            f"<title>{note}</title></circle>"
        )
        self.text(self.x(x), HEIGHT - BOTTOM + 26, note)

    def tick(self, value: float, words: str) -> None:
        self.text(self.x(value), HEIGHT - BOTTOM + 13, words)

    def figure(self, title: str, caption: str) -> str:
        frame = (f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" '
                 f'height="{HEIGHT - BOTTOM - TOP}"/>')  # fmt: skip
        return (
            f'<figure><b>{escape(title)}</b><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape(title)}. {escape(caption)}">{frame}{"".join(self.parts)}</svg>'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )


def detection_figure(key: str, measured: dict[str, Any]) -> str:
    """Hits in bins with their intervals, the curve, and its one-sided lower bound."""
    bins, curve = measured["bins"], measured["curve"]
    middles = [math.sqrt(max(b["from"], 0.6 * b["below"]) * min(b["below"], 2.5 * max(b["from"], 1e-3))) for b in bins]
    sheet = Sheet(min(middles) * 0.7, max(middles) * 1.4, log=True)
    for middle, row in zip(middles, bins, strict=True):
        sheet.share(middle, row)
        sheet.tick(middle, f"{row['from']:g}-{row['below']:g}" if row["below"] < 9 else f"from {row['from']:g}")
    caption = f"{measured['found']} of {measured['of']} found. No curve: too few hits or misses, or no order in them."
    if curve is not None:
        steps = [sheet.low * (sheet.high / sheet.low) ** (k / 60) for k in range(61)]
        centre = [curve["intercept"] + curve["slope"] * math.log(s) for s in steps]
        (a, b), (_, c) = curve["covariance"]
        spread = [math.sqrt(max(a + 2 * b * math.log(s) + c * math.log(s) ** 2, 0)) for s in steps]
        sheet.line([(s, float(expit(m))) for s, m in zip(steps, centre, strict=True)], "curve")
        lower = [float(expit(m - ONE_SIDED_95 * w)) for m, w in zip(centre, spread, strict=True)]
        sheet.line(list(zip(steps, lower, strict=True)), "bound")
        sure = "nowhere" if curve["a90_95"] is None else f"{curve['a90_95']:g} mm"
        caption = f"{measured['found']} of {measured['of']} found; a90 {curve['a90']:g} mm, a90/95 {sure}."
    return sheet.figure(f"{WORDS.get(key, key)}, mm", caption)


def reliability_figure(rows: Sequence[dict[str, Any]]) -> str:
    """What a score is worth: the share of regions of that score that lay on a defect of their class."""
    sheet = Sheet(0.4, 1.0, log=False)
    sheet.line([(0.4, 0.4), (1, 1)], "goal")
    for row in rows:
        sheet.share(row["mean_score"], row)
        sheet.tick(row["mean_score"], f"{row['mean_score']:.2f}")
    caption = "Regions of that score that lay on a defect of their class, whatever the threshold of the class."
    return sheet.figure("What a score means", caption)


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    cells = "".join(f"<tr>{''.join(f'<td>{escape(str(c))}</td>' for c in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{escape(h)}</th>' for h in head)}</tr>{cells}</table>"


def of(row: dict[str, Any] | None) -> str:
    return "" if row is None else f"{row['found']} of {row['of']}"


def split_section(title: str, measured: dict[str, Any]) -> str:
    """All that was measured on one split."""
    parts = [f"<h2>{escape(title)}: {measured['views']} views as they come, {measured['area_cm2']} cm² of metal, and "
             f"{measured['crowded_views']} crowded ones</h2>"]  # fmt: skip
    parts += [detection_figure(key, m) for key, m in measured["detection"].items()]
    parts.append(reliability_figure(measured["reliability"]))
    rows = [[name, f["true"], f["confused"], f["false"], f["false_per_cm2"], "{} to {}".format(*f["poisson_95"]),
             of(f["views_with_a_false_one"])] for name, f in measured["findings"].items()]  # fmt: skip
    parts.append(table(["Findings of", "true", "another kind", "false", "false per cm²", "95 %", "views spoilt"], rows))
    for key, groups in measured["by"].items():
        rows = [[name, g["views"], g["false"], g["false_per_cm2"], "{} to {}".format(*g["poisson_95"]),
                 of(g.get("porosity")), of(g.get("scratch")), of(g.get("orange_peel")), of(g.get("dull_patch"))]
                for name, g in groups.items()]  # fmt: skip
        head = [f"By {key}", "views", "false", "per cm²", "95 %", "pores", "scratches", "orange peel", "dull patches"]
        parts.append(table(head, rows))
    return "".join(parts)


def page(card: Card) -> str:
    """The card as HTML, without script or address."""
    measured: dict[str, Any] = dict(card.measured)
    sections = [
        split_section(title, measured[key])
        for key, title in (
            ("test", "Test"), ("validation", "Validation"), ("validation_shaded", "Validation, shaded in 2.5D")
        )
        if measured.get(key, {}).get("detection")
    ]  # fmt: skip
    facts = [["Weights", f"{card.file}, sha256 {card.sha256}"], ["Trained on", card.trained_on],
             ["Licence", card.licence], ["Scale", f"{card.um_per_px:g} µm/px"],
             ["Thresholds", ", ".join(f"{k} {v:g}" for k, v in card.thresholds.items())],
             ["Chosen for", f"{measured.get('false_per_cm2_allowed_on_validation')} false findings a class and cm², "
              f"counted on {measured.get('thresholds_chosen_on_cm2')} cm² of validation"]]  # fmt: skip
    title = escape(f"Model {card.name} {card.version}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{title}</title><style>{STYLE}</style></head>"
        f"<body><h1>{title}</h1>{table(['Card', ''], facts)}{''.join(sections)}</body></html>\n"
    )


def main(
    card: Annotated[Path, typer.Argument(help="A surface.card.json.")],
    out: Annotated[Path, typer.Option(help="The HTML file to write.")],
) -> None:
    """Draw what a card says."""
    out.write_text(page(parse_card(card.read_text(), card.name)))


if __name__ == "__main__":
    typer.run(main)
