"""The errors that are told to the user as they are: what came in is wrong, not the program."""

from loupebox.calibration.artefact import ArtefactError
from loupebox.calibration.certificate import CertificateError
from loupebox.calibration.draft import DraftError
from loupebox.calibration.frame import FrameError
from loupebox.inspect.spec import SpecError
from loupebox.models.errors import ModelError
from loupebox.station.calibration_pictures import CalibrationInputError
from loupebox.station.capture import CaptureError
from loupebox.station.device import DeviceError
from loupebox.station.records.errors import RecordsError
from loupebox.station.serve import PortInUse
from loupebox.station.settings import SettingsError
from loupebox.station.startup_plan import StartUpPlanError

OURS = (
    ArtefactError,
    CalibrationInputError,
    CaptureError,
    CertificateError,
    DeviceError,
    DraftError,
    FrameError,
    ModelError,
    PortInUse,
    RecordsError,
    SettingsError,
    SpecError,
    StartUpPlanError,
)
