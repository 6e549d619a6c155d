"""Certificates: read, refused in sentences, expired."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from loupebox.calibration.certificate import CalibrationExpired, Certificate, CertificateError

GOOD: dict[str, Any] = {
    "schema": 1,
    "certificate_id": "C-7",
    "station": "s1",
    "view": "face",
    "camera_serial": "cam",
    "artefact": "dot target",
    "issued_by": "lab",
    "issued_at": "2026-10-01T08:00:00+02:00",
    "valid_until": "2027-04-01T08:00:00+02:00",
    "scale_um_per_px": 15.0,
    "scale_standard_uncertainty_um_per_px": 0.001,
    "elevation_deg": None,
    "elevation_standard_uncertainty_deg": None,
    "dark_level_dn": 4.0,
    "edge_sigma_px": 0.8,
    "backlight_half_angle_deg": 1.0,
    "flat_file": None,
    "flat_sha256": None,
}


def parse(**changes: Any) -> Certificate:
    return Certificate.parse(json.dumps(GOOD | changes), "face.json")


def test_the_scale_is_in_mm_with_its_uncertainty() -> None:
    mm_per_px = parse().scale.mm_per_px
    assert mm_per_px.value == pytest.approx(0.015)
    assert mm_per_px.standard_uncertainty == pytest.approx(1e-6)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema": 2}, "key 'schema' is 2; allowed is 1"),
        ({"view": "fcae"}, "key 'view' is 'fcae'; allowed is 'face', 'top', 'oblique', 'side' or 'shank'"),
        ({"scale_um_per_px": 0}, "key 'scale_um_per_px' is 0; allowed is a number above 0"),
        ({"scale_um_per_px": "15"}, "key 'scale_um_per_px' is '15'; allowed is a number"),
        ({"scale_standard_uncertainty_um_per_px": 1.0}, "is 1; allowed is at most 0.15, 1 % of the scale"),
        ({"valid_until": "2026-09-01T08:00:00+02:00"}, "is not after issued_at"),
        ({"valid_until": "2027-04-01T08:00:00"}, "allowed is a time with its offset"),
        ({"valid_until": "soon"}, "key 'valid_until' is 'soon'; allowed is a time such as"),
        ({"flat_file": "f.png"}, "flat_file and flat_sha256 belong together"),
        ({"flat_file": "../f.png", "flat_sha256": "0" * 64}, r"flat_file is '\.\./f.png'; allowed is the plain name"),
        ({"elevation_deg": 45.0}, "belong together"),
        ({"camera_serail": "x"}, "unknown key 'camera_serail'; did you mean 'camera_serial'"),
        ({"weather": "fine"}, "unknown key 'weather'; allowed are schema, certificate_id,"),
        ({"dark_level_dn": 200}, "key 'dark_level_dn' is 200; allowed is a number below 128"),
    ],
)
def test_each_mistake_is_one_sentence(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(CertificateError, match=f"^face.json: .*{says}") as caught:
        parse(**changes)
    assert "\n" not in str(caught.value)


def test_every_mistake_is_told() -> None:
    with pytest.raises(CertificateError) as caught:
        parse(view="x", edge_sigma_px=-1)
    assert len(str(caught.value).splitlines()) == 2


def test_a_missing_key_says_what_it_would_hold() -> None:
    short = {k: v for k, v in GOOD.items() if k != "edge_sigma_px"}
    with pytest.raises(CertificateError, match="key 'edge_sigma_px' is missing; it holds the Gaussian blur"):
        Certificate.parse(json.dumps(short), "face.json")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1, column 1 is not JSON"),
        ('{"schema": 1,\n "view" "face"}', "line 2, column 9 is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"schema": 1, "schema": 1}', "key 'schema' stands there twice"),
        ('{"scale_um_per_px": NaN}', "a number is NaN; allowed are finite numbers"),
        ("[]", "the document is .*allowed is a table of keys and values"),
    ],
)
def test_what_is_no_certificate_at_all_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(CertificateError, match=f"^face.json: {says}"):
        Certificate.parse(text, "face.json")


def test_it_holds_from_issue_to_expiry_with_both_ends() -> None:
    certificate = parse()
    for when in (certificate.issued_at, certificate.valid_until, certificate.valid_until.astimezone(UTC)):
        certificate.check_valid(when)
    second = timedelta(seconds=1)
    with pytest.raises(
        CalibrationExpired, match=r"C-7 of view face at station s1 held until 2027-04-01.*capture is of"
    ):
        certificate.check_valid(certificate.valid_until + second)
    with pytest.raises(CalibrationExpired, match="holds from 2026-10-01"):
        certificate.check_valid(certificate.issued_at - second)


def test_expiry_is_a_moment_not_a_wall_clock_reading() -> None:
    """08:30 at +03:00 is before 08:00 at +02:00."""
    parse().check_valid(datetime(2027, 4, 1, 8, 30, tzinfo=timezone(timedelta(hours=3))))


def test_a_capture_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="it needs an offset from UTC"):
        parse().check_valid(datetime(2026, 11, 1))
