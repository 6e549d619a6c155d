"""The command `loupebox startup`: the check before the first piece, and whether one is due."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loupebox.station.command_log import command_log, command_user
from loupebox.station.options import Database, DataDir, SettingsFile, chosen_settings


def startup(
    plan: Annotated[Path | None, typer.Option(metavar="FILE", help="Start-up plan; that of the settings else.")] = None,
    show_state: Annotated[bool, typer.Option("--state", help="Only say whether a check is due.")] = False,
    show_levels: Annotated[bool, typer.Option("--levels", help="Print the lights' levels for the plan.")] = False,
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the captures there.")] = None,
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Check artefact, golden pieces, lights and focus, and record it: 0 passed, 1 failed or due."""
    import tempfile
    from datetime import UTC, datetime

    from loupebox.station.simulated_lightbox import SimulatedLightbox
    from loupebox.station.startup import check_station, levels, state_of, stored_cameras
    from loupebox.station.startup_plan import StartUpPlan, StartUpPlanError
    from loupebox.station.workplace import Workplace

    chosen = chosen_settings(settings, data_dir=data, database=database)
    file = plan if plan is not None else chosen.startup_file
    wanted = StartUpPlan.read(file)
    if show_state:
        with command_log(data, database, settings) as log:
            state = state_of(log.start_ups.latest(wanted.station), datetime.now(UTC), chosen.startup_longest_h)
        print(f"{wanted.station}: {'start-up check due; ' if state.due else ''}{state.reason}")
        return 1 if state.due else 0
    workplace = Workplace.open(chosen)
    if show_levels:
        if wanted.good.capture is None:
            raise StartUpPlanError(f"{file}: good names no capture to take the levels from")
        for name, level in levels(workplace.inspect(file.parent / wanted.good.capture), workplace).items():
            print(f'"{name}" = {{ level = {level:.4f}, within_percent = 5.0 }}')
        return 0
    with tempfile.TemporaryDirectory(prefix="loupebox-startup-") as scratch, SimulatedLightbox() as lightbox:
        found = check_station(
            wanted,
            workplace,
            stored_cameras(file.parent),
            lightbox,
            keep if keep is not None else Path(scratch),
            lambda: datetime.now(UTC),
        )
    with command_log(data, database, settings) as log:
        record = log.start_ups.record(
            wanted.station, who=command_user(), passed=found.passed, took_s=found.took_s, document=found.document
        )
    for step in found.steps:
        print(f"{'ok  ' if step.passed else 'FAIL'}  {step.name}: {step.found}")
        if not step.passed:
            print(f"      {step.advice}")
    verdict = "passed" if found.passed else "failed: the station is not to be used before it passes"
    print(f"start-up check {record.number} of {wanted.station} {verdict}, {found.took_s:.1f} s")
    return 0 if found.passed else 1
