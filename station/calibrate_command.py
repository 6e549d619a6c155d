"""The command `loupebox calibrate`: from folders of pictures to draft certificates, signed ones, and their history."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loupebox.station.command_log import command_log
from loupebox.station.options import Database, DataDir, SettingsFile, chosen_settings

if TYPE_CHECKING:
    from loupebox.calibration.artefact import Artefact
    from loupebox.calibration.certificate import Certificate
    from loupebox.calibration.draft import CalibrationDraft
    from loupebox.station.calibration_occasion import Occasion
    from loupebox.station.gauge_section import Section

calibrate_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Calibrate a view of the station. Each study writes a draft certificate (JSON) with a page beside it; sign "
    "puts it into force. Exit status: 0 passed, 1 failed, 4 wrong usage or input.",
)


class Lens(StrEnum):
    """What kind of lens."""

    TELECENTRIC = "telecentric"
    PINHOLE = "pinhole"


class ViewName(StrEnum):
    """Where a camera looks from."""

    FACE = "face"
    TOP = "top"
    OBLIQUE = "oblique"
    SIDE = "side"
    SHANK = "shank"


Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Pictures, PNG or TIFF.")]
View = Annotated[ViewName, typer.Option(help="The view that is calibrated.")]
Camera = Annotated[str, typer.Option(help="Serial number of the camera.")]
Station = Annotated[str, typer.Option(help="Name of the station.")]
Reference = Annotated[Path, typer.Option("--artefact", metavar="FILE", help="The artefact's file (TOML).")]
Celsius = Annotated[float, typer.Option("--temperature", help="Of artefact and station, in °C.")]
Within = Annotated[float, typer.Option(help="How well the temperature is known: plus or minus so many K.")]
Humidity = Annotated[float | None, typer.Option(help="Relative humidity in %.")]
Days = Annotated[int, typer.Option("--days", min=1, max=3650, help="Days for which it holds.")]
When = Annotated[str | None, typer.Option(help="Time of the pictures with offset; now when left out.")]
Bits = Annotated[int | None, typer.Option(min=8, max=16, help="Significant bits of 16-bit files.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where draft and page are written.")]
Dark = Annotated[float | None, typer.Option(help="Dark level in 1/255; that of the view's certificate when left out.")]


@calibrate_app.command()
def camera(
    folder: Folder,
    artefact: Reference,
    view: View,
    camera: Camera,
    temperature: Celsius,
    within: Within = 1.0,
    humidity: Humidity = None,
    lens: Annotated[Lens, typer.Option(help="Telecentric or pinhole.")] = Lens.TELECENTRIC,
    heights: Annotated[str | None, typer.Option(help="Height of the stage in each picture in mm: 0,2,5.")] = None,
    stage: Annotated[str | None, typer.Option(help="Picture in which the board lay on the stage.")] = None,
    fixed_aspect: Annotated[bool, typer.Option("--fixed-aspect", help="Pinhole: square pixels.")] = False,
    window: Annotated[int | None, typer.Option(min=2, max=30, help="Half-width of the corner window in px.")] = None,
    station: Station = "station-1",
    days: Days = 365,
    when: When = None,
    bits: Bits = None,
    out: Out = Path(),
) -> int:
    """Lens and camera from pictures of a chessboard or ChArUco board."""
    from loupebox.station.calibrate_camera import calibrate_pinhole, calibrate_telecentric

    at = _occasion(station, view, camera, temperature, within, humidity, days, when)
    reference = _artefact(artefact)
    if lens is Lens.PINHOLE:
        return _write(out, calibrate_pinhole(at, folder, reference, bits, window, fixed_aspect))
    steps = None if heights is None else _numbers(heights, "--heights")
    return _write(out, calibrate_telecentric(at, folder, reference, bits, steps, stage))


@calibrate_app.command()
def scale(
    folder: Folder,
    artefact: Reference,
    view: View,
    camera: Camera,
    temperature: Celsius,
    within: Within = 1.0,
    humidity: Humidity = None,
    about: Annotated[
        float | None, typer.Option(help="Scale roughly, in um/px; that of the view's certificate when left out.")
    ] = None,
    half_angle: Annotated[
        float | None, typer.Option(help="Of the backlight in degrees; that of the certificate when left out.")
    ] = None,
    dark: Dark = None,
    station: Station = "station-1",
    days: Days = 180,
    when: When = None,
    bits: Bits = None,
    out: Out = Path(),
    settings: SettingsFile = None,
) -> int:
    """Millimetres a pixel from placements of a ring gauge, a pin or a graticule."""
    from loupebox.station.calibrate_scale import calibrate_scale

    at = _occasion(station, view, camera, temperature, within, humidity, days, when)
    now = _certificate(settings, view)
    angle = half_angle if half_angle is not None else (now.backlight_half_angle_deg if now else None)
    angle_u = 0.2 * (angle or 0.0)
    if half_angle is None and now is not None and now.backlight_half_angle_standard_uncertainty_deg is not None:
        angle_u = now.backlight_half_angle_standard_uncertainty_deg
    rough = about if about is not None else (now.scale_um_per_px if now else None)
    if rough is None or rough <= 0:
        raise _wrong("the view has no certificate yet: give the scale roughly with --about, in um/px")
    return _write(
        out,
        calibrate_scale(
            at,
            folder,
            _artefact(artefact),
            bits,
            dark_level_dn=_dark(dark, now),
            about_um_per_px=rough,
            half_angle_deg=None if angle is None else (angle, angle_u),
            now=now,
        ),
    )


@calibrate_app.command()
def sensor(
    folder: Folder,
    view: View,
    camera: Camera,
    temperature: Celsius,
    within: Within = 1.0,
    humidity: Humidity = None,
    station: Station = "station-1",
    days: Days = 365,
    when: When = None,
    bits: Bits = None,
    out: Out = Path(),
) -> int:
    """Gain, noise, full well, linearity, flat, hot pixels and lights.

    Files are called dark_4ms_1.png, light_2.5ms_a.png (each exposure twice), flat_6ms_03.png (8 or more, and as many
    dark ones), lights/backlight/*.png (5 flashes or more of each light).
    """
    from loupebox.station.calibrate_sensor import calibrate_sensor

    at = _occasion(station, view, camera, temperature, within, humidity, days, when)
    return _write(out, lambda: calibrate_sensor(at, folder, bits, out))


@calibrate_app.command()
def sharpness(
    folder: Folder,
    view: View,
    camera: Camera,
    temperature: Celsius,
    within: Within = 1.0,
    humidity: Humidity = None,
    region: Annotated[str | None, typer.Option(help="x,y,width,height in px; the whole picture when left out.")] = None,
    dark: Dark = None,
    station: Station = "station-1",
    days: Days = 180,
    when: When = None,
    bits: Bits = None,
    out: Out = Path(),
    settings: SettingsFile = None,
) -> int:
    """MTF50 by slanted edge."""
    from loupebox.station.calibrate_sensor import calibrate_sharpness

    at = _occasion(station, view, camera, temperature, within, humidity, days, when)
    box = None
    if region is not None:
        numbers = [int(v) for v in _numbers(region, "--region")]
        if len(numbers) != 4 or min(numbers) < 0:
            raise _wrong(f"--region is '{region}'; allowed is x,y,width,height in px")
        box = (numbers[0], numbers[1], numbers[2], numbers[3])
    level = _dark(dark, _certificate(settings, view))
    return _write(out, calibrate_sharpness(at, folder, bits, dark_level_dn=level, region_xywh_px=box))


@calibrate_app.command()
def backlight(
    folder: Folder,
    artefact: Reference,
    view: View,
    camera: Camera,
    temperature: Celsius,
    within: Within = 1.0,
    humidity: Humidity = None,
    dark: Dark = None,
    station: Station = "station-1",
    days: Days = 365,
    when: When = None,
    bits: Bits = None,
    out: Out = Path(),
    settings: SettingsFile = None,
) -> int:
    """Half-angle of the backlight from a polished pin across the view; the scale must come from a flat artefact."""
    from loupebox.station.calibrate_scale import calibrate_backlight, scale_of

    at = _occasion(station, view, camera, temperature, within, humidity, days, when)
    now = _certificate(settings, view)
    if now is None:
        raise _wrong("the view has no certificate: calibrate its scale first, with a graticule or a ring gauge")
    pin = _artefact(artefact)
    return _write(out, calibrate_backlight(at, folder, pin, bits, dark_level_dn=_dark(dark, now), scale=scale_of(now)))


@calibrate_app.command()
def sign(
    file: Annotated[Path, typer.Argument(metavar="DRAFT", help="Draft certificate (JSON).")],
    name: Annotated[str, typer.Option("--by", help="Who signs; asked for the PIN.")],
    pin: Annotated[str, typer.Option(prompt="PIN", hide_input=True, help="Asked for; not on the command line.")],
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Sign a draft into the records, and put the view's certificate into force."""
    from loupebox.calibration.draft import CalibrationDraft
    from loupebox.station.calibration_pictures import CalibrationInputError
    from loupebox.station.issuing import compose, issue, place_flat
    from loupebox.station.records.certificates import SIGNING, subject_of
    from loupebox.station.records.signature import Secret

    chosen = chosen_settings(settings, data_dir=data, database=database)
    try:
        draft = CalibrationDraft.parse(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationInputError(f"{file} cannot be read: {error}") from None
    flat = None if draft.flat_file is None else file.parent / draft.flat_file
    _check_flat(draft, flat)
    if flat is not None:
        place_flat(chosen.calibration_dir, flat)
    with command_log(data, database, settings) as log:
        person = log.people.named(name)
        signature = log.people.signed_by(person, Secret("PIN", pin), SIGNING, subject_of(draft), "command line")
        signed = log.certificates.sign(draft, signature)
        latest = log.certificates.latest(draft.station, draft.view)
    print(f"certificate {signed.number}: {subject_of(draft)}, {signed.state(draft.made_at)}, signed by {person.name}")
    document = compose(draft.station, draft.view, latest, _certificate(settings, draft.view))
    if isinstance(document, str):
        print(document)
        return 0
    path = issue(chosen.calibration_dir, document)
    print(f"{path}: in force" + ("" if signed.draft.passed else "; the view is locked, for this calibration failed"))
    return 0


@calibrate_app.command("list")
def list_certificates(
    station: Station = "station-1", data: DataDir = None, database: Database = None, settings: SettingsFile = None
) -> int:
    """What holds for each view, until when, and what ended or failed."""
    from datetime import UTC, datetime

    from loupebox.calibration.frame import VIEWS
    from loupebox.station.records.certificate_tables import KINDS
    from loupebox.station.records.roles import words_for

    now = datetime.now(UTC)
    open_ones = 0
    with command_log(data, database, settings) as log:
        for view in VIEWS:
            latest = log.certificates.latest(station, view)
            for kind in KINDS:
                one = latest.get(kind)  # type: ignore[call-overload]
                if one is not None:
                    open_ones += not one.draft.passed or now > one.draft.valid_until
                    print(f"{view:<8} {kind:<10} {one.state(now):<24} certificate {one.number}, {one.signed_by}")
    if open_ones:
        print(f"{open_ones} to renew; who has the role {words_for('calibration.sign')} can sign a new one.")
    return 0


@calibrate_app.command()
def history(
    out: Annotated[Path, typer.Option("--html", metavar="FILE", help="Where the page with the charts is written.")],
    view: Annotated[ViewName | None, typer.Option(help="Only this view.")] = None,
    station: Station = "station-1",
    data: DataDir = None,
    database: Database = None,
    settings: SettingsFile = None,
) -> int:
    """Every quantity over time, with its uncertainty, as a page of charts."""
    from loupebox.station.calibration_page import history_page

    with command_log(data, database, settings) as log:
        signed = log.certificates.history(station, None if view is None else view.value)
    if not signed:
        print(f"nothing is signed for {station} yet")
        return 0
    _store(out, history_page(station, signed))
    print(f"{out}: {len(signed)} certificates")
    return 0


if TYPE_CHECKING:
    Worked = tuple[CalibrationDraft, Section]


def _write(out: Path, work: Worked | Callable[[], Worked]) -> int:
    """Draft and page into the folder; 0 when it passed, 1 when it failed."""
    from loupebox.station.calibration_page import draft_page
    from loupebox.station.gauge_section import as_text

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _wrong(f"{out} cannot be made: {error.strerror}") from None
    draft, section = work if isinstance(work, tuple) else work()
    name = f"{draft.view}-{draft.kind}-{draft.made_at.date().isoformat()}"
    _store(out / f"{name}.json", draft.to_json())
    _store(out / f"{name}.html", draft_page(draft, section))
    print(as_text(f"{out / name}.json, with the page beside it; sign it with: loupebox calibrate sign", [section]))
    return 0 if draft.passed else 1


def _store(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _wrong(f"{path} cannot be written: {error.strerror}") from None


def _occasion(
    station: str,
    view: ViewName,
    camera: str,
    temperature: float,
    within: float,
    humidity: float | None,
    days: int,
    when: str | None,
) -> Occasion:
    from datetime import UTC, datetime

    from loupebox.calibration.thermal import Temperature
    from loupebox.station.calibration_occasion import Occasion

    try:
        made_at = datetime.now(UTC) if when is None else datetime.fromisoformat(when)
    except ValueError:
        raise _wrong(f"--when is '{when}'; allowed is a time such as 2026-11-02T08:00+00:00") from None
    if made_at.tzinfo is None:
        raise _wrong(f"--when is '{when}'; it needs an offset from UTC, such as 2026-11-02T08:00+00:00")
    try:
        known = Temperature(temperature, within)
    except ValueError as error:
        raise _wrong(str(error)) from None
    return Occasion(station, view.value, camera, made_at, days, known, humidity)


def _artefact(path: Path) -> Artefact:
    from loupebox.calibration.artefact import Artefact

    try:
        return Artefact.parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(f"artefact file {path} cannot be read: {error}") from None


def _certificate(settings: Path | None, view: str) -> Certificate | None:
    """The certificate that the view has now; None without one."""
    from loupebox.station.calibration_set import read_calibration_set

    folder = chosen_settings(settings).calibration_dir
    by_name = {str(v): c.certificate for v, c in read_calibration_set(folder).items()} if folder.is_dir() else {}
    return by_name.get(view)


def _dark(given: float | None, now: Certificate | None) -> float:
    if given is not None:
        return given
    return 0.0 if now is None else now.dark_level_dn


def _numbers(words: str, option: str) -> list[float]:
    try:
        return [float(word) for word in words.split(",")]
    except ValueError:
        raise _wrong(f"{option} is '{words}'; allowed are numbers with commas between") from None


def _check_flat(draft: CalibrationDraft, flat: Path | None) -> None:
    import hashlib

    if flat is None:
        return
    try:
        found = hashlib.sha256(flat.read_bytes()).hexdigest()
    except OSError as error:
        raise _wrong(f"{flat} cannot be read: {error.strerror}") from None
    if found != draft.flat_sha256:
        raise _wrong(f"{flat} is not the picture of the draft: its sha256 is {found[:12]}...")


def _wrong(sentence: str) -> Exception:
    from loupebox.station.calibration_pictures import CalibrationInputError

    return CalibrationInputError(sentence)
