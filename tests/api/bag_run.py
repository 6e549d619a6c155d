"""A bag worked through as an inspector does it: what each piece cost in actions, and how soon its verdict was seen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from playwright.sync_api import Page, expect

KEY_OF = {"place": " ", "ticket": " ", "refused": " ", "review": "1", "fail": "Enter", "done": "Enter"}
"""What is pressed at each state of the screen: the pedal for the next piece, one key for a decision."""
DECISIONS = ("review", "fail")
TURNED = """([mode, inspection]) => {
  const now = document.getElementById("work")?.dataset;
  return now && (now.mode !== mode || now.inspection !== inspection) && !document.querySelector("#station[aria-busy]");
}"""


@dataclass
class BagRun:
    """Verdicts in the order in which they came, decisions made for each, and milliseconds until it was seen."""

    verdicts: list[str] = field(default_factory=list)
    decisions: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    seen_after_ms: list[float] = field(default_factory=list)


def work_through(page: Page, job: str, most: int = 200) -> BagRun:
    """Scan the bag, then press what the screen asks for until the bag is closed."""
    run, shown = BagRun(), None
    page.goto("/station")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(job)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(job)
    for _ in range(most):
        state = page.locator("#work").evaluate("e => ({...e.dataset})")
        mode, inspection = state["mode"], state.get("inspection")
        if inspection != shown:
            shown = inspection
            run.verdicts.append(state["outcome"])
            run.decisions[state["outcome"]].append(0)
            page.wait_for_function("n => document.body.dataset.seenInspection === n", arg=inspection)
            run.seen_after_ms.append(float(page.locator("body").get_attribute("data-seen-after-ms") or "nan"))
        if mode == "closed":
            return run
        if mode in DECISIONS:
            run.decisions[run.verdicts[-1]][-1] += 1
        page.keyboard.press(KEY_OF[mode])
        page.wait_for_function(TURNED, arg=[mode, inspection])
    raise AssertionError(f"after {most} presses bag {job} is not closed")
