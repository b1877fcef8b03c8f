#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tools of the host get from the guest's tree, in rows as of `make bench`.

    make host CMD='python3 tools/tracefs/rows.py'

Milliseconds of open, read and close of a small file; megabytes a second of
`trace`; events that `trace-cmd record -p function` of everything records and
loses in a second. They are seconds of this host, so there is no limit to them:
trace/serve/DESIGN.md has the limit in counted instructions.
"""
import pathlib
import re
import subprocess
import tempfile
import time

TREE = pathlib.Path("/sys/kernel/tracing")
TURNS = 500
DROPPED = re.compile(r"\[(\d+) EVENTS DROPPED\]|\[LOST (\d+) EVENTS\]")
EVENT = re.compile(r" *\S.*-\d+ +\[\d+\].*: function: ")


def row(name, value, unit):
    print(f"BENCH\t{name}\t{value}\t{unit}", flush=True)


def put(name, text):
    (TREE / name).write_text(text, encoding="ascii")


def small_file():
    began = time.monotonic()
    for _ in range(TURNS):
        (TREE / "tracing_on").read_bytes()
    row("host.open_read_close",
        f"{(time.monotonic() - began) / TURNS * 1000:.3f}", "ms")


def text():
    """Of a second of the function tracer, or of what the buffers hold."""
    put("current_tracer", "function")
    time.sleep(1)
    put("tracing_on", "0")
    began = time.monotonic()
    size = len((TREE / "trace").read_bytes())
    row("host.trace", f"{size / 1e6 / (time.monotonic() - began):.2f}", "MB/s")
    put("current_tracer", "nop")
    put("trace", "")
    put("tracing_on", "1")


def record():
    with tempfile.TemporaryDirectory(prefix="nop5-") as folder:
        file = pathlib.Path(folder, "trace.dat")
        subprocess.run(["trace-cmd", "record", "-p", "function", "-o", file,
                        "sleep", "1"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd=folder)
        events = lost = 0
        with subprocess.Popen(["trace-cmd", "report", "-i", file],
                              stdout=subprocess.PIPE, text=True,
                              errors="replace",
                              stderr=subprocess.DEVNULL) as report:
            for line in report.stdout:
                found = DROPPED.search(line)
                if found:
                    lost += int(found[1] or found[2])
                else:
                    events += bool(EVENT.match(line))
    row("host.record_events", events, "events")
    row("host.record_lost", lost, "events")


def main():
    small_file()
    text()
    record()


if __name__ == "__main__":
    main()
