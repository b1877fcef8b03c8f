#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tools of the host get from the guest's tree, in rows as of `make bench`.

    make host CMD='python3 tools/tracefs/rows.py'

Milliseconds of open, read and close of a small file, megabytes a second of
`trace`, events that `trace-cmd record -p function` of everything records and
loses in a second. They are seconds of this host, so there is no limit to them:
trace/serve/DESIGN.md has the limit in counted instructions.
"""
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

TREE = pathlib.Path("/sys/kernel/tracing")
TURNS = 200
LOST = re.compile(r"CPU \d+: (\d+) events lost")
EVENT = re.compile(r" *\S.*-\d+ +\[\d+\].*: function: ")


def row(name, value, unit):
    print(f"BENCH\t{name}\t{value}\t{unit}", flush=True)


def put(name, text):
    (TREE / name).write_text(text, encoding="ascii")


def small_file():
    """The median: another program on the host takes its time now and then."""
    took = []
    for _ in range(TURNS):
        began = time.monotonic()
        (TREE / "tracing_on").read_bytes()
        took.append(time.monotonic() - began)
    row("host.open_read_close", f"{statistics.median(took) * 1000:.3f}", "ms")


def text():
    """Of a second of the function tracer, or of what the buffers hold."""
    try:
        put("current_tracer", "function")
        time.sleep(1)
        put("tracing_on", "0")
        began = time.monotonic()
        size = len((TREE / "trace").read_bytes())
        took = time.monotonic() - began
        row("host.trace", f"{size / 1e6 / took:.2f}", "MB/s")
    finally:
        put("current_tracer", "nop")
        put("trace", "")
        put("tracing_on", "1")


def record():
    """What trace-cmd says is lost is the kernel's count of each CPU."""
    with tempfile.TemporaryDirectory(prefix="nop5-") as folder:
        file = pathlib.Path(folder, "trace.dat")
        said = subprocess.run(
            ["trace-cmd", "record", "-p", "function", "-o", file, "sleep",
             "1"], check=True, stdout=subprocess.PIPE, text=True, cwd=folder,
            stderr=subprocess.STDOUT).stdout
        with subprocess.Popen(["trace-cmd", "report", "-i", file], text=True,
                              stdout=subprocess.PIPE, errors="replace",
                              stderr=subprocess.DEVNULL) as report:
            events = sum(bool(EVENT.match(line)) for line in report.stdout)
    row("host.record_events", events, "events")
    row("host.record_lost", sum(map(int, LOST.findall(said))), "events")


def main():
    small_file()
    text()
    record()


if __name__ == "__main__":
    main()
