# SPDX-License-Identifier: MIT
# parts: test-all 30
"""The theatre's page in a browser: each scene, opened from a file at its end,
shows its last sentence and the verdict of every CPU, and logs no error."""
import re
import subprocess

import pytest

from tests import theatre_scenes
from tools.theatre import frames, page
from tools.theatre.scene import parse


def browse(path, where, profile):
    """(document after its scripts have run, what the browser logged)."""
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
         "--disable-dev-shm-usage", "--disable-background-networking",
         "--enable-logging=stderr", "--virtual-time-budget=5000",
         f"--user-data-dir={profile}", "--dump-dom",
         f"file://{path}#{where}"],
        capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def theatre(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theatre")
    scenes = parse(theatre_scenes.log(*theatre_scenes.ALL))
    (folder / "page.html").write_text(page.build(scenes), encoding="utf-8")
    return folder, [frames.of_scene(scene) for scene in scenes]


@pytest.mark.parametrize("nr", range(len(theatre_scenes.ALL)))
@pytest.mark.parametrize("where", ["end", "9"])
def test_a_scene(theatre, nr, where):
    folder, played = theatre
    document, logged = browse(folder / "page.html", f"{nr}/{where}",
                              folder / "profile")
    shown = played[nr]["frames"][-1 if where == "end" else int(where)]
    assert f">{shown['sentence']}</p>" in document
    rows = re.findall(r'<td class="verdict[^"]*">([^<]*)</td>', document)
    assert rows == [row["verdict"] for row in shown["rows"]]
    assert "CONSOLE" not in logged, logged


def test_an_error_on_the_console_is_seen(theatre):
    folder, _ = theatre
    broken = folder / "broken.html"
    text = (folder / "page.html").read_text(encoding="utf-8")
    broken.write_text(text.replace('"use strict";', "missing();"),
                      encoding="utf-8")
    assert "CONSOLE" in browse(broken, "", folder / "profile")[1]
