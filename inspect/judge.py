"""The verdict on a piece: everything that was found, held against its spec sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loupebox.calibration.estimate import Estimate
from loupebox.inspect.finding import Finding, FindingKind, Zone
from loupebox.inspect.measurement import Measurement, MeasurementResult, Unmeasurable
from loupebox.inspect.prong import Prong
from loupebox.inspect.ring_size import sizes
from loupebox.inspect.spec import Characteristic, Head, SpecDraft, Stone, SurfaceKind, SurfaceRule
from loupebox.inspect.stone_map import seats_of
from loupebox.inspect.verdict import Check, Judgement, Limits, Verdict, conformance_probability, judge_estimate

LABELS = {
    "inner_diameter_mm": "Inner diameter",
    "out_of_round_mm": "Out of round",
    "roundness_mm": "Roundness",
    "outer_diameter_mm": "Outer diameter",
    "shank_width_mm": "Shank width",
    "shank_widest_mm": "Shank width at its widest",
    "shank_thickness_mm": "Shank thickness",
    "shank_thickest_mm": "Shank thickness at its thickest",
    "shank_symmetry_mm": "Shank symmetry",
    "length_mm": "Length",
    "width_mm": "Width",
    "left_length_mm": "Left earring's length",
    "left_width_mm": "Left earring's width",
    "right_length_mm": "Right earring's length",
    "right_width_mm": "Right earring's width",
    "pair_length_difference_mm": "Difference in length",
    "pair_width_difference_mm": "Difference in width",
    "pair_mirror_mm": "Deviation from the mirror image",
    "stone_diameter_mm": "Stone diameter",
    "stone_offset_mm": "Stone offset",
    "stone_widest_mm": "Stone diameter at its widest",
    "stone_narrowest_mm": "Stone diameter at its narrowest",
    "stone_tilt_deg": "Stone tilt",
    "table_offset_mm": "Table offset",
    "prong_spacing_deg": "Unevenness of the prongs' spacing",
}
OF_A_PRONG = {"tip_width_mm": "tip width", "height_percent": "height", "contact_percent": "contact"}
RULE_OF: dict[FindingKind, SurfaceKind] = {
    "gas_porosity": "porosity",
    "shrinkage_porosity": "porosity",
    "scratch": "scratch",
    "orange_peel": "orange_peel",
    "dull_patch": "dull_patch",
}
ONE_AND_MANY: dict[SurfaceKind, tuple[str, str]] = {
    "porosity": ("pore", "pores"),
    "scratch": ("scratch", "scratches"),
    "orange_peel": ("patch of orange peel", "patches of orange peel"),
    "dull_patch": ("dull patch", "dull patches"),
}


def judge(
    spec: SpecDraft,
    measurements: Sequence[MeasurementResult],
    prongs: Sequence[Prong] | None,
    findings: Sequence[Finding] | None,
) -> Judgement:
    """Hold a piece against its spec sheet.

    Parameters
    ----------
    spec : SpecDraft
        An approved sheet, or a draft that is tried on what was measured before.
    measurements : sequence of MeasurementResult
        A characteristic of the sheet that is not among them, or is there as Unmeasurable, gives REVIEW; a measurement
        that the sheet does not name is not judged.
    prongs : sequence of Prong or None
        None or none when the head was not looked at or not understood: REVIEW if the sheet has one.
    findings : sequence of Finding or None
        None when the surface was not looked at: REVIEW for each rule of the sheet, with the reason of an Unmeasurable
        called "surface" where there is one.

    Returns
    -------
    Judgement
        One check for each characteristic, for each seat of a stone that was looked at, for the number of prongs unless
        one is missing or unsure, for each prong, for each of its limited measures, for each surface rule, and for each
        kind and zone that has findings and no rule; in the order of the sheet.
    """
    by_name = {m.name: m for m in measurements}
    checks = [_characteristic(c, by_name.get(c.name)) for c in spec.characteristic]
    if spec.head is not None:
        checks += _seats(spec.head, spec.stone, by_name)
        checks += _prongs(spec.head, prongs or (), by_name.get("prong_count"))
        checks += _of_each_prong(spec.head, by_name)
    checks += [_surface(rule, findings, by_name.get("surface")) for rule in spec.surface]
    checks += _without_rule(spec, findings or ())
    return Judgement(tuple(checks))


def _characteristic(wanted: Characteristic, found: MeasurementResult | None) -> Check:
    check = _within(wanted.name, LABELS[wanted.name], wanted.limits, found)
    if wanted.name == "inner_diameter_mm" and check.verdict is Verdict.FAIL and check.estimate is not None:
        apart = _sizes_apart(check.estimate.value, wanted.nominal)
        return replace(check, reason=f"{check.reason.removesuffix('.')}{apart}.")
    return check


def _within(name: str, label: str, limits: Limits, found: MeasurementResult | None) -> Check:
    """What was measured, or was not, held against its limits."""
    if found is None:
        return Check(name, Verdict.REVIEW, f"{label} was not measured; please measure it by hand.", None, limits)
    if not isinstance(found, Measurement):
        return Check(name, Verdict.REVIEW, f"{label} cannot be measured because {found.reason}.", None, limits)
    estimate = found.estimate
    verdict = judge_estimate(estimate, limits)
    sentence = f"{label} {written(estimate)} {_against(estimate, limits, verdict)}."
    return Check(name, verdict, sentence, estimate, limits, conformance_probability(estimate, limits))


def written(estimate: Estimate) -> str:
    """A value as people write it: "17.147 ± 0.004 mm", the uncertainty expanded.

    >>> written(Estimate(2.5, "mm"))
    '2.500 ± 0.000 mm'
    """
    places = 3 if estimate.unit == "mm" else 2
    unit = "" if estimate.unit == "1" else f" {estimate.unit}"
    return f"{estimate.value:.{places}f} ± {estimate.expanded_uncertainty:.{places}f}{unit}"


def _against(estimate: Estimate, limits: Limits, verdict: Verdict) -> str:
    """The rest of a sentence on a value and its limits."""
    unit = "" if estimate.unit == "1" else f" {estimate.unit}"
    low, high = estimate.interval
    if verdict is Verdict.PASS:
        if limits.lower is None:
            return f"is not above the upper limit {limits.upper:.3f}{unit}"
        if limits.upper is None:
            return f"is not below the lower limit {limits.lower:.3f}{unit}"
        return f"is within {limits.lower:.3f} to {limits.upper:.3f}{unit}"
    if verdict is Verdict.FAIL:
        if limits.upper is not None and low > limits.upper:
            return f"is above the upper limit {limits.upper:.3f}{unit}"
        return f"is below the lower limit {limits.lower:.3f}{unit}"
    near: list[str] = []
    if limits.lower is not None and low < limits.lower <= high:
        near.append(f"the lower limit {limits.lower:.3f}{unit}")
    if limits.upper is not None and low <= limits.upper < high:
        near.append(f"the upper limit {limits.upper:.3f}{unit}")
    return f"is too close to {' and '.join(near)} to decide"


def _sizes_apart(found_mm: float, nominal_mm: float | None) -> str:
    if nominal_mm is None or not (5 <= found_mm <= 50 and 5 <= nominal_mm <= 50):
        return ""
    found, nominal = sizes(found_mm).us, sizes(nominal_mm).us
    return f" (US {found} instead of {nominal})" if found != nominal else ""


def _seats(head: Head, stones: Sequence[Stone], by_name: Mapping[str, MeasurementResult]) -> list[Check]:
    """One for each seat that was looked at; what was recorded before seats were looked at has none."""
    checks: list[Check] = []
    for seat in seats_of(head, stones):
        name = f"stone_{seat.number}_present"
        found = by_name.get(name)
        if isinstance(found, Unmeasurable):
            sentence = f"Whether the stone '{seat.name}' is there cannot be told because {found.reason}."
            checks.append(Check(name, Verdict.REVIEW, sentence))
        elif found is not None and found.estimate.value < 0.5:
            checks.append(Check(name, Verdict.FAIL, f"The stone '{seat.name}' is missing from its seat."))
        elif found is not None:
            checks.append(Check(name, Verdict.PASS, f"The stone '{seat.name}' is in its seat."))
    return checks


def _of_each_prong(head: Head, by_name: Mapping[str, MeasurementResult]) -> list[Check]:
    """What the sheet limits of each prong beside its state; heights and contacts are often for a person to judge."""
    return [
        _within(name, f"Prong {index} {OF_A_PRONG[what]}", limits, by_name.get(name))
        for what, limits in head.of_each_prong.items()
        for index in range(1, head.prong_count + 1)
        for name in [f"prong_{index}_{what}"]
    ]


def _prongs(head: Head, prongs: Sequence[Prong], count: MeasurementResult | None) -> list[Check]:
    if not prongs:
        because = f"because {count.reason}" if isinstance(count, Unmeasurable) else "because they were not looked at"
        sentence = f"The prongs cannot be judged {because}; please check them by hand."
        return [Check("prong_count", Verdict.REVIEW, sentence)]
    checks = [_prong(p) for p in prongs]
    if len(prongs) != head.prong_count:
        sentence = f"{_count(len(prongs), 'prong', 'prongs')} judged, {head.prong_count} are on the spec sheet."
        return [Check("prong_count", Verdict.FAIL, sentence), *checks]
    if any(p.state in ("missing", "unsure") for p in prongs):
        # The prong in question says so itself; a second check would make one defect look like two.
        return checks
    return [Check("prong_count", Verdict.PASS, f"All {head.prong_count} prongs found."), *checks]


def _prong(prong: Prong) -> Check:
    name, where = f"prong_{prong.index}", f"Prong {prong.index} at {prong.angle_deg:.0f}°"
    if prong.state == "good":
        seen = [
            f"{word} {written(value)}"
            for word, value in (("length", prong.length_mm), ("bend", prong.bend_mm), ("lift", prong.lift_mm))
            if value is not None
        ]
        return Check(name, Verdict.PASS, f"{where} is good" + (f": {', '.join(seen)}." if seen else "."))
    because = f": {prong.reason.rstrip('.')}." if prong.reason else "."
    if prong.state == "unsure":
        return Check(name, Verdict.REVIEW, f"{where} needs a look{because}")
    return Check(name, Verdict.FAIL, f"{where} is {prong.state}{because}")


def _surface(rule: SurfaceRule, findings: Sequence[Finding] | None, told: MeasurementResult | None) -> Check:
    name = f"{rule.kind} zone {rule.zone}"
    one, many = ONE_AND_MANY[rule.kind]
    if findings is None:
        because = f" because {told.reason}" if isinstance(told, Unmeasurable) else ""
        sentence = f"The surface in zone {rule.zone} was not inspected for {many}{because}; please look at it by hand."
        return Check(name, Verdict.REVIEW, sentence)
    mine = [f.size_mm for f in findings if RULE_OF[f.kind] == rule.kind and f.zone == rule.zone]
    # A size counts for certain, perhaps, or not at all, by its coverage interval; the same with the largest size.
    counted = [s for s in mine if s.interval[0] >= rule.ignore_below_mm]
    perhaps = [s for s in mine if s.interval[0] < rule.ignore_below_mm <= s.interval[1]]
    largest = max((*counted, *perhaps), key=lambda s: s.value, default=None)
    some = f"{_count(rule.at_most, one, many)} of up to {rule.largest_mm:.2f} mm" if rule.at_most else "none"
    limits = f"allowed in zone {rule.zone}: {some}"
    if largest is None:
        return Check(name, Verdict.PASS, f"No {one} of {rule.ignore_below_mm:.2f} mm or more ({limits}).")
    seen = f"{_count(len(counted) + len(perhaps), one, many).capitalize()}, the largest {written(largest)}"
    too_large = max((s.interval[0] for s in counted), default=0.0) > rule.largest_mm
    if too_large or len(counted) > rule.at_most:
        return Check(name, Verdict.FAIL, f"{seen}; {limits}.")
    if max(s.interval[1] for s in (*counted, *perhaps)) > rule.largest_mm:
        return Check(name, Verdict.REVIEW, f"{seen}, too close to the largest size to decide; {limits}.")
    if len(counted) + len(perhaps) > rule.at_most:
        sentence = (
            f"{seen}, {len(perhaps)} of a size around {rule.ignore_below_mm:.2f} mm that may not count; {limits}."
        )
        return Check(name, Verdict.REVIEW, sentence)
    return Check(name, Verdict.PASS, f"{seen}; {limits}.")


def _without_rule(spec: SpecDraft, findings: Sequence[Finding]) -> list[Check]:
    groups: dict[tuple[SurfaceKind, Zone], list[Finding]] = {}
    for finding in findings:
        kind = RULE_OF[finding.kind]
        if spec.rule(finding.zone, kind) is None:
            groups.setdefault((kind, finding.zone), []).append(finding)
    checks: list[Check] = []
    for (kind, zone), group in sorted(groups.items()):
        largest = max((f.size_mm for f in group), key=lambda s: s.value)
        seen = f"{_count(len(group), *ONE_AND_MANY[kind]).capitalize()}, the largest {written(largest)}"
        sentence = f"{seen}, in zone {zone}: the spec sheet has no rule for it."
        checks.append(Check(f"{kind} zone {zone}", Verdict.REVIEW, sentence))
    return checks


def _count(number: int, one: str, many: str) -> str:
    return f"{'no' if number == 0 else number} {one if number == 1 else many}"
