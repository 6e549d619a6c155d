"""One contract, held against every lightbox; then how the serial one meets a device that misbehaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from lightbox_device import LightboxDevice

from loupebox.calibration.frame import LIGHTS
from loupebox.station.device import DeviceError
from loupebox.station.lightbox import Lightbox
from loupebox.station.serial_lightbox import SerialLightbox
from loupebox.station.simulated_lightbox import SimulatedLightbox

SHORT_S = 0.2
"""How long a test waits for a device that will never answer."""


@pytest.fixture
def device() -> Iterator[LightboxDevice]:
    device = LightboxDevice()
    yield device
    device.close()


@pytest.fixture(params=["simulated", "serial"])
def start(request: pytest.FixtureRequest, device: LightboxDevice) -> Callable[[], Lightbox]:
    lightboxes: dict[str, Callable[[], Lightbox]] = {
        "simulated": SimulatedLightbox,
        "serial": lambda: SerialLightbox(device.port, timeout_s=10),
    }
    return lightboxes[request.param]


def test_one_light_shines_at_a_time(start: Callable[[], Lightbox]) -> None:
    with start() as lightbox:
        for light in LIGHTS:
            lightbox.set(light, 0.5)
            assert lightbox.state() == {light: pytest.approx(0.5, abs=1e-3)}


def test_off_is_dark_and_so_is_level_zero(start: Callable[[], Lightbox]) -> None:
    with start() as lightbox:
        lightbox.set("dome", 1.0)
        lightbox.off()
        assert lightbox.state() == {}
        lightbox.set("dome", 1.0)
        lightbox.set("coaxial", 0.0)
        assert lightbox.state() == {}


@pytest.mark.parametrize("level", [-0.1, 1.1, float("nan")])
def test_an_impossible_level_is_refused_and_changes_nothing(start: Callable[[], Lightbox], level: float) -> None:
    with start() as lightbox:
        lightbox.set("dome", 0.25)
        with pytest.raises(DeviceError, match=r"level of coaxial is .*allowed is 0 to 1"):
            lightbox.set("coaxial", level)
        assert lightbox.state() == {"dome": 0.25}


def test_an_unknown_light_is_refused(start: Callable[[], Lightbox]) -> None:
    with start() as lightbox, pytest.raises(DeviceError, match=r"no light 'disco'; allowed are backlight, dome"):
        lightbox.set("disco", 1.0)  # type: ignore[arg-type]


def test_a_closed_lightbox_does_nothing_more_and_closes_twice(start: Callable[[], Lightbox]) -> None:
    lightbox = start()
    lightbox.close()
    lightbox.close()
    for use in (lambda: lightbox.set("dome", 1.0), lightbox.off, lightbox.state):
        with pytest.raises(DeviceError, match="closed"):
            use()


def break_in_the_middle(lightbox: Lightbox) -> None:
    with lightbox:
        lightbox.set("dome", 1.0)
        raise RuntimeError("something else broke")


def test_leaving_the_block_after_a_fault_switches_off(device: LightboxDevice) -> None:
    with pytest.raises(RuntimeError, match="something else"):
        break_in_the_middle(SerialLightbox(device.port, timeout_s=10))
    assert device.heard == ["SET dome 1000", "OFF"]
    assert device.lit == {}


def test_the_wire_carries_what_the_protocol_says(device: LightboxDevice) -> None:
    with SerialLightbox(device.port, timeout_s=10) as lightbox:
        lightbox.set("stripes_x_3", 0.1234)
        assert lightbox.state() == {"stripes_x_3": 0.123}
    assert device.heard == ["SET stripes_x_3 123", "GET", "OFF"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", r"answered nothing to 'SET dome 500' within 0\.2 s"),
        (b"OK do", r"answered 'OK do' and no end of line"),
        (b"OK dome 400\n", r"answered 'OK dome 400' .*should be 'OK dome 500'"),
        (b"OK coaxial 500\n", "should be 'OK dome 500'"),
        (b"ERR lamp driver too hot\n", r"refused 'SET dome 500': lamp driver too hot"),
        (b"\xff\xfe\n", "should be 'OK dome 500'"),
        (b"x" * 3000, "no end of line"),
    ],
)
def test_a_wrong_answer_is_a_fault(device: LightboxDevice, answer: bytes, says: str) -> None:
    device.answer = lambda command: answer if command.startswith("SET") else device.follow(command)
    with SerialLightbox(device.port, timeout_s=SHORT_S) as lightbox, pytest.raises(DeviceError, match=says):
        lightbox.set("dome", 0.5)


@pytest.mark.parametrize("answer", [b"STATE disco=5\n", b"STATE dome=x\n", b"STATE dome=1001\n", b"OK\n"])
def test_a_state_that_makes_no_sense_is_a_fault(device: LightboxDevice, answer: bytes) -> None:
    device.answer = lambda command: answer if command == "GET" else device.follow(command)
    with SerialLightbox(device.port, timeout_s=10) as lightbox, pytest.raises(DeviceError, match="to GET"):
        lightbox.state()


def test_a_port_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(DeviceError, match=r"/dev/no-such-port cannot start"):
        SerialLightbox("/dev/no-such-port")
