"""Plots of gauge studies as SVG of our own: no script, no address, readable in print and in the dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

WIDTH, HEIGHT = 620, 290
LEFT, RIGHT, TOP, BOTTOM = 76, 84, 14, 54
LONGEST_LABEL = 16


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture with its title and what it shows in words."""

    title: str
    caption: str
    svg: str


@dataclass(frozen=True, slots=True)
class Line:
    """A horizontal line over a whole plot."""

    value: float
    label: str
    kind: str = "centre"  # centre, limit or zero


@dataclass(frozen=True, slots=True)
class Interval:
    """One row of an interval plot; no value when nothing was counted."""

    label: str
    value: float | None
    low: float
    high: float


@dataclass(slots=True)
class Canvas:
    """Data coordinates on a sheet of fixed size; elements are collected in drawing order."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    parts: list[str] = field(default_factory=list)
    named_up_to_px: float = 0.0

    def x(self, value: float) -> float:
        return LEFT + (value - self.x_low) / (self.x_high - self.x_low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (value - self.y_low) / (self.y_high - self.y_low) * (HEIGHT - TOP - BOTTOM)

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        at = " ".join(f"{self.x(a):.1f},{self.y(b):.1f}" for a, b in points)
        self.parts.append(f'<polyline class="{kind}" points="{at}"/>')

    def area(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        at = " ".join(f"{self.x(a):.1f},{self.y(b):.1f}" for a, b in points)
        self.parts.append(f'<polygon class="{kind}" points="{at}"/>')

    def dot(self, x: float, y: float, kind: str, note: str = "") -> None:
        title = f"<title>{escape(note)}</title>" if note else ""
        self.parts.append(f'<circle class="{kind}" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="3.2">{title}</circle>')

    def text(self, px: float, py: float, words: str, kind: str = "tick", anchor: str = "middle") -> None:
        self.parts.append(
            f'<text class="{kind}" x="{px:.1f}" y="{py:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    def x_names(self, names: Sequence[str], at: Sequence[float], room_px: float | None = None) -> None:
        """Names under the axis, as many as there is room for."""
        if not names:
            return
        room = room_px if room_px is not None else (WIDTH - LEFT - RIGHT) / len(names)
        widest = max(len(shortened(n)) for n in names) * 6.2 + 6
        every = max(1, math.ceil(widest / room))
        for name, x in list(zip(names, at, strict=True))[::every]:
            half = len(shortened(name)) * 3.1 + 3
            if self.x(x) - half >= self.named_up_to_px:
                self.text(self.x(x), HEIGHT - BOTTOM + 15, shortened(name))
                self.named_up_to_px = self.x(x) + half

    def y_axis(self, label: str) -> None:
        values, decimals = ticks(self.y_low, self.y_high)
        for value in values:
            self.line([(self.x_low, value), (self.x_high, value)], "grid")
            self.text(LEFT - 6, self.y(value) + 4, f"{value:.{decimals}f}", anchor="end")
        middle = (TOP + HEIGHT - BOTTOM) / 2
        self.parts.append(
            f'<text class="label" transform="translate(11 {middle:.1f}) rotate(-90)" text-anchor="middle">'
            f"{escape(label)}</text>"
        )

    def lines(self, lines: Sequence[Line]) -> None:
        """Horizontal lines, each with its label at the right; labels that would collide move apart."""
        last = math.inf
        for line in sorted(lines, key=lambda one: one.value):
            self.line([(self.x_low, line.value), (self.x_high, line.value)], line.kind)
            last = min(self.y(line.value) + 4, last - 12)
            self.text(WIDTH - RIGHT + 4, last, line.label, anchor="start")

    def plot(self, title: str, caption: str, x_label: str) -> Plot:
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_label, "label")
        frame = (
            f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" '
            f'height="{HEIGHT - TOP - BOTTOM}"/>'
        )
        svg = (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label={quoteattr(f"{title}. {caption}")}>'
            f"{frame}{''.join(self.parts)}</svg>"
        )
        return Plot(title, caption, svg)


def shortened(name: str) -> str:
    return name if len(name) <= LONGEST_LABEL else name[: LONGEST_LABEL - 1] + "…"


def ticks(low: float, high: float, about: int = 6) -> tuple[list[float], int]:
    """Round numbers inside a range, and the decimals that they need."""
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = next(d for d in range(16) if abs(round(step, d) - step) < 1e-6 * step)
    return [k * step + 0.0 for k in range(first, last + 1)], decimals


def padded(values: Sequence[float], *, from_zero: bool = False) -> tuple[float, float]:
    """A range with a little room around the values, never empty."""
    low, high = min(values), max(values)
    if from_zero:
        low = min(0.0, low)
    room = 0.06 * (high - low) or max(abs(high), 1e-6) * 0.05
    return (low if from_zero and low == 0 else low - room), high + room


def run_chart(
    title: str,
    caption: str,
    y_label: str,
    groups: Sequence[tuple[str, Sequence[str], Sequence[float]]],
    lines: Sequence[Line],
    limits: tuple[float, float],
    x_label: str,
) -> Plot:
    """Values in order, group beside group; what lies outside the limits stands out."""
    shown = [v for _, _, values in groups for v in values] + [line.value for line in lines]
    count = sum(len(values) for _, _, values in groups)
    canvas = Canvas(-0.7, count - 0.3, *padded(shown, from_zero=limits[0] == 0))
    canvas.y_axis(y_label)
    start = 0
    for name, labels, values in groups:
        xs = [float(start + i) for i in range(len(values))]
        if start:
            canvas.line([(start - 0.5, canvas.y_low), (start - 0.5, canvas.y_high)], "divide")
        canvas.line(list(zip(xs, values, strict=True)), "trace")
        for x, label, value in zip(xs, labels, values, strict=True):
            out = not limits[0] <= value <= limits[1]
            canvas.dot(x, value, "out" if out else "dot", f"{name} {label}: {value:.5g}".strip())
        canvas.x_names(labels, xs, (WIDTH - LEFT - RIGHT) / count)
        if name:
            canvas.text(canvas.x((xs[0] + xs[-1]) / 2), HEIGHT - BOTTOM + 29, shortened(name), "group")
        start += len(values)
    canvas.lines(lines)
    return canvas.plot(title, caption, x_label)


def points_by(
    title: str, caption: str, y_label: str, names: Sequence[str], values: Sequence[Sequence[float]], x_label: str
) -> Plot:
    """All readings above their name, the averages joined."""
    canvas = Canvas(-0.7, len(names) - 0.3, *padded([v for column in values for v in column]))
    canvas.y_axis(y_label)
    at = [float(i) for i in range(len(names))]
    for x, name, column in zip(at, names, values, strict=True):
        for value in column:
            canvas.dot(x, value, "faint", f"{name}: {value:.5g}")
    canvas.line([(x, sum(c) / len(c)) for x, c in zip(at, values, strict=True)], "trace")
    canvas.x_names(names, at)
    return canvas.plot(title, caption, x_label)


def interaction(
    title: str,
    caption: str,
    y_label: str,
    names: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
    x_label: str,
) -> Plot:
    """One line for each series; parallel lines mean no interaction."""
    canvas = Canvas(-0.7, len(names) - 0.3, *padded([v for _, values in series for v in values]))
    canvas.y_axis(y_label)
    at = [float(i) for i in range(len(names))]
    for k, (name, values) in enumerate(series):
        canvas.line(list(zip(at, values, strict=True)), f"series s{k % 6}")
        for x, label, value in zip(at, names, values, strict=True):
            canvas.dot(x, value, f"mark m{k % 6}", f"{name}, {label}: {value:.5g}")
        row = TOP + 12 + 16 * k
        if row < HEIGHT - BOTTOM:
            canvas.parts.append(
                f'<line class="series s{k % 6}" x1="{WIDTH - RIGHT + 6}" x2="{WIDTH - RIGHT + 24}" '
                f'y1="{row - 4}" y2="{row - 4}"/>'
            )
            canvas.text(WIDTH - RIGHT + 28, row, name if len(name) < 9 else name[:7] + "…", anchor="start")
    canvas.x_names(names, at)
    return canvas.plot(title, caption, x_label)


def bars(
    title: str,
    caption: str,
    y_label: str,
    names: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
) -> Plot:
    """Bars from zero, a group for each name."""
    canvas = Canvas(-0.5, len(names) - 0.5, *padded([v for _, values in series for v in values], from_zero=True))
    canvas.y_axis(y_label)
    width = 0.8 / len(series)
    for k, (name, values) in enumerate(series):
        for i, value in enumerate(values):
            left = i - 0.4 + k * width
            corners = [(left, 0.0), (left, value), (left + width * 0.9, value), (left + width * 0.9, 0.0)]
            canvas.area(corners, f"bar b{k % 6}")
            canvas.text(canvas.x(left + width * 0.45), canvas.y(value) - 3, f"{value:.1f}", "small")
        row = TOP + 12 + 16 * k
        canvas.parts.append(
            f'<rect class="bar b{k % 6}" x="{WIDTH - RIGHT + 5}" y="{row - 9}" width="10" height="10"/>'
        )
        canvas.text(WIDTH - RIGHT + 19, row, name, anchor="start")
    canvas.x_names(names, [float(i) for i in range(len(names))])
    return canvas.plot(title, caption, "")


def band(
    title: str,
    caption: str,
    y_label: str,
    x_label: str,
    points: Sequence[tuple[float, float]],
    curve: Sequence[tuple[float, float, float, float]],
) -> Plot:
    """Points with a fitted line and its band; the line of zero for comparison."""
    ys = [y for _, y in points] + [v for row in curve for v in row[2:]] + [0.0]
    canvas = Canvas(*padded([x for x, _ in points]), *padded(ys))
    canvas.y_axis(y_label)
    values, decimals = ticks(canvas.x_low, canvas.x_high)
    canvas.x_names([f"{v:.{decimals}f}" for v in values], values)
    canvas.area([(x, low) for x, _, low, _ in curve] + [(x, high) for x, _, _, high in reversed(curve)], "band")
    for x, y in points:
        canvas.dot(x, y, "faint", f"{x:.5g}: {y:.4g}")
    canvas.line([(x, y) for x, y, _, _ in curve], "trace")
    canvas.lines([Line(0.0, "no bias", "limit")])
    return canvas.plot(title, caption, x_label)


def intervals(title: str, caption: str, x_label: str, rows: Sequence[Interval], low: float, high: float) -> Plot:
    """Values with their intervals, one below the other."""
    left, step = 190, 24
    height = TOP + step * len(rows) + BOTTOM
    parts: list[str] = []

    def x(value: float) -> float:
        return left + (min(max(value, low), high) - low) / (high - low) * (WIDTH - left - 30)

    bottom = height - BOTTOM
    values, decimals = ticks(low, high)
    for value in values:
        parts.append(f'<line class="grid" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{TOP}" y2="{bottom}"/>')
        parts.append(
            f'<text class="tick" x="{x(value):.1f}" y="{bottom + 15}" text-anchor="middle">{value:.{decimals}f}</text>'
        )
    for i, row in enumerate(rows):
        y = TOP + step * (i + 0.5)
        words = row.label if len(row.label) <= 28 else row.label[:27] + "…"
        parts.append(f'<text class="tick" x="{left - 8}" y="{y + 4}" text-anchor="end">{escape(words)}</text>')
        if row.value is None:
            parts.append(f'<text class="tick" x="{left + 8}" y="{y + 4}">nothing counted</text>')
            continue
        parts.append(f'<line class="reach" x1="{x(row.low):.1f}" x2="{x(row.high):.1f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="dot" cx="{x(row.value):.1f}" cy="{y}" r="4"/>')
    middle = (left + WIDTH - 30) / 2
    parts.append(f'<text class="label" x="{middle}" y="{height - 8}" text-anchor="middle">{escape(x_label)}</text>')
    svg = f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label={quoteattr(f"{title}. {caption}")}>'
    return Plot(title, caption, f"{svg}{''.join(parts)}</svg>")
