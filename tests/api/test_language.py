"""English and Hindi: whose choice it is, and that no sentence of the screens was forgotten."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import httpx
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import nodes
from opened_pages import OpenPage
from playwright.sync_api import expect
from served import Station

from loupebox.api.language import CATALOGUES, COOKIE, LANGUAGES, asked_for, spoken_in
from loupebox.api.pages import ROOM, long_day, number, short_day, templates
from loupebox.api.words import phrase
from loupebox.calibration.frame import Light, View
from loupebox.inspect.finding import FINDING_KINDS
from loupebox.inspect.prong import ProngState
from loupebox.inspect.spec import CHARACTERISTIC_NAMES, SurfaceKind
from loupebox.station.records.override_reason import OVERRIDE_REASONS
from loupebox.station.records.remedy import ANYTHING_ELSE, REMEDIES
from loupebox.station.records.rework_tables import DispositionKind, ReworkState
from loupebox.station.records.roles import ROLES

ROOT = Path(__file__).parents[2]
LETTERS = re.compile(r"[A-Za-z]{2,}")
NAMES_OF_OURS = {"Loupebox"}
"""The same in every language."""
OTHERS = sorted(set(LANGUAGES) - {"en"})


@pytest.fixture(scope="module")
def sentences() -> set[str | tuple[str, ...]]:
    """Everything that the screens say, as it stands in the source."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["babel"]["mappings"]
    found = extract_from_dir(
        ROOT,
        [(m["pattern"], m["method"]) for m in mappings],
        {m["pattern"]: {k: v for k, v in m.items() if k not in ("pattern", "method")} for m in mappings},
        directory_filter=lambda folder: Path(folder).relative_to(ROOT).parts[:1] in ((), ("api",)),
    )
    return {message for _, _, message, _, _ in found}


def catalogue(code: str) -> Catalog:
    with (CATALOGUES / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_in_the_catalogue_and_none_is_left_over(
    code: str, sentences: set[str | tuple[str, ...]]
) -> None:
    assert len(sentences) > 150
    kept = catalogue(code)
    ids = {m.id if isinstance(m.id, str) else tuple(m.id) for m in kept if m.id}
    assert sentences - ids == set(), "new sentences: run `make words` and translate them"
    assert ids - sentences == set(), "sentences that nothing says any more: run `make words`"
    assert not kept.obsolete


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_translated_with_all_its_values(code: str) -> None:
    kept = catalogue(code)
    for message in kept:
        if not message.id:
            continue
        given = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        said = (message.string,) if isinstance(message.string, str) else tuple(message.string)
        assert not message.fuzzy, message.id
        assert all(part.strip() for part in said), f"{message.id!r} has no {code}"
        for part in said:
            assert places(part) == places(given[-1]), f"{message.id!r}: other values than in English"
            assert tags(part) == tags(given[-1]), f"{message.id!r}: other markup than in English"


def places(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)[sd]|%%", text))


def tags(text: str) -> list[str]:
    return sorted(re.findall(r"</?\w+[^>]*>", text))


@pytest.mark.parametrize("template", sorted(p.name for p in (ROOM / "templates").glob("*.html")))
def test_no_template_says_anything_past_the_catalogue(template: str) -> None:
    """Words between tags, in attributes that people see or hear, and in expressions whose value is shown."""
    source = (ROOM / "templates" / template).read_text(encoding="utf-8")
    reader = Said()
    reader.feed(shown(templates.env.parse(source)))
    assert reader.said == []


def test_words_past_the_catalogue_are_found() -> None:
    for source in (
        "<p>Hello</p>",
        "<p>{{ 'late' if x }}</p>",
        '<input summary="Scan a bag">',
        '<p title="Late {{ x }}">{{ _("kept") }}</p>',
        "{% set word = 'Captured at' %}",
        "{% for name in ['Today', 'Rework'] %}{{ name }}{% endfor %}",
        "{{ rows(x, 'The latest first.') }}",
    ):
        reader = Said()
        reader.feed(shown(templates.env.parse(source)))
        assert reader.said, source


def shown(node: nodes.Node) -> str:
    """The template with every value left out but those written in it that are not looked up in a catalogue."""
    if isinstance(node, nodes.TemplateData):
        return node.data
    if isinstance(node, nodes.Output):
        return "".join(shown(part) if isinstance(part, nodes.TemplateData) else constants(part) for part in node.nodes)
    if isinstance(node, nodes.Assign | nodes.For):
        value = node.node if isinstance(node, nodes.Assign) else node.iter
        told = "".join(f" {c.value} " for c in values(value) if is_words(c.value))
        return told + "".join(shown(child) for child in node.iter_child_nodes(exclude=("iter", "node", "target")))
    if isinstance(node, nodes.Expr):
        return ""
    return "".join(shown(child) for child in node.iter_child_nodes())


def constants(node: nodes.Node) -> str:
    """What an expression may put on the page of what is written in it."""
    if isinstance(node, nodes.Const):
        return str(node.value)
    if isinstance(node, nodes.CondExpr):
        return constants(node.expr1) + (constants(node.expr2) if node.expr2 else "")
    if isinstance(node, nodes.Concat | nodes.Add | nodes.Or | nodes.And | nodes.MarkSafe | nodes.MarkSafeIfAutoescape):
        return "".join(constants(child) for child in node.iter_child_nodes())
    if isinstance(node, nodes.Filter):
        return "" if node.name == "words" or node.node is None else constants(node.node)
    if isinstance(node, nodes.Call):
        return "".join(f" {c.value} " for c in values(node) if is_words(c.value))
    return ""


def values(node: nodes.Node) -> list[nodes.Const]:
    """Texts in an expression, those aside that are looked up."""
    looked_up = ("_", "gettext", "ngettext")
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in looked_up:
        return []
    own = [node] if isinstance(node, nodes.Const) and isinstance(node.value, str) else []
    return own + [found for child in node.iter_child_nodes() for found in values(child)]


def is_words(text: str) -> bool:
    return bool(LETTERS.search(text)) and (" " in text.strip() or bool(re.match(r"[A-Z][a-z]", text)))


class Said(HTMLParser):
    """Collects what a reader sees and a screen reader says; program code and other languages' parts aside."""

    # What only browsers and programs read; every other attribute is taken for words.
    FOR_PROGRAMS = re.compile(
        "action|aria-(current|describedby|hidden|labelledby|live|pressed)|autocomplete|charset|class|content|d|dx|dy|fill|filter|for"
        "|color-interpolation-filters|dominant-baseline|height|href|id|inputmode|lang|list|loading|maxlength|method|mode|name"
        "|points|preserveaspectratio|rel|role|scope|spellcheck|src|step|stroke|stroke-linejoin|text-anchor|transform|type|value|viewbox"
        "|width"
    )
    DATA_IN_WORDS = ("data-label", "data-title", "data-say")

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.aside, self.depth = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self.depth:
            self.depth += tag == self.aside
        elif tag in ("code", "kbd", "script", "style") or (given.get("lang") and tag != "html"):
            self.aside, self.depth = tag, 1
        for name, value in given.items():
            for_programs = self.FOR_PROGRAMS.fullmatch(name) or name.startswith("data-")
            if name.startswith(self.DATA_IN_WORDS) or not for_programs:
                self._collect(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.depth -= bool(self.depth) and tag == self.aside

    def handle_data(self, data: str) -> None:
        self._collect(data)

    def _collect(self, text: str) -> None:
        if not self.depth:
            self.said += [word for word in LETTERS.findall(text) if word not in NAMES_OF_OURS]


@pytest.mark.parametrize("code", OTHERS)
def test_every_name_of_ours_has_a_word(code: str) -> None:
    remedies = {word for r in (*REMEDIES.values(), ANYTHING_ELSE) for word in (r.operation, r.bench)}
    names = {
        *CHARACTERISTIC_NAMES, *FINDING_KINDS, *get_args(SurfaceKind), *get_args(View), *get_args(Light), *REMEDIES,
        *get_args(ProngState), *remedies, *OVERRIDE_REASONS, *get_args(DispositionKind), *get_args(ReworkState),
        *ROLES, "PASS", "REVIEW", "FAIL", "REFUSED", "prong_3_bend_mm",
    }  # fmt: skip
    with spoken_in(code):
        assert {name: phrase(name) for name in names if LETTERS.search(phrase(name))} == {}


def test_numbers_and_dates_are_written_as_there() -> None:
    when = date(2026, 11, 22)
    assert (number(-0.04, 2), number(-0.0004, 2), number(17.35)) == ("−0.04", "0.00", "17.350")
    assert (long_day(when), short_day(when)) == ("Sunday 22 November 2026", "22 Nov 2026")
    with spoken_in("hi"):
        assert long_day(when) == "रविवार 22 नवंबर 2026"
        assert short_day(when) == "22 नव॰ 2026"
        assert number(-17.3456) == "−17.346"
        assert number(1234567.0, 0) == "12,34,567"


@pytest.mark.parametrize(
    ("accepts", "cookie", "code"),
    [
        ("", "", "en"),
        ("hi-IN,hi;q=0.9,en;q=0.8", "", "hi"),
        ("en-GB,en;q=0.9,hi;q=0.8", "", "en"),
        ("fr;q=0.9,hi;q=0.3", "", "hi"),
        ("fr,de;q=nonsense", "", "en"),
        ("hi", "en", "en"),
        ("en", "hi", "hi"),
        ("hi", "xx", "hi"),
    ],
)
def test_the_persons_choice_goes_before_the_browsers(accepts: str, cookie: str, code: str) -> None:
    headers = {b"accept-language": accepts.encode(), b"cookie": f"a=b; {COOKIE}={cookie}".encode()}
    assert asked_for(headers) == code


def test_programs_read_english_whatever_they_accept(http: httpx.Client) -> None:
    hindi = {"Accept-Language": "hi"}
    assert http.get("/api/v1/inspections/2147483647", headers=hindi).json()["title"] == "Not recorded"
    page = http.get("/rework", headers=hindi | {"Accept": "text/html"})
    assert page.headers["Content-Language"] == "hi"
    assert '<html lang="hi">' in page.text
    assert '<html lang="en">' in http.get("/rework", headers={"Accept": "text/html"}).text


def test_a_language_is_chosen_by_a_press_and_stays(station: Station, open_page: OpenPage) -> None:
    page = open_page(station, locale="en-GB")
    page.goto("/rework?bench=polishing")
    page.get_by_role("button", name="हिन्दी").click()
    expect(page.locator("html")).to_have_attribute("lang", "hi")
    assert page.url.endswith("/rework?bench=polishing")
    expect(page.get_by_role("heading", level=1)).to_have_text("रीवर्क: पॉलिश")
    page.goto("/defects")
    expect(page.get_by_role("heading", level=1)).to_have_text("डिफ़ेक्ट")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_no_other_language_can_be_asked_for(http: httpx.Client) -> None:
    assert http.post("/language", data={"language": "xx"}).status_code == 422
    there = http.post("/language", data={"language": "hi", "next": "https://elsewhere.test/"})
    assert there.headers["Location"] == "/"
