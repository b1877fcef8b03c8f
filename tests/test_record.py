# SPDX-License-Identifier: MIT
# parts: test-all 10
"""`make record`: a run comes to the host by pages, and its trace.dat says what
the kernel's own `trace` says; what is written is read or counted as lost. No
root is needed."""
import os
import re
import subprocess
from argparse import Namespace

import pytest

from tests import qemu
from tests.serve_guest import Guest
from tools.trace import open_trace
from tools.trace.check import check
from tools.trace.report import report as own_report
from tools.tracefs import guest as launcher
from tools.tracefs import record

MARKS = 3000
TEXT = re.compile(r" *(\S+)-(\d+) +\[(\d+)\] +(?:\S+ +)?(\d+\.\d+): +(.*)")


@pytest.fixture(name="served", scope="module")
def fixture_served(tmp_path_factory):
    with Guest(tmp_path_factory.mktemp("guest")) as machine:
        client = machine.client()
        yield client
        client.close_line()


@pytest.fixture(name="client")
def fixture_client(served):
    """With tracing off and nothing in the rings."""
    for name, text in (("tracing_on", b"0"), ("current_tracer", b"nop"),
                       ("events/enable", b"0"), ("set_ftrace_filter", b""),
                       ("buffer_size_kb", b"1024"), ("trace", b"")):
        served.echo(name, text)
    return served


def seconds(event):
    us = (event.time + 500) // 1000
    return f"{us // 1000000}.{us % 1000000:06d}"


def trace_cmd(path, *options):
    done = subprocess.run(["trace-cmd", "report", *options, str(path)],
                          capture_output=True, text=True, timeout=60,
                          check=True)
    assert "rror" not in done.stderr, done.stderr
    return done.stdout.splitlines()


def recorded(client, folder):
    """What is in the rings, as a file."""
    recorder = record.Recorder(client, folder)
    recorder.stop()
    recorder.write(folder / "x.dat")
    return folder / "x.dat", recorder


def begin(client, tracer, events=""):
    client.echo("current_tracer", tracer.encode())
    if events:
        client.echo(f"events/{events}/enable", b"1")
    client.echo("tracing_on", b"1")
    for nr in range(200):
        client.echo("trace_marker", f"mark {nr}\n".encode())
    client.echo("tracing_on", b"0")
    return client.cat("trace").decode()


def unmarked(lines):
    """Without the notes on lost events, which `trace` has in its head."""
    return [line for line in lines if not line.endswith(" EVENTS]")]


# ---- the same as the kernel's own trace --------------------------------------

@pytest.mark.parametrize("tracer, events", [
    ("function", ""), ("function_graph", ""), ("nop", "sched")])
def test_it_says_what_trace_says(client, tmp_path, tracer, events):
    """Byte for byte by our reader; and trace-cmd sees the same events."""
    text = begin(client, tracer, events)
    path, recorder = recorded(client, tmp_path)
    trace = open_trace(str(path))
    if not events:  # print fmt is not evaluated by the reader
        lines = "\n".join(own_report(trace)).split("\n")
        assert unmarked(lines) == text.splitlines()
    told = [match.groups() for match in map(TEXT.fullmatch, unmarked(
        trace_cmd(path))) if match]
    found = list(trace.events())
    assert len(found) > 400
    assert recorder.description.count(b"read events") == len(found)
    if tracer == "function_graph":
        return  # a leaf's two events are one line of either text
    assert [one[:4] for one in told] == [
        (e.comm, str(e.pid), f"{e.cpu:03d}", seconds(e)) for e in found]
    theirs = [match.groups() for match in map(TEXT.fullmatch,
                                              text.splitlines()) if match]
    assert [one[1:4] for one in told] == [one[1:4] for one in theirs]


def test_trace_cmd_names_the_functions_of_trace(client, tmp_path):
    text = begin(client, "function")
    path, _ = recorded(client, tmp_path)
    told = [re.search(r"function: +(\w+) <-- (\w+)", line)
            for line in trace_cmd(path, "-O", "parent")]
    theirs = re.findall(r": (\w+) <-(\w+)$", text, re.MULTILINE)
    assert [match.groups() for match in told if match] == theirs
    assert len(theirs) > 400


def test_trace_cmd_prints_an_event_by_its_own_format(client, tmp_path):
    text = begin(client, "nop", "sched/sched_switch")
    path, _ = recorded(client, tmp_path)
    switches = re.findall(r": sched_switch: prev_comm=(\S+).* ==> "
                          r"next_comm=(\S+) next_pid=(\d+)", text)
    told = [re.search(r"sched_switch: +(\S+):\d+ .* ==> (\S+):(\d+) ", line)
            or re.search(r"sched_switch: +prev_comm=(\S+).* ==> "
                         r"next_comm=(\S+) next_pid=(\d+)", line)
            for line in trace_cmd(path)]
    assert [match.groups() for match in told if match] == switches
    assert len(switches) > 10


# ---- written = read + lost ---------------------------------------------------

def marks_of(path):
    """(numbers of the marks, in order of time; number of lost events)"""
    events = list(open_trace(str(path)).events())
    found = [int(match[1]) for e in events
             if (match := re.match(r"mark (\d+)", str(e.fields.get("buf",
                                                                   e.text))))]
    assert len(found) == len(events)
    return found, sum(e.lost for e in events)


def write_marks(client, turn):
    client.echo("tracing_on", b"1")
    handle = client.open("trace_marker", record.tfs1.F_WRITE)
    for nr in range(MARKS):
        client.write(handle, f"mark {nr}\n".encode())
        if nr % 50 == 0:
            turn()
    client.close(handle)


def test_what_is_read_in_time_is_all_there(client, tmp_path):
    recorder = record.Recorder(client, tmp_path)
    write_marks(client, recorder.turn)
    recorder.stop()
    recorder.write(tmp_path / "x.dat")
    assert marks_of(tmp_path / "x.dat") == (list(range(MARKS)), 0)
    said = recorder.description
    assert (said.count(b"read events"), said.count(b"overrun"),
            said.count(b"entries")) == (MARKS, 0, 0)


def test_what_is_lost_is_counted(client, tmp_path):
    """A ring of a few pages that nobody reads in time."""
    client.echo("buffer_size_kb", b"8")
    write_marks(client, lambda: None)
    path, recorder = recorded(client, tmp_path)
    found, lost = marks_of(path)
    said = recorder.description
    assert 0 < len(found) < MARKS
    assert len(found) + said.count(b"overrun") == MARKS
    assert said.count(b"read events") == len(found)
    assert lost == said.count(b"overrun")
    assert not check(open_trace(str(path))).sentences


def test_a_page_left_out_is_seen(client, tmp_path):
    """Negative control of the count."""
    write_marks(client, lambda: None)
    recorder = record.Recorder(client, tmp_path)
    recorder.stop()
    largest = max((one for one in recorder.paths if one.exists()),
                  key=lambda one: one.stat().st_size)
    largest.write_bytes(largest.read_bytes()[4096:])
    recorder.write(tmp_path / "x.dat")
    said = check(open_trace(str(tmp_path / "x.dat"))).sentences
    assert any(one.startswith("CK4: ") for one in said)


# ---- make record -------------------------------------------------------------

def make(*words):
    env = {name: value for name, value in os.environ.items()
           if name not in ("ONLY", "MAKEFLAGS", "MAKELEVEL")}
    return subprocess.run(
        ["make", "-s", f"BUILD={qemu.BUILD}", "SMP=2", "record", *words],
        cwd=qemu.ROOT, env=env, capture_output=True, text=True, timeout=300,
        check=False)


# What make says.
SUMMARY = re.compile(r".*: (\d+) events, (\d+) lost, 2 CPUs, (\d+) bytes\n")


def test_make_records_a_run_from_boot_on(tmp_path):
    out = tmp_path / "trace.dat"
    done = make(f"OUT={out}", "SECONDS=0.3")
    assert done.returncode == 0 and not done.stderr, done
    events, lost, size = map(int, SUMMARY.fullmatch(done.stdout).groups())
    assert size == out.stat().st_size
    found = check(open_trace(str(out)))
    assert not found.sentences
    assert (found.events, found.lost) == (events, lost)
    assert events > 1000
    assert len([line for line in unmarked(trace_cmd(out))
                if TEXT.fullmatch(line)]) == events


def test_a_script_is_the_run(tmp_path):
    """Its last line is done when the run ends."""
    script, out = tmp_path / "script", tmp_path / "trace.dat"
    script.write_text("".join(f"echo line {nr} > trace_marker\n"
                              for nr in range(20)))
    done = make(f"OUT={out}", f"SCRIPT={script}")
    assert done.returncode == 0, done
    texts = [str(e.fields.get("buf", e.text))
             for e in open_trace(str(out)).events()]
    assert [one.strip() for one in texts] == [f"line {nr}"
                                              for nr in range(20)]


def test_a_guest_that_dies_leaves_what_was_read(tmp_path, monkeypatch):
    """QEMU is killed in the middle of the run."""
    def follow(recorder, machine, _):
        while not recorder.turn():
            pass
        machine.qemu.kill()
        machine.qemu.wait()
        while True:
            recorder.turn()
    monkeypatch.setattr(record, "follow", follow)
    args = Namespace(
        smp="2", mem="256M", accel="tcg", cpu="max", firmware="bios",
        append=f"{launcher.WORDS} {launcher.BUSY} ftrace=function",
        kernel=str(qemu.SHIPPED), output=str(tmp_path / "x.dat"), seconds=1,
        tracefs_line="virtio", qemu=[], iso=None)
    machine = record.Machine(args, tmp_path, [])
    try:
        with pytest.raises(launcher.Failure, match="the guest has died; "
                           ".*x.dat has what was read before"):
            record.record(args, machine, tmp_path)
    finally:
        machine.end()
    assert check(open_trace(args.output)).events > 50


@pytest.mark.parametrize("smp, append, script, more", [
    ("4", "", [], f"{launcher.BUSY} trace_buf_size=8192K ftrace=function "),
    ("16", "trace_event=sched", [], f"{launcher.BUSY} trace_buf_size=2048K "
     "trace_event=sched"),
    ("64", "", ["ls"], "")])
def test_the_words_of_the_run(smp, append, script, more):
    """Rings of at most an eighth of the memory; what is asked for is last."""
    args = Namespace(smp=smp, mem="256M", append=append)
    assert record.words(args, script) == f"{launcher.WORDS} {more}"


@pytest.mark.parametrize("words, sentence", [
    (["OUT=/nowhere/x.dat"], "OUT=/nowhere/x.dat: there is no such folder"),
    (["SECONDS=x"], "invalid seconds value: 'x'"),
    (["SECONDS=-1"], "invalid seconds value: '-1'"),
    (["SCRIPT=/nowhere"], "No such file or directory: '/nowhere'"),
    (["MEM=1M"], "MEM=1M: too little")])
def test_bad_words_are_one_sentence(words, sentence, tmp_path):
    done = make(f"OUT={tmp_path / 'x.dat'}", *words)
    assert done.returncode == 2 and sentence in done.stderr, done
    assert not list(tmp_path.iterdir())
