"""The QC log of a station, knowing the station's jobs."""

from __future__ import annotations

from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.job import parse_jobs
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings, SettingsError


def open_store(settings: Settings) -> ImageStore:
    """Where the settings say that frames are kept."""
    if not settings.frames:
        return ImageStore(settings.frames_dir)
    if settings.frames_endpoint:
        return ImageStore(settings.frames, {"region": settings.frames_region, "endpoint": settings.frames_endpoint})
    return ImageStore(settings.frames, {"region": settings.frames_region})


def open_log(settings: Settings) -> QcLog:
    """The log in the settings' database, with the jobs of the jobs file brought up to date."""
    try:
        text = settings.jobs_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"jobs file {settings.jobs_file} cannot be read: {error}") from None
    jobs = parse_jobs(text, str(settings.jobs_file))
    log = QcLog.open(settings.database_location, open_store(settings), settings.sign_in_rules)
    try:
        log.import_jobs(jobs)
    except BaseException:
        log.close()
        raise
    return log
