"""Debian's Chromium, driven over WebDriver: what a page says, filling in its forms, and pictures of it."""

from __future__ import annotations

import contextlib
import io
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

INSTALL = "apt-get install --no-install-recommends chromium chromium-driver"
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--lang=en-US",
)
_SIZE = (1360, 900)
_TALLEST = 6000
_PATIENCE_S = 30.0
_COLOURS = 128  # a picture of a page needs no more, and is a third of the size
_HEIGHT = "return Math.max(...[...document.querySelectorAll('html, main, main *')].map(e => e.scrollHeight))"
_FIELD = (
    "return [...document.querySelectorAll('form label, [role=dialog] label')]"
    ".find(label => label.textContent.trim() === arguments[0])"
)
_LABELS = "return [...document.querySelectorAll('form label')].map(l => l.textContent.trim())"


class Page:
    """A window of the browser."""

    def __init__(self, driver: Any, address: str) -> None:
        self._driver, self._address = driver, address

    def open(self, path: str, *shown: str) -> str:
        """Go to *path* of the UI, wait until the page shows all of *shown*; its text."""
        self._driver.get(self._address + path)
        return self.wait_for(*shown)

    def text(self) -> str:
        """What the page shows, without what is hidden."""
        return str(self._driver.execute_script("return document.body.innerText"))

    def wait_for(self, *shown: str) -> str:
        """The page's text once all of *shown* is in it. AssertionError with the text when it does not come."""
        self.until(lambda: all(one in self.text() for one in shown), f"the page shows {shown}")
        return self.text()

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until *holds*. AssertionError with the page's text when it never does."""
        give_up = time.monotonic() + _PATIENCE_S
        while time.monotonic() < give_up:
            with contextlib.suppress(WebDriverException):  # the page was drawn anew meanwhile
                if holds():
                    return
            time.sleep(0.1)
        raise AssertionError(f"never: {what}\n{self._driver.current_url}\n{self.text()[-4000:]}")

    def labels(self) -> list[str]:
        """The labels of the form's fields, in order."""
        return [str(one) for one in self._driver.execute_script(_LABELS)]

    def value(self, label: str) -> str:
        """What is filled in."""
        return str(self._field(label).get_attribute("value"))

    def kind(self, label: str) -> str:
        """The element that *label* is for, and its type or role: `input number`, `button switch`."""
        field = self._field(label)
        return f"{field.tag_name} {field.get_attribute('role') or field.get_attribute('type')}"

    def complaint(self, label: str) -> str:
        """What the browser says is wrong with what is filled in, in a bubble that is no part of the page; else empty."""
        return str(self._field(label).get_property("validationMessage"))

    def fill(self, label: str, value: str) -> None:
        """Type *value* in the place of what is there."""
        self._field(label).send_keys(Keys.CONTROL, "a")
        self._field(label).send_keys(Keys.DELETE, value)

    def options(self, label: str) -> list[str]:
        """The words that a list of choices offers."""
        self._field(label).click()
        self.until(lambda: bool(self._options()), f"{label} offers something")
        found = [str(one.get_attribute("textContent")).strip() for one in self._options()]
        self._press_escape()
        return found

    def choose(self, label: str, option: str) -> None:
        """Choose one of them."""
        self._field(label).click()
        self.until(
            lambda: any(one.get_attribute("textContent").strip() == option for one in self._options()),
            f"{label} offers {option}",
        )
        next(one for one in self._options() if one.get_attribute("textContent").strip() == option).click()
        self.until(lambda: not self._options(), "the choices close")

    def choose_among(self, label: str, option: str) -> None:
        """Choose one of several, where more could be chosen."""
        self._field(label).click()
        self.until(
            lambda: any(one.get_attribute("textContent").strip() == option for one in self._options()),
            f"{label} offers {option}",
        )
        next(one for one in self._options() if one.get_attribute("textContent").strip() == option).click()
        if self._options():
            self._press_escape()

    def choose_in_menu(self, item: str) -> None:
        """Choose *item* in the menu of what the page shows: the first button with three dots."""
        self._driver.find_element(By.XPATH, "//button[contains(., 'Open menu')]").click()
        self.until(lambda: bool(self._menu(item)), f"the menu has {item}")
        self._menu(item)[0].click()

    def _menu(self, item: str) -> Any:
        return self._driver.find_elements(By.XPATH, f"//*[@role='menuitem'][normalize-space()='{item}']")

    def press_in_dialog(self, button: str) -> None:
        """Click the button of that name in the dialog that is open."""
        self._driver.find_element(By.XPATH, f"//*[@role='dialog']//button[normalize-space()='{button}']").click()

    def press(self, button: str) -> None:
        """Click the button of that name."""
        self._driver.find_element(By.XPATH, f"//button[normalize-space()='{button}']").click()

    def picture(self, path: Path, *, most: int = 1600) -> None:
        """The whole page as a small PNG of at most *most* pixels in height."""
        self._driver.set_window_size(_SIZE[0], max(_SIZE[1], min(_TALLEST, self._driver.execute_script(_HEIGHT)) + 40))
        time.sleep(1.0)  # charts glide to their new size
        image = Image.open(io.BytesIO(self._driver.get_screenshot_as_png())).convert("RGB")
        self._driver.set_window_size(*_SIZE)
        image = image.crop((0, 0, image.width, min(image.height, most)))
        path.parent.mkdir(parents=True, exist_ok=True)
        image.quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)

    def _options(self) -> Any:
        return self._driver.find_elements(By.CSS_SELECTOR, "[role=option]")

    def _press_escape(self) -> None:
        self._driver.switch_to.active_element.send_keys(Keys.ESCAPE)
        self.until(lambda: not self._options(), "the choices close")

    def _field(self, label: str) -> Any:
        found = self._driver.execute_script(_FIELD, label)
        assert found is not None, f"the form has no {label!r}, but {self.labels()}"
        field = self._driver.find_element(By.ID, found.get_attribute("for"))
        self._driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", field)
        return field


def programs() -> tuple[str, str]:
    """The browser and its driver. Ends the script with the command that installs them."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    if not (found[0] and found[1]):
        raise SystemExit(f"the test needs Chromium and its driver: {INSTALL}")
    return found[0], found[1]


@contextlib.contextmanager
def browser(address: str, profile: Path) -> Iterator[Page]:
    """A page of a new Chromium with its files in *profile*; paths are relative to *address*."""
    chromium, driver = programs()
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*_FLAGS, f"--window-size={_SIZE[0]},{_SIZE[1]}", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    # With the driver's path given, selenium looks for nothing and loads nothing.
    chrome = Chrome(options=options, service=Service(driver))
    try:
        yield Page(chrome, address)
    finally:
        chrome.quit()
