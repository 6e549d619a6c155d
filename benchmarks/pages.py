"""Weight and server time of every page of a running demo, against the goals: 400 KB without pictures, 300 ms.

python benchmarks/pages.py --url http://127.0.0.1:8000

Weight is what a browser that comes for the first time fetches over the wire: the page, its stylesheets and its scripts.
Time is the median from asking to the last byte of the page, over --times askings after one that warms up.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time

import httpx

from loupebox.station.demo_people import DEMO_PEOPLE, DEMO_PIN

GOAL_KB, GOAL_MS = 400, 300
WHOM = {"/board": "lead", "/people": "admin", "/audit": "lead"}
"""Whose page it is, where not everybody may see it."""
ASSET = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js|svg)\?[^"]*)"')


def sign_in(url: str, role: str) -> httpx.Client:
    """A browser of the demo's person of this role."""
    client = httpx.Client(base_url=url, timeout=60, headers={"Accept": "text/html"})
    name = next(name for name, has in DEMO_PEOPLE if has == role)
    answer = client.post("/sign-in", data={"name": name, "pin": DEMO_PIN})
    if answer.status_code != 303:
        sys.exit(f"{url} is no demo: it does not let {name} in (status {answer.status_code})")
    return client


def addresses(client: httpx.Client) -> list[str]:
    """One of each kind of page."""
    pages = ["/sign-in", "/station", "/", "/rework?bench=", "/board", "/defects", "/refused", "/docs"]
    pages += ["/sheets", "/calibration", "/models", "/people", "/audit"]
    for outcome in ("FAIL", "REVIEW", "PASS", "REFUSED"):
        for item in client.get(f"/api/v1/inspections?limit=1&outcome={outcome}").json()["items"]:
            pages.append(f"/inspections/{item['id']}")
    last = client.get("/api/v1/inspections?limit=1").json()["items"][0]
    orders = client.get("/api/v1/rework").json()
    sheets = client.get("/api/v1/specs?limit=1").json()["items"]
    pages += [f"/pieces/{last['piece']}", *(f"/rework/{order['id']}" for order in orders[:1])]
    return pages + [f"/sheets/{sheet['style']}/{sheet['revision']}" for sheet in sheets]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--times", type=int, default=9)
    given = parser.parse_args()
    try:
        people = {role: sign_in(given.url, role) for role in ("inspector", "lead", "admin")}
    except httpx.ConnectError:
        sys.exit(f"no demo answers at {given.url}; start one with: loupebox demo")
    missed = 0
    print(f"{'page':<34}{'KB':>8}{'ms':>8}{'worst':>8}")
    for address in addresses(people["lead"]):
        client = people[WHOM.get(address.partition("?")[0], "inspector")]
        page = client.get(address)
        page.raise_for_status()
        weight_kb = (
            page.num_bytes_downloaded + sum(size(client, part) for part in set(ASSET.findall(page.text)))
        ) / 1000
        spent_ms: list[float] = []
        for _ in range(given.times):
            begun = time.perf_counter()
            client.get(address)
            spent_ms.append(1000 * (time.perf_counter() - begun))
        middle_ms = statistics.median(spent_ms)
        over = weight_kb > GOAL_KB or middle_ms > GOAL_MS
        missed += over
        print(
            f"{address:<34}{weight_kb:>8.0f}{middle_ms:>8.0f}{max(spent_ms):>8.0f}{'  over the goal' if over else ''}"
        )
    print(f"goals: {GOAL_KB} KB without pictures, {GOAL_MS} ms; {missed} pages over them")
    return 1 if missed else 0


def size(client: httpx.Client, address: str) -> int:
    """Bytes over the wire of one file."""
    return client.get(address.replace("&amp;", "&")).num_bytes_downloaded


if __name__ == "__main__":
    sys.exit(main())
