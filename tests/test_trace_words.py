# SPDX-License-Identifier: MIT
# parts: test-all 4
"""Words that trace from boot on: each is written to its file, a value that the
file refuses is one line of the log, a panic prints the trace if it is asked."""
import re
import subprocess

import pytest

from tests import qemu


def shell(words, script, smp=1):
    """What the log says before the shell's prompt, and what the shell says.
    A byte that comes before the port is set up is lost: an empty line."""
    command = qemu.Machine(smp=smp).command(f"mode=shell {words}", "stdio")
    done = subprocess.run(command, input=f"\n{script}\nexit\n", timeout=60,
                          capture_output=True, text=True, check=False)
    log, _, said = done.stdout.replace("\r", "").partition("nop5# ")
    assert said, done.stdout
    return log, said


def refusals(log):
    return re.findall(r"^\[.*?\] not traced as asked: (.*)$", log,
                      re.MULTILINE)


TOGETHER = [
    ("ftrace=function", "current_tracer", "function"),
    ("ftrace_filter=schedule,mutex_lock", "set_ftrace_filter",
     "schedule\nmutex_lock"),
    ("ftrace_notrace=kfree", "set_ftrace_notrace", "kfree"),
    ("ftrace_graph_filter=schedule", "set_graph_function", "schedule"),
    ("ftrace_graph_notrace=mutex_lock", "set_graph_notrace", "mutex_lock"),
    ("trace_options=sym-addr,nooverwrite,function-fork,norecord-cmd",
     "trace_options", "sym-addr\nnooverwrite\nfunction-fork\nnorecord-cmd"),
    ("trace_clock=counter", "trace_clock", "[counter]"),
    ("trace_buf_size=40K", "buffer_size_kb", "40"),
    ("kprobe_event=p:boot/a,mutex_lock,x=$arg1,%di:u8;r,kfree", "kprobe_events",
     "p:boot/a mutex_lock x=$arg1 arg2=%di:u8\n"
     "r:kprobes/r_kfree_0 kfree"),
]

ALONE = [
    ("ftrace=function_graph", "current_tracer", "function_graph"),
    ("trace_buf_size=1M ftrace=function", "buffer_size_kb", "1024"),
    ("trace_buf_size=65536 ftrace=function", "buffer_size_kb", "64"),
    ("trace_buf_size=1 ftrace=function", "buffer_size_kb", "4"),
    ("stacktrace", "stack_tracer_enabled", "1"),
    ("stacktrace_filter=schedule,kfree", "stack_trace_filter",
     "schedule\nkfree"),
    ("stacktrace_filter=schedule", "stack_tracer_enabled", "1"),
    ("tracing_thresh=50", "tracing_thresh", "50"),
    ("kprobe_event=p,kfree;p:boot/a,schedule", "set_event",
     "kprobes:p_kfree_0\nboot:a"),
    ("alloc_snapshot", "snapshot", "# * Snapshot is allocated *"),
]


def has_words(said, text):
    return all(re.search(rf"(^| ){re.escape(part)}( |$)", said, re.MULTILINE)
               for part in text.split("\n"))


def test_each_word_is_written_to_its_file():
    log, said = shell(" ".join(row[0] for row in TOGETHER),
                      "\n".join(f"cat {row[1]}" for row in TOGETHER))
    assert not refusals(log)
    for _, path, text in TOGETHER:
        assert has_words(said.partition(f"cat {path}\n")[2], text), said


def test_instances_from_boot_on():
    log, said = shell("trace_instance=one,sched:sched_switch "
                      "trace_instance=two^traceoff^traceprintk",
                      "ls instances\ncat instances/one/set_event\n"
                      "cat instances/one/tracing_on\n"
                      "cat instances/two/tracing_on\ncat set_event\n"
                      "cat options/trace_printk_dest\n"
                      "cat instances/one/options/trace_printk_dest\n"
                      "cat instances/two/options/trace_printk_dest")
    assert not refusals(log)
    assert has_words(said, "one/\ntwo/")
    assert re.search("set_event\nsched:sched_switch\nnop5# cat [^\n]*on\n1\n"
                     "nop5# cat [^\n]*on\n0\nnop5# cat set_event\nnop5# ",
                     said), said
    assert re.findall("/trace_printk_dest\n(.)\n", said) == ["0", "0", "1"]


@pytest.mark.parametrize("flag", ["printk", "trace_printk"])
def test_a_flag_of_an_instance_has_other_names(flag):
    log, said = shell(f"trace_instance=two^{flag}",
                      "cat instances/two/options/trace_printk_dest")
    assert not refusals(log)
    assert has_words(said, "1")


@pytest.mark.parametrize("words, path, text", ALONE)
def test_a_word_by_itself(words, path, text):
    log, said = shell(words, f"cat {path}")
    assert not refusals(log)
    assert has_words(said, text), said


BAD = [
    ("ftrace=functoin", "ftrace=functoin: no such tracer"),
    ("ftrace_filter=schedule,no_such", "ftrace_filter=no_such: "),
    ("ftrace_notrace=no_such", "ftrace_notrace=no_such: "),
    ("ftrace_graph_filter=no_such", "ftrace_graph_filter=no_such: "),
    ("ftrace_graph_notrace=no_such", "ftrace_graph_notrace=no_such: "),
    ("trace_options=sym-addr,bogus", "trace_options=bogus: "),
    ("trace_clock=sundial", "trace_clock=sundial: "),
    ("stacktrace_filter=no_such", "stacktrace_filter=no_such: "),
    ("tracing_thresh=soon", "tracing_thresh=soon: "),
    ("trace_buf_size=big", "trace_buf_size=big: a number is needed"),
    ("trace_instance=a,no:such", "trace_instance=no:such: no such event"),
    ("trace_instance=a", "trace_instance=a: File exists"),
    ("trace_instance=b^traceoff^print",
     "trace_instance=print: no such flag"),
    ("trace_instance=c@nowhere",
     "trace_instance=nowhere: no such memory is reserved"),
    ("kprobe_event=p,no_such;p:boot/b,schedule,%ex",
     "kprobe_event=p,no_such: Invalid probed address or symbol",
     "kprobe_event=p:boot/b,schedule,%ex: Invalid register name"),
    ("trace_event=no:such,:mod:x", "trace_event=no:such: no such event",
     "trace_event=:mod:x: this kernel has no modules"),
]


def test_a_bad_value_is_one_line_of_the_log():
    log, said = shell(" ".join(row[0] for row in BAD),
                      "cat set_ftrace_filter\ncat trace_options")
    found = refusals(log)
    assert len(found) == sum(len(row) - 1 for row in BAD), found
    for row in BAD:
        for sentence in row[1:]:
            assert any(line.startswith(sentence)
                       for line in found), (sentence, found)
    # What stood beside a bad value is in force.
    assert re.search(r"^schedule$", said, re.MULTILINE)
    assert re.search(r"^sym-addr$", said, re.MULTILINE)


@pytest.mark.parametrize("words, sentence", [
    ("ftrace_dump_on_oops=3", "ftrace_dump_on_oops has no such value"),
    ("traceoff_on_warning=2", "traceoff_on_warning has no such value"),
    ("tp_printk=yes", "tp_printk has no such value"),
    ("ftrace", "ftrace must have a value"),
])
def test_a_word_in_a_wrong_form_is_refused(machine, words, sentence):
    boot = machine().boot(words)
    assert boot.status == qemu.REFUSED, boot.excerpt()
    assert sentence in boot.log


DUMP = re.compile(r"Dumping ftrace buffer:\n(.*?)^\[[^\n]*-{33}\n"
                  r"(.*?)^\[[^\n]*-{33}$", re.MULTILINE | re.DOTALL)


def dump_of(machine, words, **options):
    boot = machine(**options).boot(f"mode=crash crash=null {words}")
    assert boot.status == qemu.PANIC, boot.excerpt()
    assert "end of kernel panic" in boot.log
    return boot.log


def test_a_panic_prints_the_trace_TD2(machine):
    """At most 1,000 events, the latest ones; how many are older is said."""
    log = dump_of(machine, "ftrace=function ftrace_dump_on_oops", smp=2)
    head, *lines = DUMP.search(log)[2].splitlines()
    assert re.search(r"[1-9]\d* older events are not shown$", head), head
    assert len(lines) == 1000
    assert all(re.search(r"\] +\S.*-\d+ +\[00[01]\] \S+ +\d+\.\d+: \w", line)
               for line in lines), lines[:3]
    times = [float(re.search(r" (\d+\.\d+): ", line)[1]) for line in lines]
    assert times == sorted(times)


def test_a_panic_prints_the_trace_of_its_cpu(machine):
    for value in ("2", "orig_cpu"):
        log = dump_of(machine,
                      f"ftrace=function ftrace_dump_on_oops={value}", smp=2)
        cpus = set(re.findall(r"\[(00\d)\] \S+ +\d+\.\d+: ",
                              DUMP.search(log)[2]))
        assert len(cpus) == 1


@pytest.mark.parametrize("word", ["", "ftrace_dump_on_oops=0"])
def test_a_panic_prints_no_trace_unless_asked(machine, word):
    assert "Dumping" not in dump_of(machine, f"ftrace=function {word}")


def test_an_empty_trace_is_said_to_be_empty(machine):
    log = dump_of(machine, "ftrace_dump_on_oops=1")
    assert "(ftrace buffer empty)" in log


@pytest.mark.parametrize("word, stops", [("traceoff_on_warning", True),
                                         ("traceoff_on_warning=1", True),
                                         ("traceoff_on_warning=off", False),
                                         ("", False)])
def test_a_warning_stops_the_trace(machine, word, stops):
    boot = machine().boot(f"mode=tests tests=broken.warns {word}")
    assert "WARNING at" in boot.log, boot.excerpt()
    assert ("Disabling tracing due to warning" in boot.log) == stops


def test_events_from_boot_on_are_printed_and_recorded():
    log, said = shell("trace_event=sched:sched_switch,sched_process_exit "
                      "tp_printk", "cat set_event\ncat trace")
    assert not refusals(log)
    line = r"sched_switch: prev_comm=\S+ prev_pid=\d+ .* ==> next_comm="
    assert re.search(rf"^\[.*?\] {line}", log + said, re.MULTILINE)
    assert re.search(rf"\d: {line}", said)
    assert has_words(said, "sched:sched_process_exit\nsched:sched_switch")


@pytest.mark.parametrize("word", ["", "tp_printk=0"])
def test_events_are_not_printed_unless_asked(word):
    log, said = shell(f"trace_event=sched:sched_switch {word}",
                      "cat set_event")
    assert not re.search(r"^\[.*?\] sched_switch:", log + said, re.MULTILINE)
