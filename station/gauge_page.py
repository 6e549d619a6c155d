"""A study as one HTML file that needs nothing else: to mail, to print, to keep beside the certificate."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from loupebox.station.gauge_document import GaugeDocument
from loupebox.station.gauge_section import Section

TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ title }} – {{ about }}</title>
<style>
:root { color-scheme: light dark; --paper: #f5f3ed; --sheet: #fffdf9; --ink: #1a1c20; --soft: #55585f; --rule: #d6d0c2;
  --good: #1b6542; --conditional: #85520a; --not: #a1211a; --blue: #0b62a4; --s1: #b2500a; --s2: #00755a; --s3: #8f3f71;
  --s4: #6b6200; --s5: #555; --band: #cfdfec; }
@media (prefers-color-scheme: dark) { :root { --paper: #111316; --sheet: #191c20; --ink: #ebe7de; --soft: #aeaca4;
  --rule: #343940; --good: #84d3a8; --conditional: #f2bd5c; --not: #ff968b; --blue: #7db9ea; --s1: #f0a36a;
  --s2: #5ccfb0; --s3: #e39cc8; --s4: #d9cf6a; --s5: #bbb; --band: #26384a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1340px; padding: 28px 32px 48px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Noto Sans", "Liberation Sans", sans-serif;
  font-variant-numeric: tabular-nums; }
h1 { font-size: 26px; margin: 0; }
h2 { font-size: 20px; margin: 36px 0 8px; }
h3 { font-size: 15px; margin: 0 0 4px; }
p { margin: 4px 0; }
.source, .method, .note, figcaption { color: var(--soft); font-size: 13px; }
.source { overflow-wrap: anywhere; }
.verdict { border-left: 5px solid; padding: 6px 12px; background: var(--sheet); margin: 8px 0; }
.verdict b { text-transform: uppercase; letter-spacing: .04em; margin-right: 8px; }
.good { border-color: var(--good); } .good b { color: var(--good); }
.conditional { border-color: var(--conditional); } .conditional b { color: var(--conditional); }
.not { border-color: var(--not); } .not b { color: var(--not); }
.tables { display: flex; flex-wrap: wrap; gap: 16px; margin: 16px 0; align-items: flex-start; }
.tables > div, figure { background: var(--sheet); border: 1px solid var(--rule); border-radius: 6px;
  padding: 12px 14px; }
.tables > div { max-width: 100%; overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: right; padding: 3px 0 3px 22px; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th { font-weight: 600; font-size: 13px; color: var(--soft); }
.note { max-width: 640px; margin-top: 6px; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 520px), 1fr)); gap: 16px; }
figure { margin: 0; break-inside: avoid; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--ink); font-size: 11px; }
svg .label, svg .tick { fill: var(--soft); }
svg .group { font-weight: 600; }
svg .small { font-size: 9px; text-anchor: middle; }
svg .frame { fill: none; stroke: var(--rule); }
svg .grid { stroke: var(--rule); stroke-width: .7; fill: none; }
svg .divide { stroke: var(--soft); stroke-dasharray: 2 3; }
svg .centre { stroke: var(--good); stroke-width: 1.4; fill: none; }
svg .limit { stroke: var(--not); stroke-width: 1.2; stroke-dasharray: 6 4; fill: none; }
svg .zero { stroke: var(--conditional); stroke-width: 1.2; stroke-dasharray: 2 3; fill: none; }
svg .trace { stroke: var(--blue); stroke-width: 1.4; fill: none; }
svg .dot { fill: var(--blue); }
svg .out { fill: var(--sheet); stroke: var(--not); stroke-width: 2.2; }
svg .faint { fill: var(--blue); fill-opacity: .45; }
svg .reach { stroke: var(--blue); stroke-width: 2.4; stroke-opacity: .55; }
svg .band { fill: var(--band); }
svg .series { fill: none; stroke-width: 1.7; }
svg .s0 { stroke: var(--blue); } svg .s1 { stroke: var(--s1); stroke-dasharray: 7 3; }
svg .s2 { stroke: var(--s2); stroke-dasharray: 2 2; } svg .s3 { stroke: var(--s3); stroke-dasharray: 9 3 2 3; }
svg .s4 { stroke: var(--s4); stroke-dasharray: 4 4; } svg .s5 { stroke: var(--s5); stroke-dasharray: 1 3; }
svg .m0, svg .b0 { fill: var(--blue); } svg .m1, svg .b1 { fill: var(--s1); } svg .m2, svg .b2 { fill: var(--s2); }
svg .m3, svg .b3 { fill: var(--s3); } svg .m4, svg .b4 { fill: var(--s4); } svg .m5, svg .b5 { fill: var(--s5); }
@media print { body { padding: 0; background: none; } .plots { grid-template-columns: 1fr 1fr; } }
</style>
</head>
<body>
<h1>{{ title }}</h1>
<p class="source">{{ about }}</p>
{% for section in sections %}
<section>
<h2>{{ section.title }}</h2>
{%- set word = section.word or section.outcome %}
<p class="verdict {{ section.outcome.split()[0] }}"><b>{{ word }}</b> {{ section.reason }}</p>
<p class="method">{{ section.method }}</p>
<div class="tables">
{% for table in section.tables %}
<div><h3>{{ table.title }}</h3>
<table><thead><tr>{% for cell in table.head %}<th scope="col">{{ cell }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in table.rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>
{% if table.note %}<p class="note">{{ table.note }}</p>{% endif %}</div>
{% endfor %}
</div>
<div class="plots">
{% for plot in section.plots if plot not in shown %}
<figure><h3>{{ plot.title }}</h3>{{ safe(plot.svg) }}<figcaption>{{ plot.caption }}</figcaption></figure>
{%- set _ = shown.append(plot) %}
{% endfor %}
</div>
</section>
{% endfor %}
</body>
</html>
"""


def as_page(title: str, about: str, sections: Sequence[Section]) -> str:
    """The whole page; a plot that two sections share is shown once."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    # The plots escape what comes from the file themselves.
    return environment.from_string(TEMPLATE).render(title=title, about=about, sections=sections, shown=[], safe=Markup)


def gauge_page(document: GaugeDocument, sections: Sequence[Section]) -> str:
    """The page of a gauge study, with the file that it rests on."""
    source = document.source
    ignored = f"; not looked at: {', '.join(source.ignored_columns)}" if source.ignored_columns else ""
    what = f"{document.about}; " if document.about else ""
    where = f"{source.file}, {source.readings} readings, sha256 {source.sha256}{ignored}"
    about = f"{what}{where}; numbers are in the unit of the readings; {document.software}"
    return as_page("Gauge study", about, sections)
