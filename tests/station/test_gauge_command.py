"""`loupebox gauge` from the CSV file to text, JSON and the page."""

from __future__ import annotations

import hashlib
import html.parser
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from loupebox.calibration.gauge_crossed import CrossedStudy
from loupebox.station import gauge_plots
from loupebox.station.gauge_command import gauge_app
from loupebox.station.gauge_document import json_schema

# AIAG MSA, 4th edition; rows are appraiser and trial.
AIAG = """
.29 -.56 1.34 .47 -.80 .02 .59 -.31 2.26 -1.36
.41 -.68 1.17 .50 -.92 -.11 .75 -.20 1.99 -1.25
.64 -.58 1.27 .64 -.84 -.21 .66 -.17 2.01 -1.31
.08 -.47 1.19 .01 -.56 -.20 .47 -.63 1.80 -1.68
.25 -1.22 .94 1.03 -1.20 .22 .55 .08 2.12 -1.62
.07 -.68 1.34 .20 -1.28 .06 .83 -.34 2.19 -1.50
.04 -1.38 .88 .14 -1.46 -.29 .02 -.46 1.77 -1.49
-.11 -1.13 1.09 .20 -1.07 -.67 .01 -.56 1.45 -1.77
-.15 -.96 .67 .11 -1.45 -.49 .21 -.49 1.87 -2.16
"""


def call(*arguments: object) -> Result:
    return CliRunner().invoke(gauge_app, [str(a) for a in arguments])


def csv(folder: Path, header: str, *rows: object, name: str = "study.csv") -> Path:
    lines = [header, *(row if isinstance(row, str) else ",".join(map(str, row)) for row in rows)]
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def aiag_file(folder: Path, factor: str = "appraiser") -> Path:
    rows = [
        (part, "ABC"[line // 3], line % 3 + 1, value)
        for line, text in enumerate(AIAG.split("\n")[1:-1])
        for part, value in enumerate(text.split(), 1)
    ]
    return csv(folder, f"part,{factor},trial,value", *rows)


def document(result: Result) -> dict:
    parsed = json.loads(result.stdout)
    jsonschema.validate(parsed, json_schema())
    return parsed


def refused(result: Result) -> str:
    assert result.exit_code == 4, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("loupebox: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


# --- crossed R&R -----------------------------------------------------------------------------------------------


def test_the_printed_example_as_text_by_both_methods(tmp_path: Path) -> None:
    result = call("rr", aiag_file(tmp_path), "--method", "both", "--tolerance", 8)
    assert result.exit_code == 2, result.output  # conditional
    for words in (
        "gauge R&R is 27.86 % of the study variation",
        "gauge R&R is 26.68 % of the study variation",
        "Number of distinct categories: 4 (4.8605 before truncation)",
        "Number of distinct categories: 5 (5.0937 before truncation)",
        "0.2351 to 1.033",
        "Ranges above the limit: appraiser B, part 4",
        "0.97411",
        "88.361934",
        "pooled with the repeatability (rule: pooled above 0.25)",
    ):
        assert words in result.stdout


def factors_file(folder: Path, skip: int = 0) -> Path:
    """Parts read with two loads a day, two readings each; loads are counted on through the whole study."""
    rng = np.random.default_rng(8)
    rows, load = [], 0
    for part in "ABCDE":
        for day in ("Mon", "Tue", "Wed"):
            for _ in range(2):
                load += 1
                seat = rng.normal(0, 0.002)
                rows += [(part, day, load, f"{17 + ord(part) / 100 + seat + rng.normal(0, 0.001):.5f}") for _ in "12"]
    return csv(folder, "part,day,load,value", *rows[skip:])


def test_factors_of_a_study_without_appraisers(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = call("factors", factors_file(tmp_path), "--nested", "load:part,day", "--tolerance", 0.2, "--html", page)
    assert result.exit_code == 2, result.output
    for words in (
        "5 parts x 3 days x 2 loads x 2 readings; load nested in part, day",
        "load in part, day",
        "pooled with the repeatability (rule: interactions that no other term contains",
        "90 % interval of the SD",
    ):
        assert words in result.stdout
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 4
    assert "reading less its part&#39;s mean" in text or "reading less its part's mean" in text
    told = document(call("factors", factors_file(tmp_path), "--nested", "load:part,day", "--json"))
    components = {c["name"]: c["standard_deviation"] for c in told["results"][0]["summary"]["components"]}
    assert components["load in part, day"] == pytest.approx(0.002, rel=0.5)
    assert components["repeatability"] == pytest.approx(0.001, rel=0.3)
    assert told["source"]["ignored_columns"] == []


def test_a_page_says_what_was_read(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    words = "inner diameter in mm, station-1, Devi"
    told = document(call("factors", factors_file(tmp_path), "--nested", "load:part,day", "--about", words, "--json"))
    assert told["about"] == words
    call("factors", factors_file(tmp_path), "--nested", "load:part,day", "--about", words, "--html", page)
    text = page.read_text(encoding="utf-8")
    assert f"{words}; " in text
    assert "numbers are in the unit of the readings" in text
    assert "load (counted within part, day)" in text


def test_factors_that_make_no_design_are_refused(tmp_path: Path) -> None:
    whole = factors_file(tmp_path)
    assert "not balanced: 59 readings" in refused(
        call("factors", factors_file(tmp_path, 1), "--nested", "load:part,day")
    )
    whole = factors_file(tmp_path)
    assert "not balanced: 60 readings fill 30 of 5 parts x 3 days x 30 loads" in refused(call("factors", whole))
    assert "--nested is 'load'; allowed is a factor and its parents" in refused(
        call("factors", whole, "--nested", "load")
    )
    assert "'shift' is no factor here" in refused(call("factors", whole, "--nested", "load:shift"))
    assert "column 'shift' is missing" in refused(call("factors", whole, "--factor", "shift"))


def test_the_printed_example_as_json(tmp_path: Path) -> None:
    file = aiag_file(tmp_path, "load")
    parsed = document(call("rr", file, "--json"))
    assert parsed["schema"] == 1
    assert parsed["study"] == "rr"
    assert parsed["outcome"] == "conditional"
    assert parsed["source"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert parsed["source"]["readings"] == 90
    (result,) = parsed["results"]
    components = {c["name"]: c for c in result["summary"]["components"]}
    assert round(components["gauge R&R"]["standard_deviation"], 6) == 0.302372
    assert components["gauge R&R"]["tolerance_percent"] is None
    assert "load" in components
    assert result["charts"]["factor"] == "load"
    assert result["pooled"] is True


def test_order_of_lines_separator_and_marks_do_not_matter(tmp_path: Path) -> None:
    file = aiag_file(tmp_path)
    header, *lines = file.read_text(encoding="utf-8").splitlines()
    np.random.default_rng(4).shuffle(lines)
    other = tmp_path / "other.csv"
    text = "\r\n".join([header.upper(), "", *lines, ";;;"]).replace(",", ";")
    other.write_bytes(b"\xef\xbb\xbf" + text.encode())
    one, two = (document(call("rr", f, "--json"))["results"][0]["summary"] for f in (file, other))
    for a, b in zip(one["components"], two["components"], strict=True):
        assert b["standard_deviation"] == pytest.approx(a["standard_deviation"], rel=1e-9)


def test_factors_of_a_station_are_chosen_and_the_rest_counts_as_trials(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = [
        (part, load, day, f"{17.3 + 0.1 * part + 0.02 * load + rng.normal(0, 0.004):.4f}")
        for part in range(4) for load in range(3) for day in range(2)
    ]  # fmt: skip
    file = csv(tmp_path, "part,load,day,value", *rows)
    assert "the factor may be load, day; choose one with --factor" in refused(call("rr", file))
    parsed = document(call("rr", file, "--factor", "Load", "--json"))
    assert parsed["source"]["ignored_columns"] == ["day"]
    charts = parsed["results"][0]["charts"]
    assert charts["appraisers"] == ["0", "1", "2"]
    assert np.array(charts["readings"]).shape == (4, 3, 2)
    by_day = document(call("rr", file, "--factor", "day", "--json"))["results"][0]["charts"]
    assert np.array(by_day["readings"]).shape == (4, 2, 3)
    assert "can be load, day" in refused(call("rr", file, "--factor", "value"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("value", "reading"), "'value' is missing; columns are part, appraiser, trial, reading"),
        (lambda t: t.replace("appraiser", ""), "the factor is called ''"),
        (lambda t: t.replace(",0.5\n", ",abc\n", 1), "line 3: value is 'abc'; allowed is a finite number"),
        (lambda t: t.replace(",0.5\n", ",nan\n", 1), "line 3: value is 'nan'; allowed is a finite number"),
        (lambda t: t.replace(",0.5\n", ",1e999\n", 1), "line 3: value is '1e999'"),
        (lambda t: t.replace(",0.5\n", ",1_0\n", 1), "line 3: value is '1_0'"),
        (lambda t: t.replace(",0.5\n", ',"0,5"\n', 1), "allowed is a finite number (with a decimal point)"),
        (lambda t: t.replace(",0.5\n", ",\n", 1), "line 3: value is empty"),
        (lambda t: t.replace(",0.5\n", "\n", 1), "line 3 has 3 cells; the header names 4"),
        (lambda t: t.replace("p1,a,2,0.5\n", ""), "not balanced: part p1, appraiser a lacks trial 2"),
        (lambda t: t.replace("p1,a,2,", "p1,a,1,"), "lines 2 and 3 both hold part p1, appraiser a, trial 1"),
        (lambda t: t.replace("trial", "part"), "column 'part' stands there twice"),
        (lambda t: re.sub(r"p2.*\n", "", t), "at least 2 parts; there is 1"),
        (lambda t: t.splitlines()[0] + "\n", "needs a line of column names and a line for each reading"),
        (lambda t: "", "needs a line of column names"),
        (lambda t: t.replace("p1", '"p1', 1), "is no CSV"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_in_one_sentence(tmp_path: Path, change, message: str) -> None:
    text = "part,appraiser,trial,value\n" + "".join(
        f"p{p},{a},{t},{p + 0.1 * t + (0.2 if a == 'b' else 0.3) - 1:.1f}\n"
        for p in (1, 2) for a in "ab" for t in (1, 2)
    )  # fmt: skip
    assert "p1,a,2,0.5\n" in text
    path = tmp_path / "broken.csv"
    path.write_text(change(text), encoding="utf-8")
    told = refused(call("rr", path))
    assert message in told
    assert "broken.csv" in told


def test_many_missing_cells_are_counted(tmp_path: Path) -> None:
    rows = [(p, a, t, p + t) for p in range(8) for a in "ab" for t in (1, 2) if p == 0 or t == 1]
    told = refused(call("rr", csv(tmp_path, "part,appraiser,trial,value", *rows)))
    assert told.count("lacks trial 2") == 5
    assert "and 9 more" in told


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"part,value\np1,\xff\xfe\n")
    assert "line 2 is not UTF-8" in refused(call("rr", path))
    assert "cannot be read" in refused(call("rr", tmp_path / "absent.csv"))
    assert "cannot be read" in refused(call("rr", tmp_path))


# --- the other studies -----------------------------------------------------------------------------------------


def test_type1(tmp_path: Path) -> None:
    readings = [17.3493, 17.3507] * 15
    file = csv(tmp_path, "part,value", *(("pin", v) for v in readings))
    arguments = ("type1", file, "--reference", 17.35, "--tolerance", 0.2)
    result = call(*arguments, "--resolution", 0.0001)
    assert result.exit_code == 0, result.output
    assert "Cg" in result.stdout
    assert "capable" in result.stdout
    parsed = document(call(*arguments, "--json"))
    assert parsed["results"][0]["cg"] == pytest.approx(0.04 / (6 * np.std(readings, ddof=1)))
    assert call(*arguments[:-1], 0.01).exit_code == 1
    few = csv(tmp_path, "value", *((v,) for v in readings[:24]), name="few.csv")
    assert "needs 25 readings or more" in refused(call("type1", few, "--reference", 17.35, "--tolerance", 0.2))
    two = csv(tmp_path, "part,value", *((f"p{i}", v) for i, v in enumerate(readings)), name="two.csv")
    assert "needs one part; there are p0, p1" in refused(call("type1", two, "--reference", 17.35, "--tolerance", 0.2))


def test_linearity(tmp_path: Path) -> None:
    rows = [(f"pin {r}", r, round(r * 1.01 + e, 4)) for r in (15.0, 17.0, 20.0) for e in (-0.002, 0.002, 0.0)]
    file = csv(tmp_path, "part,reference,value", *rows)
    result = call("linearity", file)
    assert result.exit_code == 1, result.output
    assert "zero bias leaves the band" in result.stdout
    parsed = document(call("linearity", file, "--json"))
    assert parsed["results"][0]["slope"]["value"] == pytest.approx(0.01)
    assert [p["part"]["name"] for p in parsed["results"][0]["parts"]] == ["pin 15.0", "pin 17.0", "pin 20.0"]
    torn = csv(tmp_path, "part,reference,value", *rows, ("pin 15.0", 15.5, 15.5), name="torn.csv")
    assert "line 11: reference of part pin 15.0 is 15.5, further up it is 15.0" in refused(call("linearity", torn))


def test_stability_by_date(tmp_path: Path) -> None:
    values = [10.0, 10.1, 9.9, 10.0, 10.1, 9.9, 10.0, 10.1, 9.9, 10.0]
    dates = [f"2026-11-{1 + 2 * i:02d}" for i in range(10)]
    file = csv(tmp_path, "when,value", *zip(dates, values, strict=True))
    parsed = document(result := call("stability", file, "--json"))
    assert result.exit_code == 0
    assert parsed["results"][0]["times"] == [float(2 * i) for i in range(10)]
    assert parsed["results"][0]["time_unit"] == "day"
    counted = document(call("stability", csv(tmp_path, "value", *((v,) for v in values), name="n.csv"), "--json"))
    assert counted["results"][0]["limits"] == parsed["results"][0]["limits"]
    hours = csv(tmp_path, "time,value", *zip(range(0, 80, 8), values, strict=True), name="h.csv")
    assert document(call("stability", hours, "--json"))["results"][0]["times"][-1] == 72.0
    odd = csv(tmp_path, "when,value", ("yesterday", 10.0), name="odd.csv")
    assert "line 2: when is 'yesterday'" in refused(call("stability", odd))
    back = csv(tmp_path, "when,value", *zip(dates[::-1], values, strict=True), name="back.csv")
    assert "times must rise" in refused(call("stability", back))


def calls_file(folder: Path, name: str = "bob") -> Path:
    truth = ["PASS"] * 6 + ["FAIL"] * 4
    rows = [
        (f"ring {i}", who, trial, "PASS" if i == 7 and who == "ann" else truth[i], truth[i])
        for i in range(10) for who in ("ann", name) for trial in (1, 2)
    ]  # fmt: skip
    return csv(folder, "part,appraiser,trial,call,reference", *rows)


def test_attribute_agreement(tmp_path: Path) -> None:
    file = calls_file(tmp_path)
    result = call("attribute", file)
    assert result.exit_code == 0, result.output
    assert "misses 2 of 16, 12.5 %" in result.stdout
    assert "Parts to look at together: ring 7." in result.stdout
    parsed = document(call("attribute", file, "--json"))
    ann, bob = parsed["results"][0]["appraisers"]
    assert (ann["miss"]["count"], bob["miss"]["count"]) == (2, 0)
    # Ann accepts 14 and Bob 12 of 20 calls, 18 agree.
    chance = (14 * 12 + 6 * 8) / 400
    kappa = parsed["results"][0]["pairs"][0]["kappa"]
    assert kappa["value"] == pytest.approx((0.9 - chance) / (1 - chance))
    assert "no part is called 'ok'" in refused(call("attribute", file, "--accept", "ok"))
    assert "column 'call' is missing" in refused(call("attribute", aiag_file(tmp_path)))


def test_calls_are_paired_by_trial_and_not_by_line(tmp_path: Path) -> None:
    rows = [
        (part, who, trial, "PASS" if (part + trial) % 2 else "FAIL")
        for part in range(6) for who in "ab" for trial in (1, 2)
    ]  # fmt: skip
    rows[2:4] = rows[3:1:-1]  # b's second trial of part 0 stands before the first
    parsed = document(call("attribute", csv(tmp_path, "part,appraiser,trial,call", *rows), "--json"))
    (pair,) = parsed["results"][0]["pairs"]
    assert pair["kappa"]["value"] == 1.0


# --- JSON schema and page --------------------------------------------------------------------------------------


def test_the_published_schema_refuses_what_is_not_ours(tmp_path: Path) -> None:
    schema = json.loads(call("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    parsed = document(call("attribute", calls_file(tmp_path), "--json"))
    jsonschema.validate(parsed, schema)
    for broken in ({**parsed, "schema": 2}, {**parsed, "extra": 1}, {k: v for k, v in parsed.items() if k != "source"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema)


class Page(html.parser.HTMLParser):
    """Every address and script in a page, and the plots."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("href", "src", "data", "action", "xlink:href")]


@pytest.mark.parametrize(
    ("study", "plots"), [("rr", 7), ("type1", 1), ("linearity", 1), ("stability", 2), ("attribute", 2)]
)
def test_the_page_stands_alone_and_escapes_what_comes_from_the_file(tmp_path: Path, study: str, plots: int) -> None:
    evil = '<script>alert("x")</script>&'
    quoted = evil.replace('"', '""')
    rng = np.random.default_rng(9)
    value = lambda: f"{rng.normal(17.35, 0.01):.4f}"  # noqa: E731
    options: tuple[object, ...] = ()
    if study == "rr":
        rows = [f'{p},"{quoted}{a}",{value()}' for p in range(3) for a in "ab" for _ in range(2)]
        file, options = csv(tmp_path, "part,appraiser,value", *rows), ("--method", "both")
    elif study == "type1":
        file = csv(tmp_path, "value", *(value() for _ in range(30)))
        options = ("--reference", 17.35, "--tolerance", 0.3)
    elif study == "linearity":
        rows = [f'"{quoted}{r}",{r},{r + rng.normal(0, 0.01):.4f}' for r in (1, 2, 3) for _ in range(3)]
        file = csv(tmp_path, "part,reference,value", *rows)
    elif study == "stability":
        file = csv(tmp_path, "value", *(value() for _ in range(30)))
    else:
        file = calls_file(tmp_path, f'"{quoted}"')
    page_file = tmp_path / "page.html"
    result = call(study, file, *options, "--html", page_file)
    assert result.exit_code in (0, 1, 2), result.output
    text = page_file.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.addresses == []
    assert "script" not in page.tags
    assert page.tags.count("svg") == plots
    assert "http" not in re.sub(r'http-equiv="[^"]*"', "", text)
    assert json.loads(call(study, file, *options, "--json").stdout)["reason"].split(":")[0].split(";")[0] in (
        text.replace("&amp;", "&").replace("&#39;", "'")
    )
    for svg in re.findall(r"<svg.*?</svg>", text, re.S):
        ElementTree.fromstring(svg)


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    told = refused(call("attribute", calls_file(tmp_path), "--html", tmp_path / "absent" / "x.html"))
    assert "cannot be written" in told


# --- plots -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-2.3, 2.2), (17.348, 17.3601), (1e-9, 3e-9), (-5e6, 2e7), (0, 100)])
def test_ticks_are_round_inside_and_tell_themselves_apart(low: float, high: float) -> None:
    values, decimals = gauge_plots.ticks(low, high)
    assert 3 <= len(values) <= 8
    assert all(low - 1e-12 * abs(high) <= v <= high * (1 + 1e-12) for v in values)
    assert len({f"{v:.{decimals}f}" for v in values}) == len(values)
    steps = np.diff(values)
    assert steps == pytest.approx([steps[0]] * len(steps))


def test_a_value_lies_where_the_axis_says() -> None:
    canvas = gauge_plots.Canvas(0.0, 10.0, -1.0, 1.0)
    assert canvas.x(0.0) == gauge_plots.LEFT
    assert canvas.x(10.0) == gauge_plots.WIDTH - gauge_plots.RIGHT
    assert canvas.y(-1.0) == gauge_plots.HEIGHT - gauge_plots.BOTTOM
    assert canvas.y(1.0) == gauge_plots.TOP


def test_only_what_lies_outside_stands_out() -> None:
    plot = gauge_plots.run_chart("t", "c", "y", [("", ["1", "2", "3"], [1.0, 5.0, 2.0])], [], (0.0, 4.0), "x")
    assert plot.svg.count('class="out"') == 1
    assert "2: 5" in plot.svg


def test_equal_values_still_have_an_axis() -> None:
    for value in (0.0, 17.35, -3.0):
        plot = gauge_plots.points_by("t", "c", "y", ["a", "b"], [[value], [value]], "x")
        assert "nan" not in plot.svg


def test_a_study_without_any_spread_of_the_gauge_can_be_shown(tmp_path: Path) -> None:
    rows = [(p, a, 10 + p) for p in range(3) for a in "ab" for _ in range(2)]
    result = call("rr", csv(tmp_path, "part,appraiser,value", *rows), "--method", "both", "--html", tmp_path / "p.html")
    assert result.exit_code == 0, result.output
    assert "without limit" in result.stdout


def test_the_study_is_the_same_as_in_calibration(tmp_path: Path) -> None:
    """The reader loses and turns nothing: parts, appraisers and trials stand where they should."""
    from loupebox.station.gauge_table import GaugeTable, crossed_study

    study = crossed_study(GaugeTable.read(aiag_file(tmp_path)), None)
    assert isinstance(study, CrossedStudy)
    wanted = np.array(AIAG.split(), dtype=float).reshape(3, 3, 10).transpose(2, 0, 1)
    assert np.array_equal(study.readings, wanted)
    assert study.parts == tuple(map(str, range(1, 11)))
    assert study.appraisers == ("A", "B", "C")
