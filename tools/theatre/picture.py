# SPDX-License-Identifier: MIT
"""python3 -m tools.theatre.picture PAGE -o theatre.png: README's picture.

It is the first frame of the page at which a call goes wrong, as a browser
shows it; chromium draws it.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def first_bad(text):
    """(scene, frame) of the first frame in which a call goes wrong."""
    data = json.loads(re.search(
        r'<script type="application/json" id="scenes">(.*?)</script>', text,
        re.DOTALL)[1])
    for nr, scene in enumerate(data["scenes"]):
        for at, frame in enumerate(scene["frames"]):
            if frame["bad"]:
                return nr, at
    return None


def draw(page, nr, at, output):
    with tempfile.TemporaryDirectory(prefix="theatre-") as folder:
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--disable-background-networking",
             "--hide-scrollbars", "--window-size=1280,1060",
             "--blink-settings=preferredColorScheme=1",
             f"--user-data-dir={folder}", f"--screenshot={output.resolve()}",
             f"file://{page.resolve()}#{nr}/{at}"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=120)


def main():
    parser = argparse.ArgumentParser(prog="picture", description=__doc__)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    args = parser.parse_args()
    found = first_bad(args.page.read_text(encoding="utf-8"))
    if not found:
        sys.exit(f"picture: {args.page}: no call goes wrong in it")
    draw(args.page, *found, args.output)


if __name__ == "__main__":
    main()
