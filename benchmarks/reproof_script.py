"""What somebody would write by hand to check the same steps: httpx, subprocess and Playwright, one process per core.

Usage: reproof_script.py URL FOLDER CHROMIUM FIRST STEP CASES…: every STEP-th case from FIRST on, pictures into FOLDER.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
from playwright.sync_api import Browser, ConsoleMessage, expect, sync_playwright


def main() -> None:
    url, folder, chromium, first, step, cases = sys.argv[1:7]
    mine = json.loads(Path(cases).read_text())[int(first) :: int(step)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=False)
        for case in mine:
            if case["by"] == "http":
                check_http(url, case)
            elif case["by"] == "command":
                check_command(case, folder)
            else:
                check_browser(browser, url, case, Path(folder))
        browser.close()


def check_http(url: str, case: dict) -> None:
    with httpx.Client(base_url=url, verify=False, trust_env=False) as client:
        for step in case["checks"]:
            method, _, path = step["request"].partition(" ")
            answer = client.request(method, path)
            assert answer.status_code == step["expect_status"]
            assert re.search(step["expect_header"]["content-type"], answer.headers["content-type"])
            assert re.search(step["expect_body"], answer.text, re.MULTILINE)


def check_command(case: dict, folder: str) -> None:
    for step in case["checks"]:
        done = subprocess.run(["/bin/bash", "-c", step["run"]], cwd=folder, capture_output=True, text=True, check=True)
        assert re.search(step["expect_stdout"], done.stdout, re.MULTILINE)


def check_browser(browser: Browser, url: str, case: dict, folder: Path) -> None:
    context = browser.new_context()
    errors: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: errors.append(said.text) if is_error(said) else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url + "/")
    expect(page.get_by_role("heading", name="Pantry")).to_be_visible()
    page.get_by_label("Search").fill(case["word"])
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text(re.compile(case["word"], re.IGNORECASE))
    page.get_by_role("button", name="Dark mode").click()
    expect(page.locator("body")).to_have_css("background-color", "rgb(17, 24, 39)")
    page.screenshot(path=folder / f"{case['id']}.png", full_page=True)
    assert errors == []
    context.close()


def is_error(said: ConsoleMessage) -> bool:
    return said.type == "error" and "favicon" not in said.location.get("url", "")


if __name__ == "__main__":
    main()
