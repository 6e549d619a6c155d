"""The command `loupebox gauge`: can this gauge be trusted with this tolerance?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from loupebox.station.gauge_document import Result, Study
    from loupebox.station.gauge_section import Section
    from loupebox.station.gauge_table import GaugeTable

STATUS = {"good": 0, "not acceptable": 1, "conditional": 2}  # as for pieces: pass, fail, review
WRONG = 4

gauge_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Gauge studies from a CSV file. Exit status: 0 good, 1 not acceptable, 2 conditional, 4 wrong usage or input.",
)


class Method(StrEnum):
    """How gauge R&R is worked out."""

    ANOVA = "anova"
    RANGE = "range"
    BOTH = "both"


File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV file with a header, UTF-8.")]
Json = Annotated[bool, typer.Option("--json", help="Print the whole study as JSON.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots.")]
About = Annotated[
    str, typer.Option("--about", help="What was read, with what, in which unit, by whom: stands on page and in JSON.")
]
Factor = Annotated[
    str | None, typer.Option(help="Column that says who or what read: appraiser, load, rotation, day, ...")
]


@gauge_app.command()
def type1(
    file: File,
    reference: Annotated[float, typer.Option(help="True value of the part.")],
    tolerance: Annotated[float, typer.Option(help="Upper minus lower limit of the characteristic.")],
    resolution: Annotated[float | None, typer.Option(help="Smallest step that the gauge shows.")] = None,
    json: Json = False,
    html: Html = None,
    about: About = "",
) -> int:
    """One part, read 25 times or more: column value."""
    from loupebox.calibration.gauge_type1 import type1_study
    from loupebox.station.gauge_other_sections import type1_section
    from loupebox.station.gauge_table import one_part_readings

    def study(table: GaugeTable) -> Worked:
        result = type1_study(one_part_readings(table), reference, tolerance, resolution)
        return ("part", "trial", "value"), [(result, type1_section(result))]

    return _tell("type1", file, study, json, html, about)


@gauge_app.command()
def rr(
    file: File,
    method: Annotated[Method, typer.Option(help="Analysis of variance, average and range, or both.")] = Method.ANOVA,
    tolerance: Annotated[float | None, typer.Option(help="Upper minus lower limit of the characteristic.")] = None,
    factor: Factor = None,
    json: Json = False,
    html: Html = None,
    about: About = "",
) -> int:
    """Crossed gauge R&R: columns part, appraiser (or another factor), value and, if it likes, trial."""
    from loupebox.calibration.gauge_anova import analyse_variance
    from loupebox.calibration.gauge_average_range import average_and_range
    from loupebox.station.gauge_crossed_section import anova_section, range_section
    from loupebox.station.gauge_table import crossed_study

    def study(table: GaugeTable) -> Worked:
        crossed = crossed_study(table, factor)
        results: list[tuple[Result, Section]] = []
        if method is not Method.RANGE:
            by_anova = analyse_variance(crossed, tolerance)
            results.append((by_anova, anova_section(by_anova)))
        if method is not Method.ANOVA:
            by_range = average_and_range(crossed, tolerance)
            results.append((by_range, range_section(by_range)))
        return ("part", "trial", "value", crossed.factor), results

    return _tell("rr", file, study, json, html, about)


@gauge_app.command()
def factors(
    file: File,
    factor: Annotated[
        list[str] | None, typer.Option(help="Column of a factor; several times. Without: all but part, trial, value.")
    ] = None,
    nested: Annotated[
        list[str] | None, typer.Option(metavar="FACTOR:PARENT,...", help="A factor that starts anew in others.")
    ] = None,
    tolerance: Annotated[float | None, typer.Option(help="Upper minus lower limit of the characteristic.")] = None,
    json: Json = False,
    html: Html = None,
    about: About = "",
) -> int:
    """Gauge R&R without appraisers: columns part, value, and factors such as load, rotation, day.

    Put each part in anew each day: --nested load:part,day.
    """
    from loupebox.calibration.gauge_factors import analyse_factors
    from loupebox.station.gauge_crossed_section import factor_section
    from loupebox.station.gauge_table import factor_study

    parents: dict[str, tuple[str, ...]] = {}
    for words in nested or ():
        child, colon, names = words.partition(":")
        if not (child.strip() and colon and names.strip()):
            raise _refused(f"--nested is '{words}'; allowed is a factor and its parents, such as load:part,day")
        parents[child.strip().lower()] = tuple(n.strip().lower() for n in names.split(","))

    def study(table: GaugeTable) -> Worked:
        wanted = factor_study(table, factor or (), parents)
        result = analyse_factors(wanted, tolerance)
        return ("trial", "value", *wanted.factors), [(result, factor_section(result))]

    return _tell("factors", file, study, json, html, about)


@gauge_app.command()
def linearity(file: File, json: Json = False, html: Html = None, about: About = "") -> int:
    """Parts of known size over the range of the gauge: columns part, reference, value."""
    from loupebox.calibration.gauge_linearity import linearity_study
    from loupebox.station.gauge_other_sections import linearity_section
    from loupebox.station.gauge_table import reference_parts

    def study(table: GaugeTable) -> Worked:
        result = linearity_study(reference_parts(table))
        return ("part", "reference", "trial", "value"), [(result, linearity_section(result))]

    return _tell("linearity", file, study, json, html, about)


@gauge_app.command()
def stability(file: File, json: Json = False, html: Html = None, about: About = "") -> int:
    """One part, read again over weeks: columns value and, if it likes, when (a date) or time (a number)."""
    from loupebox.calibration.gauge_stability import stability_study
    from loupebox.station.gauge_other_sections import stability_section
    from loupebox.station.gauge_table import one_part_readings, times

    def study(table: GaugeTable) -> Worked:
        at, unit = times(table)
        result = stability_study(one_part_readings(table), at, unit)
        return ("part", "when", "time", "value"), [(result, stability_section(result))]

    return _tell("stability", file, study, json, html, about)


@gauge_app.command()
def attribute(
    file: File,
    accept: Annotated[str, typer.Option(help="The call that lets a part go.")] = "PASS",
    factor: Factor = None,
    json: Json = False,
    html: Html = None,
    about: About = "",
) -> int:
    """Good or bad: columns part, appraiser (or another factor), call and, if it likes, trial and reference."""
    from loupebox.calibration.attribute_agreement import attribute_agreement
    from loupebox.station.gauge_other_sections import agreement_section
    from loupebox.station.gauge_table import attribute_study

    def study(table: GaugeTable) -> Worked:
        calls = attribute_study(table, factor, accept)
        result = attribute_agreement(calls)
        used = ("part", "trial", "call", "reference", calls.factor)
        return used, [(result, agreement_section(result))]

    return _tell("attribute", file, study, json, html, about)


@gauge_app.command()
def schema() -> int:
    """Print the JSON Schema of what --json prints."""
    import json

    from loupebox.station.gauge_document import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0


if TYPE_CHECKING:
    Worked = tuple[tuple[str, ...], list[tuple[Result, Section]]]


def _tell(
    study: Study, file: Path, work: Callable[[GaugeTable], Worked], json: bool, html: Path | None, about: str
) -> int:
    """Read, work out, print, and leave with the status that says what came out."""
    from loupebox.calibration.gauge_error import GaugeStudyError
    from loupebox.station.gauge_document import GaugeDocument
    from loupebox.station.gauge_page import gauge_page
    from loupebox.station.gauge_section import as_text, worst
    from loupebox.station.gauge_table import GaugeFileError, GaugeTable

    try:
        table = GaugeTable.read(file)
        used, worked = work(table)
    except GaugeFileError as error:
        raise _refused(str(error)) from None
    except GaugeStudyError as error:
        raise _refused(f"{file}: {error}") from None
    sections = tuple(section for _, section in worked)
    outcome = worst([section.outcome for section in sections])
    reason = next(section.reason for section in sections if section.outcome == outcome)
    document = GaugeDocument.of(study, table, used, outcome, reason, tuple(result for result, _ in worked), about)
    if html is not None:
        try:
            html.write_text(gauge_page(document, sections), encoding="utf-8")
        except OSError as error:
            raise _refused(f"{html}: cannot be written: {error.strerror}") from None
    if json:
        print(document.to_json())
    else:
        ignored = document.source.ignored_columns
        source = f"{file}, {document.source.readings} readings" + (f"; {about}" if about else "")
        print(as_text(source + (f"; not looked at: {', '.join(ignored)}" if ignored else ""), sections))
    raise typer.Exit(STATUS[outcome])


def _refused(sentence: str) -> typer.Exit:
    print(f"loupebox: {sentence}", file=sys.stderr)
    return typer.Exit(WRONG)
