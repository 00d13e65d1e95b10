"""Pages in a real browser, opened from a file; whatever they ask of anywhere, or complain about, is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright


@dataclass
class Opened:
    """A page, and what it did beside being there."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def is_quiet(self) -> None:
        """Check that nothing was asked for but the file itself, and that nothing was complained about."""
        assert self.complaints == []
        assert self.requests == []


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a screen."""
    import shutil

    with sync_playwright() as made:
        started = made.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def opened(browser: Browser, file: Path, **how: Any) -> Iterator[Opened]:
    """The page of a file, its scripts done; ``how`` is the browser's: viewport, colours, scripts or none."""
    context = browser.new_context(**how)
    context.set_default_timeout(120_000)
    page = context.new_page()
    found = Opened(page)
    own = file.as_uri()
    page.on("request", lambda asked: found.requests.append(asked.url) if asked.url != own else None)
    page.on("console", lambda said: found.complaints.append(said.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("dialog", lambda dialog: found.complaints.append(dialog.message))
    page.goto(own)
    if how.get("java_script_enabled", True):
        page.wait_for_selector("html[data-ready]")
    yield found
    context.close()
