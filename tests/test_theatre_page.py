# SPDX-License-Identifier: MIT
# parts: test-all 30
"""The theatre's page in a browser, opened from a file: every scene, those that
a kernel records too, is played to its end by keyboard. Each frame shows its
sentence and the verdict of every CPU; nothing is wider than the window, nothing
is asked of a network, and no error is logged."""
import html
import json
import re
import subprocess

import pytest

from tests import qemu, theatre_scenes
from tests.conftest import existing
from tools.theatre import boot, frames, page, picture
from tools.theatre.scene import parse

# What a test adds to the page: it plays a scene by keys and keeps what is seen.
PLAYER = """<script>
const press = (key) => document.dispatchEvent(
	new KeyboardEvent("keydown", { key, bubbles: true }));
const seen = [], text = (id) => document.getElementById(id).textContent;
const box = (what) => document.querySelector(what).getBoundingClientRect();
press("Home");
for (let i = 0; i < scene.frames.length; i++) {
	seen.push([text("sentence"), ...[...document.querySelectorAll(
		"td.verdict")].map((cell) => cell.textContent)]);
	press("ArrowRight");
}
press("ArrowLeft");
const back = text("sentence");
press("End");
const out = document.createElement("pre");
out.id = "seen";
out.textContent = JSON.stringify({ seen, back, last: text("sentence"),
	wide: document.documentElement.scrollWidth > innerWidth,
	lanes: box("#lanes").bottom - box("nav").height + box("nav *").height,
	width: innerWidth,
	dark: matchMedia("(prefers-color-scheme: dark)").matches,
	unnamed: [...document.querySelectorAll("[role=img]")].filter(
		(one) => !one.getAttribute("aria-label")).length });
document.body.append(out);
</script></body>"""


def browse(path, where, folder, *options):
    """(document after its scripts have run, what the browser logged)."""
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
         "--disable-dev-shm-usage", "--disable-background-networking",
         "--enable-logging=stderr", "--virtual-time-budget=5000",
         f"--user-data-dir={folder / 'profile'}",
         f"--log-net-log={folder / 'net.json'}", *options, "--dump-dom",
         f"file://{path}#{where}"],
        capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


def asked(folder):
    """The addresses that were asked for, but for those of the browser's own
    services."""
    text = (folder / "net.json").read_text(encoding="utf-8", errors="replace")
    return {url for url in re.findall(r'"url":"([a-z]+:[^"]*)"', text)
            if not re.match(r"(file|chrome|data):|https?://[\w.]+\."
                            r"(google|googleapis|gstatic|gvt1)\.com/", url)}


@pytest.fixture(name="theatre", scope="module")
def fixture_theatre(tmp_path_factory):
    """Scenes written by hand, and behind them those of the kernel."""
    folder = tmp_path_factory.mktemp("theatre")
    scenes = parse(theatre_scenes.log(*theatre_scenes.ALL))
    scenes += boot.record(existing(qemu.DEBUG), 4, None, 1)
    text = page.build(scenes)
    (folder / "page.html").write_text(text, encoding="utf-8")
    (folder / "player.html").write_text(text.replace("</body>", PLAYER),
                                        encoding="utf-8")
    return folder, [frames.of_scene(scene) for scene in scenes]


def scheme(dark):
    return f"--blink-settings=preferredColorScheme={0 if dark else 1}"


def play(folder, nr, dark, width):
    document, logged = browse(folder / "player.html", str(nr), folder,
                              scheme(dark), f"--window-size={width},1000")
    assert "CONSOLE" not in logged, logged
    return json.loads(html.unescape(
        re.search(r'<pre id="seen">(.*?)</pre>', document, re.S)[1]))


# The four written by hand, and the kernel's nine.
@pytest.mark.parametrize("nr", range(13))
def test_a_scene_is_played_to_its_end(theatre, nr):
    folder, played = theatre
    dark, width = nr % 2 == 1, (1280, 1920)[nr // 2 % 2]
    found = play(folder, nr, dark, width)
    wanted = [[shown["sentence"], *[row["verdict"] for row in shown["rows"]]]
              for shown in played[nr]["frames"]]
    assert found["seen"] == wanted
    assert found["last"] == wanted[-1][0]
    assert found["back"] == wanted[-2][0]
    assert found["unnamed"] == 0
    # Nobody scrolls while a scene plays. This page has more scenes than a
    # recorded one, so its list of them, as if it were one row.
    assert found["lanes"] <= {1280: 900, 1920: 1080}[width]


LABELS = """<script>
const out = document.createElement("pre");
out.id = "seen";
out.textContent = JSON.stringify([...document.querySelectorAll(
	"nav .kind > *")].map((one) => one.textContent));
document.body.append(out);
</script></body>"""


def test_each_kind_of_scene_has_its_label(theatre):
    """A scene that is no method of patching does not stand under "Method"."""
    folder, _ = theatre
    text = (folder / "page.html").read_text(encoding="utf-8")
    (folder / "labels.html").write_text(text.replace("</body>", LABELS),
                                        encoding="utf-8")
    document, _ = browse(folder / "labels.html", "0", folder)
    seen = json.loads(html.unescape(
        re.search(r'<pre id="seen">(.*?)</pre>', document, re.S)[1]))
    assert seen[0] == "Method:"
    assert seen[-6:] == ["Another target:", "exchange-gap", "exchange",
                         "A trampoline goes:", "free-early", "free"]
    assert sum(word.endswith(":") for word in seen) == 3


@pytest.mark.parametrize("width", [1280, 1920])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_the_window_in_both_schemes(theatre, dark, width):
    folder, played = theatre
    for nr in (len(played) - 1,):
        found = play(folder, nr, dark, width)
        assert (found["dark"], found["width"]) == (dark, width)
        assert not found["wide"]


def test_what_is_too_wide_is_seen(theatre):
    folder, _ = theatre
    text = (folder / "player.html").read_text(encoding="utf-8")
    (folder / "wide.html").write_text(
        text.replace("<header>", '<header style="width:3000px">'),
        encoding="utf-8")
    document, _ = browse(folder / "wide.html", "0", folder)
    assert '"wide":true' in html.unescape(document)


def test_no_address_is_asked_for(theatre):
    folder, _ = theatre
    browse(folder / "page.html", "0/end", folder)
    ours = asked(folder)
    text = (folder / "page.html").read_text(encoding="utf-8")
    (folder / "asks.html").write_text(
        text.replace("<header>",
                     '<header><img src="http://127.0.0.1:9/x.png">'),
        encoding="utf-8")
    browse(folder / "asks.html", "0", folder)
    assert asked(folder) - ours == {"http://127.0.0.1:9/x.png"}
    assert not ours


@pytest.mark.parametrize("where", ["end", "9"])
def test_an_address_opens_a_frame(theatre, where):
    folder, played = theatre
    document, _ = browse(folder / "page.html", f"1/{where}", folder)
    shown = played[1]["frames"][-1 if where == "end" else int(where)]
    assert f">{shown['sentence']}</p>" in document


def test_a_step_has_its_reason_and_its_places(theatre):
    folder, played = theatre
    nr = next(nr for nr, one in enumerate(played)
              if one["about"]["method"] == "int3" and "build" in one["about"])
    at = next(i for i, shown in enumerate(played[nr]["frames"])
              if shown["sentence"] == "Step: sync 1.")
    document, _ = browse(folder / "page.html", f"{nr}/{at}", folder)
    why = html.unescape(re.search(r'id="why">(.*?)</p>', document)[1])
    assert "Without this sync a CPU could execute 0f 0b 20 00 00" in why
    assert "A CPU may still hold the old byte 0, and would not trap." in why
    # Where no step is to be explained, what the table follows from is there.
    first, _ = browse(folder / "page.html", f"{nr}/0", folder)
    assert "any combination of the parts" in first
    assert "any combination" not in document
    for path, line in re.findall(r'href="\./([\w/.]+?)(?:#L(\d+))?"', why):
        text = (qemu.ROOT / path).read_text(encoding="utf-8")
        assert not line or "sync_core_all" in text.splitlines()[int(line) - 1]


def test_readmes_picture_can_be_drawn_again(theatre, tmp_path):
    """It is the page at the first call that goes wrong."""
    folder, played = theatre
    text = (folder / "page.html").read_text(encoding="utf-8")
    nr, at = picture.first_bad(text)
    assert played[nr]["frames"][at]["bad"]
    assert not any(shown["bad"] for shown in played[nr]["frames"][:at])
    drawn = tmp_path / "theatre.png"
    picture.draw(folder / "page.html", nr, at, drawn)
    kept = qemu.ROOT / "tools/theatre/theatre.png"
    sizes = [path.read_bytes()[16:24] for path in (drawn, kept)]  # IHDR
    assert sizes[0] == sizes[1]
    assert kept.name in (qemu.ROOT / "README.md").read_text(encoding="utf-8")


def test_an_error_on_the_console_is_seen(theatre):
    folder, _ = theatre
    broken = folder / "broken.html"
    text = (folder / "page.html").read_text(encoding="utf-8")
    broken.write_text(text.replace('"use strict";', "missing();"),
                      encoding="utf-8")
    assert "CONSOLE" in browse(broken, "", folder)[1]
