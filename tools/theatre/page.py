# SPDX-License-Identifier: MIT
"""Writes one self-contained HTML file with all scenes."""
import html
import json
import pathlib

from tools.theatre import frames

FOLDER = pathlib.Path(__file__).parent


def read(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def embedded(data):
    """JSON that cannot end the script element around it."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def build(scenes, base="."):
    """The text of the page. base: the sources' folder as seen from it."""
    played = [frames.of_scene(scene) for scene in scenes]
    verdicts = " ".join(f"{one['title']}: {one['verdict']}" for one in played)
    page = read("page.html")
    for mark, text in (("@CSS@", read("page.css")), ("@JS@", read("page.js")),
                       ("@VERDICTS@", html.escape(verdicts)),
                       ("@SCENES@", embedded({"base": base,
                                              "scenes": played}))):
        page = page.replace(mark, text)
    return page
