"""Writes the pictures in `screenshots/` from a real demo run: plays it headless, opens the screen on it, draws it.

With a data directory as its argument, the demo that was played there is used.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from mission_tui.cli.launcher import EngineLauncher
from mission_tui.store.layout import all_missions
from mission_tui.ui.app import MissionApp
from mission_tui.workspace.browser_path import find_browser

OUT = Path(__file__).resolve().parents[1] / "screenshots"
PICTURES = {
    "mission": (120, 40, ()),
    "mission-narrow": (80, 24, ()),
    "mission-wide": (200, 60, ()),
    "assertion": (120, 40, ("1", "end", "enter", "e", "e", "e")),
    "review": (120, 40, ("r",)),
    "findings": (120, 40, ("r", "f")),
    "skills": (120, 40, ("s",)),
    "plan": (120, 40, ("e",)),
    "help": (120, 40, ("question_mark",)),
}
SETTLE_S = float(os.environ.get("SETTLE_S", "2"))
"""More of it on a machine that is busy."""


def played(data: Path) -> None:
    command = [sys.executable, "-m", "mission_tui", "demo", "--headless", "--fast"]
    subprocess.run([*command, "--dir", str(data / "demo"), "--data-dir", str(data)], check=True)


async def drawn(data: Path, size: tuple[int, int], keys: tuple[str, ...]) -> str:
    """The mission's screen as SVG, once it has read everything."""
    (data / "screen.json").unlink(missing_ok=True)  # where the last picture left off
    app = MissionApp(data, EngineLauncher(data), all_missions(data)[0].id)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(SETTLE_S)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(SETTLE_S)
        return app.export_screenshot(title="mission-tui")


def to_png(svg: str, path: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), chromium_sandbox=False)
        page = browser.new_page(device_scale_factor=1)
        page.set_content(f"<body style='margin:0'>{svg}</body>")
        page.locator("svg").first.screenshot(path=path)
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        data = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(name)
        if not all_missions(data):
            played(data)
        for picture, (columns, lines, keys) in PICTURES.items():
            to_png(asyncio.run(drawn(data, (columns, lines), keys)), OUT / f"{picture}.png")


if __name__ == "__main__":
    main()
