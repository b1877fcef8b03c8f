# SPDX-License-Identifier: MIT
# parts: test-all 2, torture 14
"""`make speedscope`: the viewer comes by npm, opens a graph without a network,
and shows its name; what is missing is one sentence. The tests that need npm's
package are left to torture, and skipped where it cannot be had."""
import base64
import hashlib
import html
import io
import json
import os
import pathlib
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


@pytest.mark.torture
def test_the_viewer_shows_the_graph(viewer, graph, tmp_path):
    """Through the page that a user opens, which leads to the viewer."""
    page = speedscope.write_files(viewer, graph)
    title, logged = browse(page.as_uri(), tmp_path)
    assert title == "graph.json - speedscope"
    assert "Importing as Trace Event Format" in logged
    assert not UNPAIRED.search(logged)
    assert not asked(tmp_path)


@pytest.mark.torture
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


@pytest.mark.torture
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


@pytest.mark.torture
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


REFUSED = """npm {0} code ECONNREFUSED
npm {0} errno ECONNREFUSED
npm {0} FetchError: request to http://x/ failed, reason: connect ECONNREFUSED
npm {0}     at ClientRequest.<anonymous> (/usr/lib/x.js:130:14)
npm {0}   port: 9
npm {0} A complete log of this run can be found in: /y/x.log"""
UNKNOWN = """npm {0} code ENOTFOUND
npm {0} network request to https://x/ failed, reason: getaddrinfo ENOTFOUND x
npm {0} network This is a problem related to network connectivity."""
NO_VERSION = """npm {0} code ETARGET
npm {0} notarget No matching version found for speedscope@1.25.0.
npm {0} notarget In most cases you or one of your dependencies are requesting
npm notice New minor version of npm available!"""

NO_FILE = """npm {0} code ENOENT
npm {0} syscall open
npm {0} path /x/y.tgz
npm {0} errno -2
npm {0} enoent ENOENT: no such file or directory, open '/x/y.tgz'"""


@pytest.mark.parametrize("word", ["error", "ERR!"])
@pytest.mark.parametrize("report, told", [
    (REFUSED, "FetchError: request to http://x/ failed, reason: "
              "connect ECONNREFUSED"),
    (UNKNOWN, "request to https://x/ failed, reason: getaddrinfo ENOTFOUND x"),
    (NO_VERSION, "No matching version found for speedscope@1.25.0."),
    (NO_FILE, "ENOENT: no such file or directory, open '/x/y.tgz'"),
    ("", "npm gives no reason"), ("sh: npx: not found\n",
                                  "sh: npx: not found")])
def test_the_sentence_has_the_reason_of_npm(tmp_path, word, report, told):
    """Nothing half-done is left."""
    box = fake_npm(tmp_path, f"cat >&2 <<'E'\n{report.format(word)}\nE\n"
                   "exit 1")
    cat = shutil.which("cat")
    (box / "cat").symlink_to(cat)
    one_sentence(fetch(tmp_path / "x", box), re.escape(
        f"npm cannot get speedscope@1.25.0: {told}; `npm pack speedscope@1.25.0"
        "` on another host makes speedscope-1.25.0.tgz; `make speedscope "
        "SPEEDSCOPE=DIR` takes it"))
    assert not list((tmp_path / "x").iterdir())


def test_npm_writes_where_the_archive_is_looked_for(tmp_path, monkeypatch):
    """Also where the folder has a relative name, as build/speedscope has."""
    archive = archive_of(tmp_path / "npm's", monkeypatch) / speedscope.ARCHIVE
    fake_npm(tmp_path, 'while [ "$1" != --pack-destination ]; do shift; done\n'
             f'cp "{archive}" "$2/"')
    monkeypatch.setenv("PATH", f"{tmp_path}/box:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    speedscope.fetch(pathlib.Path("a/b"))
    assert (tmp_path / "a/b" / speedscope.INDEX).exists()


def archive_of(folder, monkeypatch=None):
    """A small archive; with monkeypatch, the one that is expected."""
    folder.mkdir()
    path = folder / speedscope.ARCHIVE
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("package/dist/release/index.html")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"<p>"))
    if monkeypatch:
        monkeypatch.setattr(speedscope, "SHA512", hashlib.sha512(
            path.read_bytes()).hexdigest())
    return folder


def test_an_archive_in_the_folder_is_taken(tmp_path, monkeypatch):
    """There is no npm."""
    folder = archive_of(tmp_path / "x", monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    speedscope.fetch(folder)
    assert (folder / speedscope.INDEX).read_text() == "<p>"


def test_another_archive_is_refused(tmp_path):
    folder = archive_of(tmp_path / "x")
    one_sentence(fetch(folder), "speedscope-1.25.0.tgz is not the archive of "
                 "speedscope 1.25.0: its SHA-512 is another")
    assert [path.name for path in folder.iterdir()] == [speedscope.ARCHIVE]


@pytest.mark.skipif(not shutil.which("npm"), reason="there is no npm")
def test_a_registry_that_is_not_there_is_one_sentence(tmp_path):
    one_sentence(fetch(tmp_path / "x", npm_config_registry=
                       "http://127.0.0.1:9/", npm_config_cache=str(
                           tmp_path / "cache")),
                 "npm cannot get speedscope@1.25.0: .*ECONNREFUSED")


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
