# SPDX-License-Identifier: MIT
"""Opens a Chrome JSON file in speedscope, a viewer of npm, without a network.

    python3 -m tools.trace.speedscope fetch build/speedscope
    python3 -m tools.trace.speedscope open build/speedscope build/graph.json

fetch asks npm for VERSION and unpacks it; what is there already is not asked
for again. open writes two files beside the JSON: NAME.js, which has the trace,
and NAME.html, which leads to the viewer. It opens NAME.html in the browser of
this display, or says how to.
"""
import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
import webbrowser

VERSION = "1.25.0"
INDEX = f"{VERSION}/package/dist/release/index.html"
PATIENCE = 120  # seconds, for npm


class Failure(Exception):
    """One sentence."""


# ---- the viewer --------------------------------------------------------------

def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason is given"


def pack(folder: str) -> pathlib.Path:
    """npm's archive of the viewer: one file, whose checksum npm compares."""
    name = f"speedscope@{VERSION}"
    if not shutil.which("npm"):
        raise Failure(f"{name} comes by npm, and there is no npm: install "
                      "Debian's package npm")
    try:
        done = subprocess.run(
            ["npm", "pack", "--silent", "--fetch-retries=1",
             "--pack-destination", folder, name], capture_output=True,
            text=True, timeout=PATIENCE, check=False, cwd=folder)
    except subprocess.TimeoutExpired:
        raise Failure(f"npm does not get {name} within {PATIENCE} s: is there "
                      "a network?") from None
    if done.returncode:
        raise Failure(f"npm cannot get {name} (is there a network?): "
                      f"{last_line(done.stderr or done.stdout)}")
    return pathlib.Path(folder, f"speedscope-{VERSION}.tgz")


def unpack(archive: tarfile.TarFile, folder: pathlib.Path) -> None:
    """Only plain files that stay in the folder."""
    for member in archive.getmembers():
        parts = pathlib.PurePosixPath(member.name).parts
        if not member.isfile() or ".." in parts or parts[0] == "/":
            raise Failure(f"npm's archive has {member.name!r}, which is not a "
                          "file of the viewer")
        archive.extract(member, folder)


def fetch(folder: pathlib.Path) -> None:
    """The viewer is in the folder, whole or not at all. Raises Failure."""
    if (folder / INDEX).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        with tarfile.open(pack(scratch)) as archive:
            unpack(archive, pathlib.Path(scratch, "new"))
        shutil.rmtree(folder / VERSION, ignore_errors=True)
        pathlib.Path(scratch, "new").rename(folder / VERSION)
    if not (folder / INDEX).exists():
        raise Failure(f"speedscope {VERSION} has no {INDEX}")


# ---- the trace ---------------------------------------------------------------

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>{name}</title>
<meta http-equiv="refresh" content="0;url={url}">
<p><a href="{url}">{name} in speedscope</a>
"""


def address(folder: pathlib.Path, script: pathlib.Path) -> str:
    """The viewer's address with the trace. The path in it must be absolute:
    with another one the viewer shows its first page, without a word."""
    path = urllib.parse.quote(str(script.resolve()))
    return f"{(folder / INDEX).resolve().as_uri()}#localProfilePath={path}"


def write_files(folder: pathlib.Path, trace: pathlib.Path) -> pathlib.Path:
    """NAME.js and NAME.html beside NAME.json. Return: the latter."""
    data = base64.b64encode(trace.read_bytes()).decode()
    script, page = trace.with_suffix(".js"), trace.with_suffix(".html")
    script.write_text(f"speedscope.loadFileFromBase64("
                      f"{json.dumps(trace.name)}, \"{data}\")\n",
                      encoding="ascii")
    page.write_text(PAGE.format(name=trace.name,
                                url=address(folder, script)),
                    encoding="utf-8")
    return page


def has_display() -> bool:
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def show(page: pathlib.Path) -> str:
    """Opens a page. Return: a sentence on what has been done."""
    if not has_display():
        return f"there is no display; open this file in a browser: {page}"
    if not webbrowser.open(page.resolve().as_uri()):
        return f"there is no browser to start; open this file in one: {page}"
    return f"{page} is in the browser"


# ---- the command line --------------------------------------------------------

def main() -> int:
    parser = argparse.ArgumentParser(prog="speedscope", description=__doc__,
                                     formatter_class=argparse.
                                     RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["fetch", "open"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("trace", type=pathlib.Path, nargs="?")
    args = parser.parse_args()
    try:
        fetch(args.folder)
        if args.what == "open":
            if args.trace is None:
                parser.error("open: no file is given")
            print(show(write_files(args.folder, args.trace)))
    except (Failure, OSError, tarfile.TarError) as failure:
        print(f"speedscope: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
