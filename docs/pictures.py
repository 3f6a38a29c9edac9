"""Look at the built home page in Chromium at two widths, and keep small pictures of what was seen.

    .venv/bin/python docs/pictures.py [FOLDER]      of the built pages; docs/_build without it

Writes docs/_static/home-wide.webp and home-telephone.webp.  Needs chromium, chromedriver and selenium.
"""

import base64
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

DOCS = Path(__file__).resolve().parent
#: name -> (width, height) in pixels, and the scale of the picture.
SIZES = {"home-wide": (1280, 1000, 0.6), "home-telephone": (400, 1100, 0.75)}


@contextmanager
def chromium(program, driver_program, width, height, scale=1.0):
    """Open a headless browser that can reach no host, with a window of that size."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_program))
    try:
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield driver
    finally:
        driver.quit()


def seen(driver, quality=70):
    """Return what the window shows, as WebP."""
    asked = {"format": "webp", "quality": quality}
    return base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", asked)["data"])


def main(built=DOCS / "_build"):
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        raise SystemExit("pictures: there is no chromium with its driver here")
    for name, (width, height, scale) in SIZES.items():
        with chromium(*programs, width, height, scale) as driver:
            driver.get(f"file://{Path(built).resolve()}/index.html")
            (DOCS / "_static" / f"{name}.webp").write_bytes(seen(driver))


if __name__ == "__main__":
    main(*sys.argv[1:])
