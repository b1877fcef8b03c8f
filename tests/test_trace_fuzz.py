# SPDX-License-Identifier: MIT
# parts: test 2, test-all 6
"""Damaged traces: whatever is in a file, tools/trace gives events or one
TraceError, in bounded time and memory. The damage is seeded."""
import contextlib
import random
import resource
import signal
import struct
import time

import pytest

from tests import trace_files as tf
from tests.test_trace_reader import CALLS, FUNCTION_TEXT, GRAPH_TEXT, OTHER
from tools.trace import TraceError, chrome, flame, open_trace, stacks, \
    timeline
from tools.trace.check import check
from tools.trace.report import report

SECONDS = 5           # of CPU time, for one input
HANG = 120            # of any time, so that nothing hangs
MEMORY = 512 << 20    # more than there was before
STACK = tf.common(4) + struct.pack("<iIQQ", 2, 0, tf.ALPHA, tf.BETA)
MORE = tf.at_times(
    (1, STACK), (2, tf.common(5) + bytes(8) + b"text\n\0\0\0"),
    (3, tf.common(300) + bytes(60)), (4, tf.entry(tf.ALPHA, 3)), lost=4)
SEEDS = {
    "v6": tf.dat6(CALLS, OTHER + MORE, options=tf.option(
        2, tf.stat(0, 1, 2, 3))),
    "v7": tf.dat7(CALLS, OTHER + MORE),
    "zlib": tf.dat7(CALLS, OTHER + MORE, compression="zlib"),
    "pages": CALLS + OTHER + MORE,
    "function": FUNCTION_TEXT.encode(),
    "graph": GRAPH_TEXT.encode(),
    "untimed": b"".join(line[16:] + b"\n" for line
                        in GRAPH_TEXT.encode().splitlines()),
}
# Where a reader decides: sizes, counts, offsets of every width.
EDGES = [b"\0", b"\xff", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff" * 8,
         b"\0\0\0\x80", b"\1\0\0\0", b"\x1d\0\0\0", b"\x1f\0\0\0", b"9" * 30,
         b"-1", b"\n", b") {", b" => ", b"\x80\x3a\x09\0\0\0\0\0"]
SENSES = {
    "check": lambda trace: check(trace),
    "report": lambda trace: sum(map(len, report(trace))),
    "chrome": lambda trace: sum(map(len, chrome.chrome_text(trace))),
    "flame": lambda trace: flame.draw(stacks.collect(trace), "x"),
    "timeline": lambda trace: timeline.draw(trace, "x"),
}


def mutate(rng, seed):
    """A few bytes changed, cut out, doubled or moved, or the end gone."""
    data = bytearray(seed)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        size = rng.choice([1, 2, 4, 8, 64])
        # Most of a trace.dat is padding: better where something is.
        places = [rng.randrange(len(data) + 1) for _ in range(4)]
        at = next((one for one in places if any(data[one:one + 8])), 0)
        how = rng.randrange(7)
        if how == 0:
            data[at:at + size] = rng.randbytes(size)
        elif how == 1:
            edge = rng.choice(EDGES)
            data[at:at + len(edge)] = edge
        elif how == 2 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif how == 3:
            del data[at:at + size]
        elif how == 4:
            data[at:at] = data[at:at + size]
        elif how == 5:
            there = rng.randrange(len(data) + 1)
            data[at:at + size] = data[there:there + size]
        elif rng.randrange(4) == 0:
            del data[at:]
    return bytes(data)


@contextlib.contextmanager
def limited(seconds=SECONDS, hang=HANG):
    """Too much memory is a MemoryError, too much time a TimeoutError."""
    def hangs(*_):
        raise TimeoutError(f"no end after {hang} s")
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    old = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGALRM, hangs)
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, old[1]))
    signal.setitimer(signal.ITIMER_REAL, hang)
    began = time.process_time()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, old)
    used = time.process_time() - began
    if used > seconds:
        raise TimeoutError(f"{used:.2f} s of CPU time, at most {seconds}")


def hurt(path, rounds, first):
    """How many of the inputs were refused. An input that does something else
    is left at path, and told by its number."""
    refused = 0
    for number in range(first, first + rounds):
        rng = random.Random(number)
        name = rng.choice(list(SEEDS))
        content = mutate(rng, SEEDS[name])
        sense = rng.choice(list(SENSES))
        path.write_bytes(content)
        try:
            with limited():
                SENSES[sense](open_trace(str(path)))
        except TraceError as error:
            assert str(path) in str(error)
            refused += 1
        except BaseException as error:
            raise AssertionError(
                f"input {number} ({name}, {sense}): {error!r}") from error
    return refused


def test_seeds_are_sound(tmp_path):
    for name, content in SEEDS.items():
        (tmp_path / name).write_bytes(content)
        trace = open_trace(str(tmp_path / name))
        for sense, use in SENSES.items():
            if trace.timed or sense != "timeline":
                use(trace)
        assert any(True for _ in trace.events())


def test_damage(tmp_path):
    refused = hurt(tmp_path / "input", 400, 0)
    assert 50 < refused < 350  # both ways are gone


@pytest.mark.slow
def test_much_damage(tmp_path):
    refused = hurt(tmp_path / "input", 10000, 1000)
    assert 1000 < refused < 9000


@pytest.mark.parametrize("kind", ["random", "ones", "text"])
def test_nonsense(tmp_path, kind):
    rng = random.Random(1)
    for nr in range(30):
        size = rng.randrange(1, 20000)
        content = {"random": rng.randbytes(size), "ones": b"\xff" * size,
                   "text": bytes(rng.choice(b" \t\n-[]():;|{}/*+.019af=>")
                                 for _ in range(size))}[kind]
        if nr % 3 == 0:
            content = b"\x17\x08\x44tracing" + content
        (tmp_path / "x").write_bytes(content)
        with limited(), contextlib.suppress(TraceError):
            check(open_trace(str(tmp_path / "x")))


def test_a_line_without_end(tmp_path):
    """One line of 30 MB is passed over, a piece at a time."""
    (tmp_path / "x").write_bytes(b" 0)   1.000 us    |  alpha();\n"
                                 + b"a-" * (15 << 20) + b"\n")
    with limited():
        assert check(open_trace(str(tmp_path / "x"))).calls == 1


def test_memory_is_bounded_by_the_negative_control():
    with limited(), pytest.raises(MemoryError):
        bytearray(MEMORY * 2)


def spin(seconds):
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass


def test_time_is_bounded_by_the_negative_control():
    with pytest.raises(TimeoutError, match="CPU time"), limited(0.01):
        spin(0.05)
    with pytest.raises(TimeoutError, match="no end"), limited(hang=0.2):
        spin(3600)
