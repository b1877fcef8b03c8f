# SPDX-License-Identifier: MIT
# parts: test-all 13, torture 55
"""Tools of Linux, unmodified, on a guest: trace-cmd, perf ftrace, perf-tools.
Each test has a guest of its own with a busy workload. Needs root, /dev/fuse and
a host with tracefs."""
import re
import subprocess

import pytest

from tests import qemu
from tests.python import COMMAND as PYTHON
from tests.test_tracefs_host import program  # noqa: F401
from tools.tracefs import mounts

pytestmark = [
    pytest.mark.skipif(mounts.missing() is not None,
                       reason=str(mounts.missing())),
    pytest.mark.usefixtures("program")]
GUEST = qemu.ROOT / "tools/tracefs/guest.py"
TRACING = "/sys/kernel/tracing"
# `trace-cmd report` and `trace`: task-pid, CPU, time, event.
EVENT = re.compile(r"^ *(\S+)-(\d+) +\[(\d+)\] +(?:\S+ +)?(\d+\.\d+): +(.*)$",
                   re.MULTILINE)


# A command that lasts until the guest has recorded so many events, however
# slow host and guest are: ./recorded EVENTS [CPU...]: all together, or each of
# these CPUs. BUFFER names another trace than the top one.
RECORDED = f"""#!/bin/sh
want=$1; shift
end=$(($(date +%s) + 120))
enough() {{
	cat $BUFFER/per_cpu/cpu$1/stats | awk -v want=$want \\
		'/^(entries|overrun|read events):/ {{ n += $NF }}
		 END {{ exit n < want }}'
}}
BUFFER=${{BUFFER:-{TRACING}}}
[ $# -gt 0 ] || set -- "*"
for cpu in "$@"; do
	until enough "$cpu"; do
		[ $(date +%s) -lt $end ] || {{
			echo "there are no $want events" >&2; exit 1; }}
		sleep 0.05
	done
done
"""


@pytest.fixture
def host(tmp_path):
    """host(script): its output, in a scratch directory; it must end well."""
    file = tmp_path / "recorded"
    file.write_text(RECORDED)
    file.chmod(0o755)

    def run(script, status=0):
        done = subprocess.run(
            [*PYTHON, str(GUEST), "run", "--smp", "2", "--kernel",
             str(qemu.SHIPPED), "--", "sh", "-c",
             f"cd {tmp_path}; {script}"], cwd=qemu.ROOT, text=True,
            capture_output=True, timeout=300, check=False)
        assert done.returncode == status, done
        return done.stdout
    return run


def functions(text):
    """The names in function events of a report."""
    return set(re.findall(r": function: +(\w+)", text))


# ---- trace-cmd ---------------------------------------------------------------

@pytest.mark.parametrize("option, line", [
    ("-t", "function_graph"), ("-p", "function"),
    ("-f", "mutex_lock"), ("-o", "sleep-time"), ("-s", "sched"),
    ("-e", "sched:sched_switch")])
@pytest.mark.torture
def test_trace_cmd_list(host, option, line):
    text = host(f"trace-cmd list {option}")
    assert line in (text.split() if option in ("-t", "-p") else
                    [one.strip() for one in text.splitlines()])


def test_trace_cmd_list_clocks(host):
    assert host("trace-cmd list -C").startswith("[local] global counter")


@pytest.mark.parametrize("options, wanted", [
    ("-l 'mutex_*'", {"mutex_lock", "mutex_unlock"}),
    ("-l mutex_lock -l schedule", {"mutex_lock", "schedule"}),
    ("-l 'mutex_*' -n mutex_unlock", {"mutex_lock"}),
    ("--nosplice -l schedule", {"schedule"}),
    ("-b 500 -C global -M 1 -l schedule", {"schedule"}),
])
@pytest.mark.torture
def test_trace_cmd_record_function(host, options, wanted):
    cpus = "0" if "-M 1" in options else "0 1"
    report = host(f"trace-cmd record -p function {options} ./recorded 30 "
                  f"{cpus} >log && trace-cmd report")
    found = functions(report)
    # Also the two of mutex.c that are called only when a mutex is contended.
    assert found - {"mutex_lock_slow", "mutex_hand_over"} == wanted
    assert "mutex" in options or found == wanted
    seen = {cpu for _, _, cpu, _, _ in EVENT.findall(report)}
    assert seen == {f"00{cpu}" for cpu in cpus.split()}
    times = [float(time) for _, _, _, time, _ in EVENT.findall(report)]
    assert len(times) > 20 and times == sorted(times)
    assert "lost" not in report


@pytest.mark.torture
def test_trace_cmd_record_while_it_goes_on(host):
    """More than a buffer holds, so it must be read at once; and splice()
    must wait, not take the CPU."""
    report = host("trace-cmd record -p function -l 'mutex_*' -b 32 "
                  "sh -c 'sleep 2; ./recorded 5000' >log && trace-cmd report")
    events = EVENT.findall(report)
    assert float(events[-1][3]) - float(events[0][3]) > 1.5
    assert len(events) > 4000


def test_trace_cmd_record_function_graph(host):
    report = host("trace-cmd record -p function_graph -g mutex_lock "
                  "--max-graph-depth 1 ./recorded 100 >log && trace-cmd report")
    calls = re.findall(r"\|  (.*)$", report, re.MULTILINE)
    assert len(calls) > 20
    assert set(calls) <= {"mutex_lock();", "mutex_lock() {", "}"}


@pytest.mark.torture
def test_trace_cmd_record_stacks(host):
    report = host("trace-cmd record -p function -l schedule --func-stack "
                  "./recorded 20 >log && trace-cmd report")
    assert re.search(r"kernel_stack: +<stack trace >\n=> schedule \(\w+\)\n"
                     r"=> \w+ \(\w+\)\n", report)


def test_trace_cmd_record_events(host):
    report = host("trace-cmd record -e sched_switch -f 'next_pid == 0' "
                  "./recorded 50 >log && trace-cmd report")
    found = [event for *_, event in EVENT.findall(report)]
    assert len(found) > 20
    assert all(re.match(r"sched_switch: .* ==> swapper/\d:0 \[120\]$", event)
               for event in found)


@pytest.mark.torture
def test_trace_cmd_record_everything_at_once(host):
    report = host("trace-cmd record -e all ./recorded 5000 >log && "
                  "trace-cmd report")
    names = {event.split(":")[0] for *_, event in EVENT.findall(report)}
    assert {"sched_switch", "sched_waking", "kmalloc", "kfree"} <= names


@pytest.mark.torture
def test_trace_cmd_record_of_one_task(host):
    report = host(f"pid=$(sed -n 's/ churner.*//p' {TRACING}/saved_cmdlines); "
                  "[ $pid ] || pid=100009; trace-cmd record -p function -P "
                  "$pid ./recorded 10 >log && trace-cmd report")
    tasks = {task for task, *_ in EVENT.findall(report)}
    assert len(tasks) == 1


def test_trace_cmd_start_show_stop_restart_clear_reset(host):
    text = host(
        f"cd {TRACING}; trace-cmd start -p function -l schedule; "
        "cat current_tracer tracing_on; "
        "$OLDPWD/recorded 10; trace-cmd show | head -2; "
        "trace-cmd stop; cat tracing_on; trace-cmd restart; cat tracing_on; "
        "trace-cmd stop; trace-cmd clear; trace-cmd show | sed -n 3p; "
        "trace-cmd reset; cat current_tracer set_ftrace_filter")
    assert text == ("function\n1\n# tracer: function\n#\n0\n1\n"
                    "# entries-in-buffer/entries-written: 0/0   #P:2\n"
                    "nop\n#### all functions enabled ####\n")


@pytest.mark.torture
def test_trace_cmd_set_and_stat(host):
    text = host("trace-cmd set -p function -l schedule; trace-cmd stat; "
                f"cat {TRACING}/set_ftrace_filter")
    assert "Tracer: function\n" in text and "Tracing is enabled\n" in text
    assert text.endswith("\nschedule\n")


def test_trace_cmd_reads_the_state_of_the_stack_tracer(host):
    """It reads the file in /proc/sys/kernel. `stack` shows both values, `stat`
    only a 1: tools/tracefs/DESIGN.md says why."""
    text = host("trace-cmd stack; trace-cmd stack --start; trace-cmd stat; "
                "cat /proc/sys/kernel/stack_tracer_enabled; "
                "trace-cmd stack --stop; trace-cmd stack; "
                "cat /proc/sys/kernel/stack_tracer_enabled")
    assert text.count("(stack tracer not running)") == 2, text
    assert "Stack tracing is enabled\n" in text, text
    assert "Error reading" not in text, text
    assert text.endswith("\n0\n") and "\n1\n" in text


@pytest.mark.torture
def test_trace_cmd_stream(host):
    text = host("trace-cmd stream -p function -l schedule ./recorded 50")
    assert functions(text) == {"schedule"}


@pytest.mark.torture
def test_trace_cmd_snapshot(host):
    text = host("trace-cmd start -p function -l schedule; ./recorded 10; "
                "trace-cmd snapshot -s; trace-cmd stop; trace-cmd snapshot; "
                "trace-cmd snapshot -f; trace-cmd snapshot")
    assert re.search(r"\[00\d\] ..... +\d+\.\d+: schedule <-\w+\n", text)
    assert text.rstrip().endswith("Can be any value not 0 or 1)") or (
        "Snapshot is freed" in text)


@pytest.mark.torture
def test_trace_cmd_stack(host):
    text = host("trace-cmd stack --start; sleep 0.5; trace-cmd stack; "
                "trace-cmd stack --stop; trace-cmd stack")
    assert "(stack tracer running)" in text
    assert re.search(r"^ +0\) +\d+ +\d+ +\w+\+0x", text, re.MULTILINE)
    assert "(stack tracer not running)" in text


@pytest.mark.torture
def test_trace_cmd_record_into_an_instance(host):
    report = host(f"export BUFFER={TRACING}/instances/lab; trace-cmd record "
                  "-B lab -p function -l schedule ./recorded 10 "
                  f">log && trace-cmd report; ls {TRACING}/instances")
    assert functions(report) == {"schedule"}


@pytest.mark.torture
def test_trace_cmd_profile(host):
    """Sums of events of each task: the idle tasks run, all others sleep."""
    text = host("trace-cmd profile -S -e sched_switch sh -c './recorded 300; "
                "sleep 1; ./recorded 300'")
    sums = {}
    for task, events in re.findall(r"^task: (\S+)-\d+\n((?: .*\n)*)", text,
                                   re.MULTILINE):
        sums.setdefault(task, set()).update(
            re.findall(r"Event: sched_switch:(\w) ", events))
    idle = [states for task, states in sums.items() if "swapper" in task]
    assert idle and all(states == {"R"} for states in idle), sums
    assert all("S" in sums[task] for task in ("parent", "reader", "recorded"))


def test_trace_and_extract_hold_the_same_events(host):
    """All of them: tracing is off, and nothing is lost or made up."""
    text = host(f"cd {TRACING}; echo 'mutex_*' > set_ftrace_filter; "
                "echo function > current_tracer; $OLDPWD/recorded 200; "
                "echo 0 > tracing_on; cat trace; echo =====; "
                "cd $OLDPWD; trace-cmd extract >log && trace-cmd report")
    trace, report = text.split("=====\n")
    written = int(re.search(r"entries-written: (\d+)/\1 ", trace)[1])
    kept = [(task, pid, cpu, time, event.split()[0])
            for task, pid, cpu, time, event in EVENT.findall(trace)]
    extracted = [(task, pid, cpu, time, event.split()[1])
                 for task, pid, cpu, time, event in EVENT.findall(report)]
    assert len(kept) == written > 100
    assert sorted(event[1:] for event in extracted) == sorted(
        event[1:] for event in kept)
    known = {event[1]: event[0] for event in kept if event[0] != "<...>"}
    assert all(known.get(pid, task) == task or task == "<...>"
               for task, pid, *_ in extracted)


def test_a_marker_is_its_writers(host):
    text = host(f"cp /bin/dd own-name; echo hello | ./own-name of={TRACING}/"
                f"trace_marker status=none; cat {TRACING}/trace")
    assert re.search(r"^ +own-name-\d+ .*: tracing_mark_write: hello$", text,
                     re.MULTILINE)


# ---- what they get -----------------------------------------------------------

@pytest.mark.torture
def test_rows_without_a_limit(host):
    text = host(f"/usr/bin/python3 {qemu.ROOT}/tools/tracefs/rows.py")
    rows = re.findall(r"^BENCH\t(\S+)\t([\d.]+)\t(\S+)$", text, re.MULTILINE)
    assert [(name, unit) for name, _, unit in rows] == [
        ("host.open_read_close", "ms"), ("host.trace", "MB/s"),
        ("host.record_events", "events"), ("host.record_lost", "events")]
    assert all(float(value) > 0 for _, value, _ in rows[:3])


# ---- perf ftrace -------------------------------------------------------------

@pytest.mark.torture
def test_perf_ftrace_lists_functions(host):
    text = host(f"perf ftrace -F; echo ==; cat {TRACING}/"
                "available_filter_functions")
    listed, available = text.split("==\n")
    assert listed == available and "mutex_lock\n" in listed


def test_perf_ftrace_function(host):
    text = host("perf ftrace trace -a -T 'mutex_*' -N mutex_unlock "
                "./recorded 30")
    assert text.startswith("# tracer: function\n")
    assert {event.split()[0] for *_, event in EVENT.findall(text)} >= {
        "mutex_lock"} and "mutex_unlock" not in text


@pytest.mark.parametrize("options", ["", "-D 1", "-m 2048K"])
@pytest.mark.torture
def test_perf_ftrace_graph(host, options):
    text = host(f"perf ftrace -a -G mutex_lock {options} ./recorded 300")
    assert text.startswith("# tracer: function_graph\n")
    assert len(re.findall(r"us +\|  mutex_lock\(\)", text)) > 20 or (
        text.count("mutex_lock()") > 20)


@pytest.mark.torture
def test_perf_ftrace_of_one_cpu(host):
    text = host("perf ftrace -C 1 -T schedule ./recorded 10 1")
    assert {cpu for _, _, cpu, _, _ in EVENT.findall(text)} == {"001"}


def test_perf_ftrace_latency(host):
    text = host("perf ftrace latency -a -T mutex_lock ./recorded 300")
    counts = [int(count) for count in re.findall(r"[mu ]s +\| +(\d+) \|",
                                                 text)]
    assert len(counts) == 22 and sum(counts) > 20


# ---- perf-tools --------------------------------------------------------------

def test_functrace(host):
    text = host("functrace-perf -d 1 'mutex_*'")
    assert {event.split()[0] for *_, event in EVENT.findall(text)} >= {
        "mutex_lock", "mutex_unlock"}


@pytest.mark.torture
def test_funcgraph(host):
    text = host("funcgraph-perf -d 1 -m 1 mutex_lock")
    assert text.count("mutex_lock()") > 20 and "mutex_unlock" not in text


def test_funccount(host):
    text = host("funccount-perf -d 1 'mutex_*'")
    counts = dict(re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE))
    assert all(int(counts[name]) > 20
               for name in ("mutex_lock", "mutex_unlock"))
    assert all(name.startswith("mutex_") for name in counts)


@pytest.mark.torture
def test_funcslower(host):
    """What takes a microsecond and what takes a second."""
    text = host("funcslower-perf -d 1 schedule_timeout 1; echo ==; "
                "funcslower-perf -d 1 schedule_timeout 60000000")
    some, none = text.split("==\n")
    assert re.search(r"us +\|.*schedule_timeout", some) and "us" not in (
        none.partition("seconds")[2])


def test_tpoint(host):
    text = host("tpoint-perf -l; echo ==; tpoint-perf -d 1 sched:sched_switch "
                "'prev_pid == 0'")
    listed, events = text.split("==\n")
    assert "sched:sched_switch\n" in listed
    found = [event for *_, event in EVENT.findall(events)]
    assert len(found) > 20
    assert all("prev_pid=0 " in event for event in found)


@pytest.mark.torture
def test_kprobe(host):
    """By register, by name with a filter, at a return."""
    text = host("kprobe-perf -d 1 'p:took vfs_read len=%dx:u64'; echo ==; "
                "kprobe-perf -d 1 'p:took vfs_read len=len' 'len < 1'; "
                "echo ==; kprobe-perf -d 1 'r:gave vfs_read $retval'; "
                f"echo ==; cat {TRACING}/kprobe_events")
    some, none, back, left = text.split("==\n")
    taken = re.findall(r"took: \(vfs_read\+0x0/0x\w+\) len=(\d+)$", some,
                       re.MULTILINE)
    assert len(taken) > 5 and set(taken) == {"64"}
    assert "took: (" not in none and left == ""
    assert re.search(r"gave: \(\S+ <- vfs_read\) arg1=\d+$", back,
                     re.MULTILINE)


@pytest.mark.torture
def test_trace_cmd_reads_probe_events(host):
    """Its parser and ours make the same text of a record."""
    text = host(f"echo 'p:took vfs_read len=len:s32 buf=%di:symbol $comm "
                f"b=+0(%di):x8[3] c=$comm s=$stack0:symbol' >> {TRACING}/"
                f"kprobe_events; trace-cmd record -q -e kprobes:took -o x.dat "
                "./recorded 20 >/dev/null; trace-cmd report x.dat")
    found = re.findall(r"took: +\(\w+\) len=64 buf=\S+ arg3=(\S+) "
                       r"b=\{0x\w+,0x\w+,0x\w+\} c=(\S+) s=\w+(?:\+0x\w+)?",
                       text, re.MULTILINE)
    assert len(found) > 5 and all(a == b for a, b in found), text


@pytest.mark.torture
def test_reset_ftrace(host):
    text = host(f"echo function > {TRACING}/current_tracer; echo schedule > "
                f"{TRACING}/set_ftrace_filter; reset-ftrace-perf >log; "
                f"cat {TRACING}/current_tracer {TRACING}/set_ftrace_filter")
    assert text == "nop\n#### all functions enabled ####\n"


@pytest.mark.parametrize("script, words", [
    ("bitesize", "block_rq_issue"), ("cachestat 1 1", "mark_page_accessed"),
    ("execsnoop -d 1", "adding a kprobe for execve"),
    ("iolatency 1 1", "enabling block I/O tracepoints"),
    ("iosnoop -d 1", "block_rq_issue"), ("killsnoop -d 1", "sys_enter_kill"),
    ("opensnoop -d 1", "adding a kprobe for getname"),
    ("syscount", "raw_syscalls/sys_enter"),
    ("tcpretrans", "creating kprobe for tcp_retransmit_skb"),
    ("uprobe p:bash:readline", "uprobe_events: Permission denied")])
@pytest.mark.torture
def test_scripts_whose_object_is_not_here(host, script, words):
    """They say what is missing, end, and leave the tree as it was."""
    name, _, arguments = script.partition(" ")
    text = host(f"timeout 60 {name}-perf {arguments} </dev/null 2>&1; "
                f"echo ==; cat {TRACING}/current_tracer {TRACING}/kprobe_events"
                f" {TRACING}/set_event")
    said, left = text.split("==\n")
    assert words in said and "ERROR" in said.upper()
    assert left == "nop\n"
