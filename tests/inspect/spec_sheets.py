"""A spec sheet to change in tests."""

from __future__ import annotations

SOLITAIRE = """
schema = 1
style = "SOL6"
revision = "A"
name = "Six-prong solitaire, 6.5 mm round"
family = "solitaire"
stage = "final"
approved_by = "A. Person"
approved_on = 2026-11-01

[[characteristic]]
name = "inner_diameter_mm"
nominal = 17.35
lower = 17.25
upper = 17.45
severity = "critical"

[[characteristic]]
name = "out_of_round_mm"
upper = 0.08
severity = "minor"

[head]
prong_count = 6
first_prong_deg = 30.0
stone_diameter_mm = 6.5
tip_height_mm = 1.10
prong_length_mm = { lower = 0.4, upper = 1.0 }
bend_mm = { upper = 0.25 }
lift_mm = { upper = 0.18 }

[zones]
shank = "A"

[[surface]]
zone = "A"
kind = "porosity"
ignore_below_mm = 0.05
largest_mm = 0.10
at_most = 1
"""


def changed(*replacements: tuple[str, str]) -> str:
    """The sheet with pieces of its text replaced; each must be there."""
    text = SOLITAIRE
    for old, new in replacements:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text
