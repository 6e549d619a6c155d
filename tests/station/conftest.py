"""What all tests of the station share."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_captures import write_capture


@pytest.fixture
def capture_folder(tmp_path: Path) -> Path:
    """A sound capture of three tiny frames."""
    return write_capture(tmp_path / "capture")
