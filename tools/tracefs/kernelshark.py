#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Opens a trace.dat in KernelShark, or takes a picture of it.

    kernelshark.py FILE [--tasks NAME,...] [--picture OUT.png]

Without a display it takes the picture in any case, under Xvfb: OUT.png, or the
FILE's name with .png. KernelShark warns root in a window of its own that waits
for a click, so it runs as nobody, on a copy of the file.
"""
import argparse
import contextlib
import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

NOBODY = 65534
SIZE = "1280x800"
START, SETTLE = 60, 4  # seconds: for the window to come; for its contents


def refuse(sentence):
    sys.exit(f"kernelshark.py: {sentence}")


@contextlib.contextmanager
def as_nobody(file):
    """(options of a Popen, the copy of the file)"""
    with tempfile.TemporaryDirectory(prefix="nop5-") as folder:
        copy = pathlib.Path(folder, file.name)
        shutil.copy(file, copy)
        for path in (folder, copy):
            os.chown(path, NOBODY, NOBODY)
        env = os.environ | {"HOME": folder, "XDG_RUNTIME_DIR": folder,
                            "QT_QPA_PLATFORM": "xcb"}
        if os.geteuid() == 0:
            yield {"env": env, "user": NOBODY, "group": NOBODY,
                   "extra_groups": []}, copy
        else:
            yield {"env": env}, copy


@contextlib.contextmanager
def screen():
    """The name of a display of our own."""
    reader, writer = os.pipe()
    with subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0",
                           f"{SIZE}x24"], pass_fds=[writer],
                          stderr=subprocess.DEVNULL) as server:
        os.close(writer)
        try:
            if not select.select([reader], [], [], START)[0]:
                refuse("Xvfb does not begin")
            number = os.read(reader, 100).decode().strip()
            if not number:
                refuse("Xvfb has died")
            yield f":{number}"
        finally:
            server.terminate()
            os.close(reader)


def window(display, shark):
    """The number of its window, once it is there."""
    end = time.monotonic() + START
    while time.monotonic() < end and shark.poll() is None:
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", "Kernel Shark"],
            env=os.environ | {"DISPLAY": display}, capture_output=True,
            text=True, check=False).stdout.split()
        if found:
            return found[-1]
        time.sleep(0.2)
    return refuse("the window of KernelShark does not come")


def pids_of(file, names):
    """The option that shows a plot of each task."""
    text = subprocess.run(["trace-cmd", "report", str(file)], text=True,
                          capture_output=True, check=True).stdout
    found = dict(re.findall(r"^ *(\S+)-(\d+) +\[", text, re.MULTILINE))
    if missing := [name for name in names if name not in found]:
        refuse(f"{file}: no event of a task {missing[0]}")
    return ["--pid", ",".join(found[name] for name in names)]


def picture(file, out, tasks):
    with screen() as display, as_nobody(file) as (options, copy):
        options["env"]["DISPLAY"] = display
        with subprocess.Popen(
                ["kernelshark", *tasks, str(copy)], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, **options) as shark:
            try:
                number = window(display, shark)
                env = os.environ | {"DISPLAY": display}
                time.sleep(SETTLE)  # before that it sets its own size
                subprocess.run(["xdotool", "windowmove", number, "0", "0",
                                "windowsize", number, *SIZE.split("x")],
                               env=env, check=True)
                time.sleep(SETTLE)
                subprocess.run(["import", "-window", "root", str(out)],
                               env=env, check=True)
            finally:
                shark.kill()
    print(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--picture", type=pathlib.Path, metavar="OUT.png")
    parser.add_argument("--tasks", help="names, each with a plot of its own")
    args = parser.parse_args()
    if not args.file.is_file():
        refuse(f"{args.file}: there is no such file")
    tasks = pids_of(args.file, args.tasks.split(",")) if args.tasks else []
    out = args.picture
    if not out and not os.environ.get("DISPLAY"):
        print("kernelshark.py: there is no display: a picture of it")
        out = args.file.with_suffix(".png")
    if out:
        return picture(args.file, out, tasks)
    with as_nobody(args.file) as (options, copy):
        return subprocess.call(["kernelshark", *tasks, str(copy)], **options)


if __name__ == "__main__":
    sys.exit(main())
