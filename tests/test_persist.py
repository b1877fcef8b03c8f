# SPDX-License-Identifier: MIT
# parts: test 6, test-all 16, torture 220
"""A trace that survives a reset: reserve_mem= and trace_instance=NAME@MEMORY.

Two machines, or two lives of one, have the same memory. The second boot, and
tools/trace after the end of QEMU, read what the first one has left.
"""
import random
import re
import subprocess

import pytest

from tests import qemu
from tests.python import COMMAND as PYTHON
from tools.trace import TraceError, open_trace

WORDS = "reserve_mem=1M:4096:t trace_instance=boot@t"
PLACE = 64 << 20  # of the first region in 256 MiB
RUN = [*PYTHON, str(qemu.ROOT / "tools/run.py"), "--interactive"]
TRACE = [*PYTHON, str(qemu.ROOT / "tools/nop5-trace")]
# An event's line: task, CPU and flags, time, text.
LINE = re.compile(r"^ *(\S.*)-(\d+) +\[(\d{3})\] (\S{5}) +(\d+\.\d+): (.*)$",
                  re.MULTILINE)
SETUP = """cd instances/boot
echo schedule > set_ftrace_filter
echo function > current_tracer
echo last words > trace_marker
sleep 0.01"""
LOOK = "cat last_boot_info\ncat tracing_on\ncat trace\nls\nls per_cpu/cpu0"


@pytest.fixture(name="memory")
def memory_file(tmp_path):
    return tmp_path / "memory"


def life(memory, script, words=WORDS, boots=1, kernel=qemu.TESTS, smp=2):
    """(status of tools/run.py, what it printed), each line of the script typed
    at a prompt. A byte before the port is set up is lost: an empty line."""
    done = subprocess.run(
        [*RUN, "--smp", str(smp), "--boots", str(boots), "--timeout", "60",
         "--memory-file", str(memory), "--kernel", str(kernel),
         "--append", f"mode=shell {words}"], input=f"\n{script}\nexit\n",
        capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.replace("\r", "") + done.stderr


def answer(said, command):
    """What the shell printed for the last such line."""
    return said.rpartition(f"nop5# {command}\n")[2].partition("nop5# ")[0]


def judge_second_boot(said, symbols):
    found = re.search(r"trace boot: (\d+) events of the last boot", said)
    lines = LINE.findall(answer(said, "cat trace"))
    assert found and len(lines) == int(found[1]) > 2, said[-3000:]
    assert answer(said, "cat last_boot_info") == \
        f"{symbols['_text']}\t[kernel]\n"
    assert answer(said, "cat tracing_on") == "0\n"
    texts = [line[5] for line in lines]
    assert "tracing_mark_write: last words" in texts
    assert any(text.startswith("schedule <-") for text in texts)
    # This boot's tasks are others: their names are not those of that boot.
    assert {line[0] for line in lines} <= {"<...>", "<idle>"}
    times = [float(line[4]) for line in lines]
    assert times == sorted(times)
    assert {"last_boot_info", "trace_pipe"} <= set(answer(said, "ls").split())
    assert "snapshot" not in answer(said, "ls").split()
    files = answer(said, "ls per_cpu/cpu0").split()
    assert "buffer_meta" in files and "snapshot_raw" not in files


@pytest.mark.parametrize("crash", ["triple", "reset"])
def test_a_reset_of_the_machine_keeps_the_trace(memory, symbols, crash):
    status, said = life(memory, f"{SETUP}\ncrash {crash}\n"
                        f"cd instances/boot\n{LOOK}", boots=2)
    assert status == 0, said[-3000:]
    judge_second_boot(said, symbols)


def report(memory, *more):
    done = subprocess.run([*TRACE, "report", str(memory), *more], check=False,
                          capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_a_panic_keeps_the_trace(memory, symbols, elf):
    """And the reader on the host says what the next boot says, and after a
    second life of the same trace, too."""
    status, said = life(memory, f"{SETUP}\ncrash null")
    assert status == qemu.PANIC, said[-3000:]
    _, text, _ = report(memory, "--elf", elf)
    status, said = life(memory, f"cd instances/boot\n{LOOK}")
    assert status == 0, said[-3000:]
    judge_second_boot(said, symbols)
    assert LINE.findall(text) == LINE.findall(answer(said, "cat trace"))
    assert report(memory, "--elf", elf)[1] == text  # only read


@pytest.mark.slow
def test_the_first_use_ends_the_view_of_the_last_boot(memory):
    assert life(memory, SETUP)[0] == 0
    status, said = life(memory, "cd instances/boot\n"
                        "echo 1 > events/sched/sched_switch/enable\n"
                        "echo traceon > events/sched/sched_switch/trigger\n"
                        "sleep 0.01\ncat tracing_on\n"
                        "grep -c schedule trace\necho 1 > tracing_on\n"
                        "cat last_boot_info\ngrep -c schedule trace\n"
                        "echo 4 > buffer_size_kb\nrmdir ../boot\n"
                        "cd /\nrmdir instances/boot")
    assert status == 0, said[-3000:]
    # What is enabled waits, and a trigger does not end it.
    assert answer(said, "cat tracing_on") == "0\n"
    counts = re.findall(r"grep -c schedule trace\n(\d+)\n", said)
    assert int(counts[0]) > 0 and int(counts[1]) == 0
    assert answer(said, "cat last_boot_info") == "# Current\n"
    assert "busy" in answer(said, "echo 4 > buffer_size_kb").lower()
    assert "busy" in answer(said, "rmdir instances/boot").lower()
    # TA1 also while a reader pauses the trace: `<` keeps the file open.
    status, said = life(memory, "cd instances/boot\ncat last_boot_info\n"
                        "grep -c sched_switch trace\n"
                        "echo 1 > options/pause-on-trace\n"
                        "echo 1 < trace > tracing_on\ncat tracing_on\n"
                        "cat last_boot_info\ngrep -c sched_switch trace")
    assert status == 0, said[-3000:]
    counts = re.findall(r"grep -c sched_switch trace\n(\d+)\n", said)
    assert int(counts[0]) > 0 and int(counts[1]) == 0
    assert answer(said, "cat tracing_on") == "1\n"
    assert answer(said, "cat last_boot_info") == "# Current\n"


def test_another_build_is_refused(memory, elf, shipped):
    """By the kernel and by the reader on the host."""
    assert life(memory, SETUP)[0] == 0
    status, text, errors = report(memory, "--elf", shipped)
    assert (status, text) == (2, "")
    assert "is of another build of the kernel" in errors
    assert report(memory, "--elf", elf)[0] == 0
    status, said = life(memory, f"cd instances/boot\n{LOOK}", kernel=shipped)
    assert status == 0, said[-3000:]
    why = "its trace is of another build of the kernel"
    assert f"trace boot: no events of the last boot: {why}\n" in said
    assert answer(said, "cat last_boot_info") == \
        f"# Current\n# the last boot is not shown: {why}\n"
    assert not LINE.findall(answer(said, "cat trace"))


@pytest.mark.slow
def test_another_number_of_cpus_is_refused(memory):
    assert life(memory, SETUP)[0] == 0
    _, said = life(memory, "true", smp=1)
    assert "another number of CPUs or size" in said


@pytest.mark.slow
def test_a_region_by_its_address(memory):
    """In whole pages; and its events are there again."""
    words = "trace_instance=boot@0x9000000:512K,sched:sched_switch"
    status, said = life(memory, "sleep 0.01", words)
    assert status == 0 and "512 KiB at 0x9000000" in said
    status, said = life(memory, "cat instances/boot/trace", words)
    assert len(LINE.findall(answer(said, "cat instances/boot/trace"))) > 5
    assert [event.name for event in open_trace(str(memory)).events()]


BAD = [
    ("reserve_mem=1X:4096:a", "SIZE is a number of bytes"),
    ("reserve_mem=0:4096:a", "SIZE is a number of bytes"),
    ("reserve_mem=1M:3:a", "ALIGN is a power of two"),
    ("reserve_mem=1M:4096", "ALIGN is a power of two"),
    ("reserve_mem=1M:4096:", "NAME has 1 to 15 characters"),
    ("reserve_mem=1M:4096:a234567890123456", "NAME has 1 to 15 characters"),
    ("reserve_mem=1M:4096:7a", "NAME begins with no digit and has no comma"),
    ("reserve_mem=1M:4096:a,b", "NAME begins with no digit and has no comma"),
    ("reserve_mem=1M:4096:ok", None),
    ("reserve_mem=1M:4096:ok", "there is a region of this name"),
    ("reserve_mem=1G:4096:big", "so much memory is not free in one piece"),
    ("reserve_mem=16K:4096:tiny", None),
    ("trace_instance=a@ok", None),
    ("trace_instance=b@ok", "trace_instance=ok: this memory is taken"),
    ("trace_instance=c@none", "trace_instance=none: no such memory is res"),
    ("trace_instance=d@", "trace_instance=: no such memory is reserved"),
    ("trace_instance=e@tiny", "trace_instance=e: No space left on device"),
    ("trace_instance=e2@tiny", "trace_instance=tiny: this memory is taken"),
    ("trace_instance=f@0x9000000", "behind the address comes :SIZE"),
    ("trace_instance=g@0x9000001:1M", "is not that of a page"),
    ("trace_instance=h@0x9000000:1000", "behind the address comes :SIZE"),
    ("trace_instance=i@0xf000000000:1M", "this memory is not free"),
]


def test_a_bad_value_is_one_line_of_the_log():
    said = subprocess.run(
        qemu.Machine().command("mode=shell " + " ".join(
            word for word, _ in BAD), "stdio"), input="\nls instances\nexit\n",
        timeout=60, capture_output=True, text=True, check=False).stdout
    lines = re.findall(r"^\[.*?\] not (?:reserved|traced as asked): (.*?)\r?$",
                       said, re.MULTILINE)
    wanted = [(word, why) for word, why in BAD if why]
    assert len(lines) == len(wanted), lines
    for word, why in wanted:
        assert any(why in line for line in lines), (word, lines)
    assert re.search(r"^a/\r?$", said, re.MULTILINE)


# ---- the memory is nobody else's ------------------------------------------

@pytest.mark.parametrize("firmware, boots", [
    pytest.param("bios", 2, marks=pytest.mark.slow),
    pytest.param("uefi", 1, marks=pytest.mark.slow),
    pytest.param("uefi", 2, marks=pytest.mark.torture)])
def test_nobody_writes_the_region(memory, make_iso, firmware, boots):
    """Firmware, GRUB and the kernel: a pattern stays, also after a reset."""
    size = 32 << 20
    pattern = random.Random(1).randbytes(1 << 20) * (size >> 20)
    with open(memory, "wb") as file:
        file.truncate(256 << 20)
        file.seek(PLACE)
        file.write(pattern)
    iso = make_iso("tests", append="mode=crash crash=reset "
                   f"reserve_mem={size >> 20}M:4096:t")
    done = subprocess.run(
        [*RUN[:-1], "--smp=2", f"--boots={boots}", "--timeout=600",
         "--firmware", firmware, "--iso", str(iso), "--memory-file",
         str(memory)],
        capture_output=True, text=True, check=False)
    assert ("booted 3 times, not 2" if boots == 2 else
            "QEMU left with 0") in done.stderr, done.stderr
    assert done.stdout.count(f"t: {size >> 10} KiB at {PLACE:#x}") >= boots
    with open(memory, "rb") as file:
        file.seek(PLACE)
        found = file.read(size)
    assert not [hex(PLACE + at) for at in range(0, size, 4096)
                if found[at:at + 4096] != pattern[at:at + 4096]]


# ---- the machine ends at any instruction ------------------------------------

@pytest.fixture(name="plugin", scope="module")
def plugin_library(tmp_path_factory):
    path = tmp_path_factory.mktemp("plugin") / "stop.so"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-Wall", "-Wextra",
                    "-Werror", "-o", str(path),
                    str(qemu.ROOT / "tests/plugin/stop.c")], check=True)
    return path


SMALL = "reserve_mem=80K:4096:t trace_instance=boot@t,sched:sched_switch"


def stopped_at(memory, plugin, symbols, at):
    """(events begun, events done) when the machine ended at instruction at."""
    memory.unlink(missing_ok=True)
    options = qemu.Machine(icount=0, qemu=[
        "-plugin", f"file={plugin},before=0x{symbols['persist_writes']},"
        f"after=0x{symbols['persist_wrote']},at={at}"])
    options.options.memory_file = str(memory)
    boot = options.boot(f"mode=tests tests=persist.writes_for_ever {SMALL}")
    match = re.search(r"stopped: (\d+) begun, (\d+) done", boot.errors)
    assert boot.status == 0 and match, boot.errors + boot.excerpt()
    return int(match[1]), int(match[2])


def judge_stop(memory, plugin, symbols, at):
    """The next boot reads a row of numbers that ends where it should, and so
    does the reader on the host."""
    begun, done = stopped_at(memory, plugin, symbols, at)
    events = [(f"{event.time / 1e9:.6f}", event.kind.value, event.text)
              for event in open_trace(str(memory)).events()]
    status, said = life(memory, "cat instances/boot/trace", SMALL, smp=1)
    assert status == 0, (at, said[-3000:])
    lines = LINE.findall(answer(said, "cat instances/boot/trace"))
    assert "damaged" not in said and "[LOST" not in said
    assert len(lines) == len(events), (at, len(lines), len(events))
    for line, (_, kind, text) in zip(lines, events):
        assert kind != "print" or line[5].endswith(f": {text}"), (line, text)
    numbers = [int(found[1]) for line in lines
               if (found := re.search(r": number (\d+) ", line[5]))]
    if not numbers:
        assert done == 0, (at, begun, done)
        return
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), at
    assert done <= numbers[-1] + 1 <= begun, (at, begun, done, numbers[-1])
    # No page is missing: what is overwritten is more than 12 pages old.
    assert numbers[0] == 0 or len(lines) > 300, (at, numbers[0], len(lines))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_the_machine_ends_at_any_instruction(memory, plugin, symbols, seed):
    judge_stop(memory, plugin, symbols, random.Random(seed).randrange(600000))


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(5, 205))
def test_many_ends(memory, plugin, symbols, seed):
    judge_stop(memory, plugin, symbols, random.Random(seed).randrange(600000))


# ---- the reader on the host -------------------------------------------------

def test_the_host_reader_and_damage(memory, elf):
    """Whatever is in the region, it gives events or says that there is no
    trace."""
    assert life(memory, SETUP)[0] == 0
    with open(memory, "rb") as file:
        file.seek(PLACE)
        whole = file.read(1 << 20)
    events = len(list(open_trace(str(memory), elf=str(elf)).events()))
    assert events > 2
    rng, part, fewer = random.Random(5), memory.with_name("part"), 0
    used = [at for at in range(0, len(whole), 64) if any(whole[at:at + 64])]
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(rng.choice([1, 40, 400])):
            data[rng.choice(used) + rng.randrange(64)] = rng.choice(
                [0, 1, 255, rng.randrange(256)])
        part.write_bytes(data)
        try:
            found = len(list(open_trace(str(part)).events()))
        except TraceError:
            found = 0
        assert found <= events
        fewer += found < events
    assert fewer > 5
