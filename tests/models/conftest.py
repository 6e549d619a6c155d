from pathlib import Path

import pytest
from tiny_models import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
