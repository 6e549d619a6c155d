"""Pictures of every screen of a running demo at three widths, light and dark, for looking at them.

python benchmarks/screenshots.py --url http://127.0.0.1:8000 --out /tmp/screens
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright

WIDTHS = (360, 1280, 1920)
SCHEMES = ("light", "dark")
HEIGHT = {360: 740, 1280: 900, 1920: 1080}


def pages_of(page: Page) -> dict[str, str]:
    """Every kind of page by name: one inspection of each outcome, one piece, and the lists."""
    pages = {"today": "/", "rework": "/rework?bench=", "defects": "/defects", "refused": "/refused", "docs": "/docs"}
    pages |= {name: f"/{name}" for name in ("station", "board", "sheets", "calibration", "models", "audit", "people")}
    for order in page.request.get("/api/v1/rework").json()[:1]:
        pages["order"] = f"/rework/{order['id']}"
    for sheet in page.request.get("/api/v1/specs?limit=1").json()["items"]:
        pages["sheet"] = f"/sheets/{sheet['style']}/{sheet['revision']}"
    for outcome in ("FAIL", "REVIEW", "PASS", "REFUSED"):
        items = page.request.get(f"/api/v1/inspections?limit=1&outcome={outcome}").json()["items"]
        if items:
            pages[outcome.lower()] = f"/inspections/{items[0]['id']}"
            pages["piece"] = f"/pieces/{items[0]['piece']}"
    # Whoever may not see a page has no picture of it: sign in as somebody else with --who.
    pages = {name: path for name, path in pages.items() if page.request.get(path).ok}
    return pages | {"missing": "/inspections/2147483647"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--who", default="Chetan", help="whom of the demo's people to sign in as")
    parser.add_argument("--language", default="en", choices=("en", "hi"))
    parser.add_argument("--only", nargs="*", help="names of pages")
    parser.add_argument("--widths", nargs="*", type=int, default=WIDTHS)
    parser.add_argument("--schemes", nargs="*", default=SCHEMES, choices=SCHEMES)
    parser.add_argument("--fold", action="store_true", help="only what is seen without scrolling")
    given = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        print("no Chromium was found; install Debian's package chromium", file=sys.stderr)
        return 1
    given.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--headless=new", "--disable-gpu"], chromium_sandbox=False
        )
        context = browser.new_context(base_url=given.url, locale=given.language)
        page = context.new_page()
        try:
            page.goto("/sign-in")
        except Error as error:
            print(f"no demo answers at {given.url} ({error.message}); start one with: loupebox demo", file=sys.stderr)
            return 1
        page.screenshot(path=given.out / "sign-in.png")
        page.locator("button", has_text=given.who).click()
        page.wait_for_selector(".me")
        pages, session = pages_of(page), context.storage_state()
        for name, address in pages.items():
            if given.only and name not in given.only:
                continue
            for width in given.widths:
                for scheme in given.schemes:
                    page = browser.new_page(
                        viewport={"width": width, "height": HEIGHT.get(width, 900)},
                        color_scheme=scheme,
                        storage_state=session,
                        locale=given.language,
                    )
                    page.goto(given.url + address, wait_until="load")
                    file = given.out / f"{name}-{width}-{scheme}.png"
                    page.screenshot(path=file, full_page=not given.fold)
                    print(file)
                    page.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
