# SPDX-License-Identifier: MIT
# parts: torture 14
"""`make speedscope`: the viewer comes by npm, opens a graph without a network,
and shows its name; what is missing is one sentence. The tests that need npm's
package are skipped where it cannot be had."""
import base64
import html
import json
import os
import re
import shutil
import subprocess
import tarfile

import pytest

from tests import qemu
from tests import trace_files as tf
from tests.python import COMMAND as PYTHON
from tests.test_theatre_page import asked
from tests.test_trace_reader import CALLS, OTHER
from tools.trace import chrome, open_trace, speedscope

FOLDER = qemu.BUILD / "speedscope"
PROGRAM = [*PYTHON, "-m", "tools.trace.speedscope"]


@pytest.fixture(name="viewer", scope="module")
def fixture_viewer():
    try:
        speedscope.fetch(FOLDER)
    except speedscope.Failure as failure:
        pytest.skip(str(failure))
    return FOLDER


@pytest.fixture(name="graph")
def fixture_graph(tmp_path):
    """A graph of five calls, in a folder whose name has a blank."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "x.dat").write_bytes(tf.dat6(CALLS, OTHER))
    path = folder / "graph.json"
    path.write_text("".join(chrome.chrome_text(
        open_trace(str(folder / "x.dat")))))
    return path


def browse(address, folder):
    """(title of the page when its scripts have run, what they log), with no
    network."""
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
         "--disable-dev-shm-usage", "--disable-background-networking",
         "--allow-file-access-from-files", "--enable-unsafe-swiftshader",
         "--virtual-time-budget=15000", "--enable-logging=stderr",
         "--host-resolver-rules=MAP * ~NOTFOUND",
         f"--user-data-dir={folder / 'profile'}",
         f"--log-net-log={folder / 'net.json'}", "--dump-dom", address],
        capture_output=True, text=True, timeout=120, check=True)
    title = re.search("<title>(.*?)</title>", done.stdout)[1]
    return html.unescape(title), done.stderr


# What the viewer logs of an end without its begin, and of a begin without end.
UNPAIRED = re.compile("Doing nothing instead|still open at end")


def test_the_viewer_shows_the_graph(viewer, graph, tmp_path):
    """Through the page that a user opens, which leads to the viewer."""
    page = speedscope.write_files(viewer, graph)
    title, logged = browse(page.as_uri(), tmp_path)
    assert title == "graph.json - speedscope"
    assert "Importing as Trace Event Format" in logged
    assert not UNPAIRED.search(logged)
    assert not asked(tmp_path)


@pytest.mark.parametrize("ends, words", [
    (True, "Doing nothing instead"), (False, "still open at end")])
def test_what_is_not_paired_is_seen(viewer, graph, tmp_path, ends, words):
    """Negative control: ends without names, or no ends."""
    data = json.loads(graph.read_text())
    for one in data["traceEvents"]:
        if one["ph"] == "E":
            del one["name"]
    data["traceEvents"] = [one for one in data["traceEvents"]
                           if ends or one["ph"] != "E"]
    graph.write_text(json.dumps(data))
    _, logged = browse(speedscope.write_files(viewer, graph).as_uri(),
                       tmp_path)
    assert words in logged


def test_without_a_trace_the_title_is_another(viewer, tmp_path):
    """Negative control: a path that is not absolute loads nothing."""
    address = (viewer / speedscope.INDEX).resolve().as_uri()
    title, _ = browse(f"{address}#localProfilePath=graph.js", tmp_path)
    assert title == "speedscope"


def test_the_script_has_the_trace(graph, tmp_path):
    speedscope.write_files(tmp_path, graph)
    text = graph.with_suffix(".js").read_text()
    name, data = re.fullmatch(
        r'speedscope\.loadFileFromBase64\("(.*)", "(.*)"\)\n', text).groups()
    assert name == "graph.json"

    events = json.loads(base64.b64decode(data))["traceEvents"]
    assert events == json.loads(graph.read_text())["traceEvents"]
    assert sum(one["ph"] == "B" for one in events) > 4


# ---- make --------------------------------------------------------------------

def make(build, *words, **env):
    env = {name: value for name, value in os.environ.items() if name not in
           ("ONLY", "MAKEFLAGS", "MAKELEVEL", "DISPLAY", "WAYLAND_DISPLAY")
           } | env
    return subprocess.run(
        ["make", "-s", f"BUILD={build}", *words], cwd=qemu.ROOT, env=env,
        capture_output=True, text=True, timeout=600, check=False)


def test_make_writes_the_files_and_says_how_to_open_them(viewer, tmp_path):
    """A second of the workload; there is no display."""
    done = make(qemu.BUILD, "speedscope")
    assert done.returncode == 0, done
    page = qemu.BUILD / "graph.html"
    assert done.stdout.endswith("there is no display; open this file in a "
                                f"browser: {page}\n")
    title, logged = browse(page.resolve().as_uri(), tmp_path)
    assert title == "graph.json - speedscope"
    assert not UNPAIRED.search(logged)


# ---- what is missing ---------------------------------------------------------

def fetch(folder, box=None, **env):
    path = {"PATH": str(box)} if box else {}
    return subprocess.run([*PROGRAM, "fetch", str(folder)], cwd=qemu.ROOT,
                          env=os.environ | path | env, capture_output=True,
                          text=True, timeout=200, check=False)


def one_sentence(done, words):
    assert done.returncode == 1 and not done.stdout, done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert re.match(f"speedscope: .*{words}", done.stderr), done.stderr


def test_no_npm_is_one_sentence(tmp_path):
    (tmp_path / "box").mkdir()
    one_sentence(fetch(tmp_path / "x", tmp_path / "box"),
                 "there is no npm: install Debian's package npm")


def fake_npm(tmp_path, script):
    box = tmp_path / "box"
    box.mkdir()
    (box / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (box / "npm").chmod(0o755)
    return box


def test_no_network_is_one_sentence(tmp_path):
    """As npm ends then; nothing half-done is left."""
    box = fake_npm(tmp_path, "echo npm error network >&2; exit 1")
    one_sentence(fetch(tmp_path / "x", box), r"is there a network\?.*: npm "
                 "error network")
    assert not list((tmp_path / "x").iterdir())


@pytest.mark.skipif(not shutil.which("npm"), reason="there is no npm")
def test_a_registry_that_is_not_there_is_one_sentence(tmp_path):
    one_sentence(fetch(tmp_path / "x", npm_config_registry=
                       "http://127.0.0.1:9/", npm_config_cache=str(
                           tmp_path / "cache")), r"is there a network\?")


@pytest.mark.parametrize("name, kind", [
    ("../outside", tarfile.REGTYPE), ("/outside", tarfile.REGTYPE),
    ("package/link", tarfile.SYMTYPE)])
def test_an_archive_stays_in_its_folder(tmp_path, name, kind):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
        archive.addfile(member)
    with tarfile.open(tmp_path / "x.tgz") as archive, pytest.raises(
            speedscope.Failure, match="not a file of the viewer"):
        speedscope.unpack(archive, tmp_path / "new")
    assert not (tmp_path / "outside").exists()


def test_a_viewer_that_is_there_is_not_asked_for(tmp_path):
    index = tmp_path / "x" / speedscope.INDEX
    index.parent.mkdir(parents=True)
    index.touch()
    (tmp_path / "box").mkdir()
    done = fetch(tmp_path / "x", tmp_path / "box")
    assert done.returncode == 0 and not done.stderr
