"""The rooms, the direction of imports, and what a newcomer's first commands rely on."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "calibration": set(),
    "models": set(),
    "inspect": {"calibration", "models"},
    "station": {"calibration", "models", "inspect", "sample_images"},
    "api": {"calibration", "models", "inspect", "station", "sample_images"},
    "models/training": {"calibration", "models", "inspect", "sample_images"},
    "sample_images": set(),
}
# The demo and `serve` start the screens, so the command line alone looks one room up.
UPWARD = {("station/cli.py", "api"), ("station/demo.py", "api"), ("station/serve.py", "api")}
EXTRAS = ("torch", "mitsuba", "drjit", "mitsuba_oidn", "onnx", "pypylon", "viva_genicam", "playwright", "pytest")


def room_of(path: Path) -> str:
    relative = path.relative_to(ROOT).as_posix()
    return "models/training" if relative.startswith("models/training/") else relative.split("/")[0]


def python_files() -> list[Path]:
    tops = {name.split("/")[0] for name in MAY_IMPORT}
    return sorted(p for top in tops for p in (ROOT / top).rglob("*.py"))


def imported_modules(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import; import in full, from loupebox...."
            assert node.module is not None
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def imported_room(module: str) -> str | None:
    match = re.match(r"loupebox\.(models\.training|\w+)(\.|$)", module)
    return match.group(1).replace(".", "/") if match else None


@pytest.mark.parametrize("path", python_files(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_go_in_one_direction(path: Path) -> None:
    room = room_of(path)
    relative = path.relative_to(ROOT).as_posix()
    for module in imported_modules(path):
        target = imported_room(module)
        if target is None or target == room or (relative, target) in UPWARD:
            continue
        assert target in MAY_IMPORT[room], (
            f"{relative} imports {module}; {room} may import {MAY_IMPORT[room] or 'no room'}"
        )


def test_each_room_is_packaged() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    on_disk = {"loupebox." + p.parent.relative_to(ROOT).as_posix().replace("/", ".") for p in python_files()}
    assert on_disk == set(config["packages"])
    for package, folder in config["package-dir"].items():
        assert package == "loupebox." + folder.replace("/", ".")


def test_the_standard_inspect_module_survives_at_the_root() -> None:
    assert not (ROOT / "inspect" / "__init__.py").exists()
    script = "import inspect; inspect.signature(print); import loupebox.inspect.verdict as v; print(inspect.__file__)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not done.stdout.startswith(str(ROOT / "inspect"))


def test_pytest_collects_when_started_as_a_module_from_the_root() -> None:
    command = [sys.executable, "-m", "pytest", "--co", "-q", "-p", "no:cacheprovider", "tests/test_house.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_pytest_collects_when_started_as_a_module_from_the_root" in done.stdout


def test_no_two_files_of_tests_have_one_name() -> None:
    # Each folder of tests is put on the path, so of two with one name only the first would ever be imported.
    names = [p.name for p in (ROOT / "tests").rglob("*.py") if p.name != "conftest.py"]
    assert [name for name in sorted(set(names)) if names.count(name) > 1] == []


def runtime_modules() -> list[str]:
    return [
        "loupebox." + p.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for p in python_files()
        if room_of(p) != "models/training" and p.name != "__init__.py" and "migrations" not in p.parts
    ]


def test_the_runtime_imports_no_extra() -> None:
    script = (
        "import importlib, sys\n"
        f"for name in {runtime_modules()!r}: importlib.import_module(name)\n"
        f"print(*sorted(set({EXTRAS!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def names_locked(path: Path) -> set[str]:
    return {m.group(1) for m in re.finditer(r"^([a-z0-9._-]+)==", path.read_text(encoding="utf-8"), re.M)}


def test_locks_pin_every_direct_dependency_by_hash_and_name_no_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def direct(requirements: list[str]) -> set[str]:
        return {re.split(r"[\[<>=!;~ ]", requirement)[0].lower() for requirement in requirements}

    runtime, test = ROOT / "requirements.lock", ROOT / "requirements-test.lock"
    assert direct(project["dependencies"]) <= names_locked(runtime)
    assert direct(project["dependencies"] + project["optional-dependencies"]["test"]) <= names_locked(test)
    for lock in (runtime, test):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        entries = [e for e in re.split(r"\n(?=[a-z])", text) if e.strip()]
        assert all("--hash=sha256:" in entry for entry in entries)


def test_runtime_versions_agree_between_the_locks() -> None:
    def pins(path: Path) -> set[str]:
        return set(re.findall(r"^([a-z0-9._-]+==\S+)", path.read_text(encoding="utf-8"), re.M))

    # setuptools builds the project at set-up; the test lock may carry it through another road.
    assert pins(ROOT / "requirements.lock") <= pins(ROOT / "requirements-test.lock")


@pytest.fixture(scope="session")
def installed_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel, unpacked by pip into a folder of its own."""
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    environment = {**os.environ, "PIP_NO_INDEX": "1"}
    subprocess.run(
        [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(ROOT)],
        check=True, env=environment, cwd=out,
    )  # fmt: skip
    (wheel,) = out.glob("loupebox-*.whl")
    site = out / "site"
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)], check=True, env=environment
    )
    return site


def test_the_wheel_carries_models_samples_screens_and_migrations(installed_wheel: Path) -> None:
    package = installed_wheel / "loupebox"
    for pattern in (
        "models/*.onnx", "models/*.card.json", "sample_images/captures/*/capture.json", "sample_images/specs/*.toml",
        "sample_images/calibration/*.json", "api/templates/*.html", "api/static/*.css",
        "station/records/migrations/versions/*.py", "station/report.schema.json", "inspect/spec.schema.json",
    ):  # fmt: skip
        folder, _, tail = pattern.rpartition("/")
        in_tree = {p.name for p in ROOT.glob(pattern)}
        assert in_tree, f"{pattern} matches nothing in the source tree"
        assert {p.name for p in package.glob(f"{folder}/{tail}")} == in_tree
    assert not (package / "inspect" / "__init__.py").exists()


def test_the_wheel_runs_away_from_the_source_tree(installed_wheel: Path, tmp_path: Path) -> None:
    script = (
        "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in str(f).lower()]\n"
        "import loupebox.inspect.verdict as v, loupebox.station.cli as c; print(v.__file__); print(c.__file__)\n"
        "sys.argv = ['loupebox', 'version']; c.main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed_wheel)}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    verdict_file, cli_file, *version = done.stdout.splitlines()
    assert verdict_file.startswith(str(installed_wheel))
    assert cli_file.startswith(str(installed_wheel))
    assert "0.1.0" in " ".join(version)
