"""The workbench in a real browser: five million documents under a slider, and labels by keyboard.

One language of a small run gets a made-up view (`bench_views`), so bounds move over five million
documents while the pages are those of the samples. Moves are `input` events on the slider of a rule
at random places: until the keep-rate is repainted, then, once the slider is let go, until the
counts are exact again. Labels are given to a run of real pages, by keys, each until the next page
is painted.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from audit import views
from audit.runs import Run
from benchmarks import bench_views, measure
from tests.browser import chromium, many

MOVE = """([id, place]) => new Promise((done) => {
  const slider = document.getElementById(id);
  const badge = document.getElementById("exactness");
  const rate = document.getElementById("keep-rate");
  const began = performance.now();
  slider.value = String(Math.round(place * slider.max));
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  const about = rate.textContent;
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      const painted = performance.now() - began;
      const released = performance.now();
      const watch = new MutationObserver(() => {
        if (badge.dataset.state !== "exact") return;
        watch.disconnect();
        requestAnimationFrame(() => done(
          { painted, exact: performance.now() - released, about, rate: rate.textContent }));
      });
      watch.observe(badge, { attributes: true, childList: true });
      slider.dispatchEvent(new Event("change", { bubbles: true }));
    };
    channel.port2.postMessage(null);
  });
})"""

LABEL = """(key) => new Promise((done) => {
  const address = document.getElementById("document-url");
  const watch = new MutationObserver(() => {
    watch.disconnect();
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => done(performance.now() - began);
      channel.port2.postMessage(null);
    });
  });
  watch.observe(address, { childList: true, characterData: true, subtree: true });
  const began = performance.now();
  document.getElementById("document").dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
})"""


def words(run: Path, tag: str) -> tuple[str, ...]:
    """The command that serves a run."""
    return ("tune", str(run), "--language", tag, "--no-open", "--annotator", "bench")


def ready(page: Page, address: str) -> None:
    """Open the workbench and wait until its numbers are exact."""
    page.goto(address)
    page.locator("body[data-state=ready]").wait_for(timeout=120_000)
    page.locator("#exactness[data-state=exact]").wait_for(timeout=120_000)


def moved(page: Page, moves: int) -> dict[str, Any]:
    """Times of moves, in milliseconds, and how far the estimate was off."""
    slider = page.locator("#rule-list .panel input[type=range]:enabled").first
    slider.wait_for()
    name = slider.get_attribute("id")
    found = []
    for number in range(moves + 3):
        place = (0.37 * number) % 1 * 0.6 + 0.2
        said = page.evaluate(MOVE, [name, place])
        page.wait_for_timeout(350)  # precision and recall follow a moment later
        if number >= 3:  # code is compiled, in the browser as well
            found.append(said)
    off = [abs(float(one["about"][:-2]) - float(one["rate"][:-2])) for one in found]
    return {
        "repaint_ms": bench_views.tail_ms([one["painted"] for one in found]),
        "exact_ms": bench_views.tail_ms([one["exact"] for one in found]),
        "estimate_off_points": round(max(off), 1),
    }


def labelled(page: Page, labels: int) -> dict[str, Any]:
    """Times from a key to the next page, in milliseconds."""
    page.locator("#document").focus()
    found = []
    for number in range(labels):
        page.wait_for_timeout(150)  # somebody reads, and the next page is asked for meanwhile
        found.append(page.evaluate(LABEL, "ax"[number % 2]))
    return {"label_ms": bench_views.tail_ms(found)}


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_workbench", __doc__.splitlines()[0])
    options.add_argument("--documents", type=int, default=5_000_000)
    options.add_argument("--signals", type=int, default=45)
    options.add_argument("--moves", type=int, default=50)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-workbench-") as folder:
        result = measured(Path(folder), given.documents, given.signals, given.moves)
    return measure.finish("bench_workbench", {"workbench": result}, given.check)


def measured(work: Path, documents: int, signals: int, moves: int) -> dict[str, Any]:
    """The benchmark's numbers."""
    measure.say("a run of real pages")
    path = many.made(work)
    found: dict[str, Any] = {"documents": documents, "signals": signals}
    with chromium.started() as browser, chromium.tab(browser) as tab:
        with chromium.served(*words(path, many.TAG), cwd=work) as address:
            ready(tab.page, address)
            found |= labelled(tab.page, moves)
        measure.say(f"a view of {documents:,} documents")
        demo = work / "demo"
        measure.run(measure.command("demo", "--output", str(demo)))
        run = Run(demo)
        made = views.opened(run)
        place = made.folder / "languages" / f"{bench_views.TAG}.arrow"
        bench_views.write_view(run, documents, signals, place, made.stamp)
        measure.say("moves")
        with chromium.served(*words(demo, bench_views.TAG), cwd=work) as address:
            ready(tab.page, address)
            found |= moved(tab.page, moves)
    return found


if __name__ == "__main__":
    sys.exit(main())
