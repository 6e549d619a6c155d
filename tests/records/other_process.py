"""Run a piece of Python in a process of its own, where it may be killed or lack rights."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start it; it may import this folder's modules."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )


def output_of(script: str, *arguments: object) -> str:
    """What it printed, once it has ended well."""
    process = start(script, *arguments)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()
