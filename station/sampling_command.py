"""`loupebox sampling`: plans of ISO 2859-1, the schemes agreed with sources, their lots, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from loupebox.station.command_log import command_log, command_user
from loupebox.station.options import Database, DataDir, SettingsFile

if TYPE_CHECKING:
    from loupebox.inspect.sampling_plan import InspectionLevel, SamplingPlan
    from loupebox.station.records.sampling import Lot, Scheme

sampling_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Inspection of bags by a sample (ISO 2859-1)."
)

Name = Annotated[str, typer.Argument(metavar="SCHEME", help='What was agreed with a source: "Altmann castings".')]
LotNumber = Annotated[int, typer.Argument(metavar="LOT", help="Its number in the scheme.", min=1)]
Aql = Annotated[float, typer.Option("--aql", metavar="PERCENT", help="Acceptance quality limit: 0.01 ... 10.")]
Level = Annotated[str, typer.Option(help="S-1 to S-4, I, II or III.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is recorded.")]


@sampling_app.command("plan")
def plan(
    lot_size: Annotated[int, typer.Argument(metavar="PIECES", help="In the bag.", min=2, max=10_000_000)],
    aql: Aql,
    level: Level = "II",
    severity: Annotated[str, typer.Option(help="normal, tightened or reduced.")] = "normal",
) -> int:
    """The plan of the tables for a bag, and what it lets through; nothing is recorded."""
    from loupebox.inspect.sampling_risk import plan_risk
    from loupebox.station.records.agreed_plan import agreed_plan

    found = agreed_plan(lot_size, level, aql, severity)
    risk = plan_risk(found, lot_size, aql)
    print(f"Inspect {_planned(found)} (code letter {found.letter}).")
    print(f"A bag just as bad as the AQL of {aql:g} % is accepted with a probability of {risk.chance_at_aql:.1%}.")
    if risk.passed_in_ten is None:
        print("The plan accepts whatever the sample holds.")
    else:
        print(f"One bag in ten is still accepted when {risk.passed_in_ten:.1%} of its pieces are nonconforming.")
    return 0


@sampling_app.command("begin")
def begin(
    name: Name,
    aql: Aql,
    level: Level = "II",
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Agree on a scheme for a source; its first lot is under normal inspection."""
    with command_log(data, database, settings) as log:
        scheme = log.sampling.begin(name, cast("InspectionLevel", level), aql, command_user())
    print("\n".join(_lines(scheme)))
    return 0


@sampling_app.command("list")
def list_schemes(data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """All schemes by name, and the severity of their next lots."""
    with command_log(data, database, settings) as log:
        schemes = log.sampling.schemes()
    for scheme in schemes:
        print(f"{scheme.name:<30} level {scheme.level:<3} AQL {scheme.aql_percent:g} %  {_severity(scheme)}")
    return 0


@sampling_app.command("show")
def show(name: Name, data: DataDir = None, database: Database = None, settings: SettingsFile = None) -> int:
    """Where a scheme stands: its lots, the severity of the next one, and what would change it."""
    with command_log(data, database, settings) as log:
        scheme, lots = log.sampling.scheme(name), log.sampling.lots(name)
    print("\n".join([*_lines(scheme), *(f"  {_told(lot)}" for lot in lots)]))
    return 0


@sampling_app.command("draw")
def draw(
    name: Name,
    job: Annotated[str, typer.Argument(metavar="JOB", help="The bag that is the next lot.")],
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Make a bag the next lot: which of its pieces to inspect, drawn at random."""
    with command_log(data, database, settings) as log:
        lot = log.sampling.draw(name, job, command_user())
    print(f"Lot {lot.number} of '{name}', bag {job}, {lot.severity}: inspect {_planned(lot.plan)}:")
    for serial in lot.sample:
        print(f"  {serial}")
    return 0


@sampling_app.command("judge")
def judge(
    name: Name, number: LotNumber, data: DataDir = None, database: Database = None, settings: SettingsFile = None
) -> int:
    """Accept a lot (exit status 0) or not (1), by what was found on its sample; and what comes next."""
    with command_log(data, database, settings) as log:
        lot, scheme = log.sampling.judge(name, number, command_user())
    print("\n".join([_told(lot), *_lines(scheme)]))
    return 0 if lot.state == "accepted" else 1


@sampling_app.command("withdraw")
def withdraw(
    name: Name,
    number: LotNumber,
    reason: Why,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """A drawn lot is inspected whole after all, or melted: it does not count."""
    with command_log(data, database, settings) as log:
        scheme = log.sampling.withdraw(name, number, command_user(), reason)
    print("\n".join(_lines(scheme)))
    return 0


@sampling_app.command("steady")
def steady(
    name: Name,
    reason: Why,
    no_longer: Annotated[bool, typer.Option("--no-longer", help="It was, and is not any more.")] = False,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Say that production is steady and reduced inspection is wanted, or that it no longer is."""
    with command_log(data, database, settings) as log:
        scheme = log.sampling.say_steady(name, not no_longer, command_user(), reason)
    print("\n".join(_lines(scheme)))
    return 0


@sampling_app.command("resume")
def resume(
    name: Name, reason: Why, data: DataDir = None, database: Database = None, settings: SettingsFile = None
) -> int:
    """The source was put right: a discontinued scheme goes on, tightened."""
    with command_log(data, database, settings) as log:
        scheme = log.sampling.resume(name, command_user(), reason)
    print("\n".join(_lines(scheme)))
    return 0


def _lines(scheme: Scheme) -> list[str]:
    from loupebox.inspect.sampling_switch import what_next

    head = f"'{scheme.name}', level {scheme.level}, AQL {scheme.aql_percent:g} %: {_severity(scheme)}"
    return [head, *(f"  {sentence}" for sentence in what_next(scheme.state))]


def _severity(scheme: Scheme) -> str:
    waiting = "" if scheme.open_lot is None else f"; lot {scheme.open_lot} is drawn and not judged yet"
    if scheme.state.discontinued:
        return f"discontinued after {scheme.lots} lots{waiting}"
    return f"{scheme.state.severity} inspection for lot {scheme.lots + 1}{waiting}"


def _planned(plan: SamplingPlan) -> str:
    return f"{plan.sample_size} pieces, accept with at most {plan.accept} nonconforming"


def _told(lot: Lot) -> str:
    found = "" if lot.nonconforming is None else f", {lot.nonconforming} nonconforming"
    left = f", {len(lot.left)} of its pieces not decided ({', '.join(lot.left[:8])})" if lot.left else ""
    head = f"lot {lot.number}, bag {lot.job}, {lot.severity}: {lot.plan.sample_size} of {lot.lot_size} pieces"
    return f"{head}, Ac {lot.plan.accept}: {lot.state}{found}{left}"
