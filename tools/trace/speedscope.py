# SPDX-License-Identifier: MIT
"""Opens a Chrome JSON file in speedscope, a viewer of npm, without a network.

    python3 -m tools.trace.speedscope fetch build/speedscope
    python3 -m tools.trace.speedscope open build/speedscope build/graph.json

fetch unpacks VERSION in the folder: from the archive that lies there, or else
from npm's. The archive's checksum is in this file. What is unpacked already is
not asked for again, so a folder that has either serves a host without network.
open writes two files beside the JSON: NAME.js, which has the trace,
and NAME.html, which leads to the viewer. It opens NAME.html in the browser of
this display, or says how to.
"""
import argparse
import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
import webbrowser

VERSION = "1.25.0"
ARCHIVE = f"speedscope-{VERSION}.tgz"
SHA512 = ("7297fd1d64d97f58a32d7049ae4f3b55eff9e2d9d8c7aae57f48144e1be7de8a"
          "24ea1eb784b5d539088c7f8e0f4fe5e8579d3770f7ef7e24f980fe6fa23a7a02")
INDEX = f"{VERSION}/package/dist/release/index.html"
PATIENCE = 120  # seconds, for npm


class Failure(Exception):
    """One sentence."""


# ---- the viewer --------------------------------------------------------------

# A line of npm's report on an error, without the word that npm 10 and later
# and older ones put in front, and without the kind of error.
SAID = re.compile(r"^npm (?:error|ERR!) +"
                  r"(?:(?:network|notarget|enoent|404) )?(\S.*)$",
                  re.MULTILINE)
# Lines with no more than a name or a number.
TERSE = re.compile(r"(code|errno|syscall|path|dest|at|A complete log) ")


def reason(text: str) -> str:
    """The line of npm's report that says why, or its last one."""
    said = [line.strip() for line in SAID.findall(text)]
    why = ([line for line in said if "reason: " in line]
           or [line for line in said if not TERSE.match(line)]
           or [line.strip() for line in text.splitlines() if line.strip()][-1:])
    return why[0] if why else "npm gives no reason"


def pack(folder: str) -> pathlib.Path:
    """npm's archive of the viewer: one file. npm runs in the folder, outside
    any package; a relative name of the folder would be one in the folder."""
    name = f"speedscope@{VERSION}"
    remedy = f"`npm pack {name}` on another host makes {ARCHIVE}; `make " \
             "speedscope SPEEDSCOPE=DIR` takes it from the folder DIR"
    if not shutil.which("npm"):
        raise Failure(f"{name} comes by npm, and there is no npm: install "
                      f"Debian's package npm, or {remedy}")
    try:
        done = subprocess.run(
            ["npm", "pack", "--loglevel=error", "--fetch-retries=1",
             "--pack-destination", ".", name], capture_output=True,
            text=True, timeout=PATIENCE, check=False, cwd=folder)
    except subprocess.TimeoutExpired:
        raise Failure(f"npm does not get {name} within {PATIENCE} s; "
                      f"{remedy}") from None
    if done.returncode:
        raise Failure(f"npm cannot get {name}: "
                      f"{reason(done.stderr or done.stdout)}; {remedy}")
    return pathlib.Path(folder, ARCHIVE)


def compare(archive: pathlib.Path) -> None:
    if hashlib.sha512(archive.read_bytes()).hexdigest() != SHA512:
        raise Failure(f"{archive} is not the archive of speedscope {VERSION}: "
                      "its SHA-512 is another")


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
        kept = folder / ARCHIVE
        path = kept if kept.exists() else pack(scratch)
        compare(path)
        with tarfile.open(path) as archive:
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
