# SPDX-License-Identifier: MIT
# parts: test 4
"""nop5-debug.elf: its lock-order check finds what is planted in
tests/debug/test_lock_order.c and names both places; the hooks of nop5.elf, of
locks and of the patch engine, are empty."""
import re
import subprocess

import pytest

from tests import qemu
from tests.conftest import existing


@pytest.fixture(name="boot", scope="module")
def fixture_boot():
    existing(qemu.DEBUG)

    def boot(tests, kernel=qemu.DEBUG, **options):
        return qemu.Machine(smp=2, kernel=kernel, **options).boot(
            f"mode=tests tests={tests}", timeout=120)
    return boot


FILE = r"tests/debug/test_lock_order\.c:\d+: "


def edge(place, lock, held, since):
    """The two lines about it, with the place of each lock."""
    line = r"\n\[[^\n]*\] "
    return (rf'lock order: {place}[.\w]*\+0x\S+ takes "{FILE}{lock}"{line}'
            rf'lock order:   and holds "{FILE}{held}" since {since}[.\w]*\+0x')


A, B, C = (f"take_{x}_asleep" for x in ("a_then_b", "b_then_c", "c_then_a"))
INVERSION = [edge("take_b_then_a", "spin_a", "spin_b", "take_b_then_a"),
             edge("take_a_then_b", "spin_b", "spin_a", "take_a_then_b")]
PLANTED = [
    ("inversion",
     rf'"{FILE}spin_b" is held where "{FILE}spin_a" is taken, and the other '
     "way round",
     INVERSION),
    ("inversion_traced", rf'"{FILE}spin_b" is held where "{FILE}spin_a" is',
     INVERSION),
    ("cycle_of_three",
     rf'"{FILE}mutex_c" is held where "{FILE}mutex_a" is taken, and the other '
     "way round",
     [edge(C, "mutex_a", "mutex_c", C), edge(A, "mutex_b", "mutex_a", A),
      edge(B, "mutex_c", "mutex_b", B)]),
    ("two_of_one_class", rf'two locks of one class, "{FILE}&pair\[i\]"',
     [edge("take_mutexes", r"&pair\[i\]", r"&pair\[i\]", "take_mutexes")]),
    ("falling_rank", rf'two locks of one class, "{FILE}&pair\[i\]"',
     [edge("take_mutexes", r"&pair\[i\]", r"&pair\[i\]", "take_mutexes")]),
    ("interrupt",
     rf'"{FILE}spin_irq" is taken by an interrupt at take_in_irq\+0x\S+, and '
     r"with interrupts on at take_with_irqs\+0x", []),
    ("no_init", r"ktest_planted_no_init\S*\+0x\S+ takes a lock that is not "
     "initialised", []),
]


@pytest.mark.parametrize("name, reason, lines", PLANTED)
def test_a_planted_inversion_is_named_with_its_places(boot, name, reason,
                                                      lines):
    found = boot(f"planted.{name}")
    assert found.status == qemu.PANIC, found.excerpt()
    for pattern in [f"kernel panic: lock order: {reason}", *lines]:
        assert re.search(pattern, found.log), f"{pattern}\n{found.excerpt()}"


def test_what_is_no_inversion_passes(boot):
    assert boot("lock_order.*").ok(tests=True).report().passed == 5


def object_of(path):
    return qemu.BUILD / "obj" / f"{path}.o"


def text(path):
    """Instructions of an object, without its debug information."""
    return subprocess.run(
        ["objdump", "-dr", "--no-show-raw-insn", str(path)], check=True,
        capture_output=True, text=True).stdout.split("\n", 4)[4]


def compile_with(tmp_path, source, content):
    """Compiled as `make` does it, from a file of another content."""
    target = object_of(source[:-2]).relative_to(qemu.ROOT)
    command = subprocess.run(
        ["make", "-n", "V=1", "-W", source, str(target)],
        cwd=qemu.ROOT, check=True, capture_output=True, text=True).stdout
    line = next(line for line in command.splitlines() if " -c -o " in line)
    copy = tmp_path / "copy.c"
    copy.write_text(f'#line 1 "{source}"\n{content}')
    out = tmp_path / "copy.o"
    words = [w for w in line.split() if w not in ("-MMD", "-MP")]
    words[words.index("-o") + 1:] = [str(out), str(copy)]
    subprocess.run([w.strip("'") for w in words], cwd=qemu.ROOT, check=True)
    return text(out)


# Of each file with hooks: what is put in place of them.
LOCKS = [(r"^\t+lock_order_\w+\(.*\);$", "")]
HOOKED = {
    "kernel/base/spinlock.c": LOCKS,
    "kernel/mutex.c": LOCKS,
    "arch/x86_64/patch/text_poke_steps.c": [
        (r"\bpoke_steps\(steps_int3\)", "steps_int3"),
        (r"\bpoke_step_begins\(\*step, vec, n\)", "false"),
        (r"^\t+poke_step_ends\(.*\);$", ""),
    ],
    "arch/x86_64/patch/text_poke_write.c": [
        (r"^\t+poke_store_(begins|ends)\(.*\);$", ""),
    ],
    "arch/x86_64/patch/text_poke_fresh.c": [
        (r"\bpoke_fresh_in_force\(way\)", "way"),
    ],
    "arch/x86_64/patch/text_poke_int3.c": [
        (r"^\tpoke_window\(faults\);$", ""),
        (r"\bpoke_takes_ref\(faults\)", "true"),
        (r"\bpoke_word\(faults, p\)", "p->new"),
        (r"\bpoke_looks_again\(faults\)", "true"),
        (r"!poke_reads_bytes\(faults\)", "false"),
        (r"\bpoke_faults\(\)", "0"),
    ],
}


HOOKS = qemu.ROOT / "arch/x86_64/patch/poke_hooks.h"


def without_hooks(source, content):
    for pattern, becomes in HOOKED[source]:
        content, count = re.subn(pattern, becomes, content, flags=re.M)
        assert count, f"{source}: no {pattern}"
    hooks = set(re.findall(r"\b(poke_\w+)\(", HOOKS.read_text()))
    assert len(hooks) == 12
    assert not re.search(rf"^\s.*\b(lock_order_|({'|'.join(hooks)})\()",
                         content, re.M)
    return content


@pytest.mark.parametrize("source", HOOKED)
def test_the_hooks_cost_no_instruction(tmp_path, source):
    content = (qemu.ROOT / source).read_text()
    assert compile_with(tmp_path, source, content) == \
        compile_with(tmp_path, source, without_hooks(source, content))


def test_an_instruction_would_be_seen(tmp_path):
    source = "kernel/mutex.c"
    content = (qemu.ROOT / source).read_text()
    more = content.replace("\tlock_order_take(", "\tcpu_relax();\n"
                           "\tlock_order_take(").replace(
        "#include <asm/atomic.h>", "#include <asm/atomic.h>\n"
        "#include <asm/cpu.h>")
    assert compile_with(tmp_path, source, content) != \
        compile_with(tmp_path, source, more)


def test_assembly_finds_the_same_offsets():
    """NASM objects are shared with the other images, so a hook header must
    not move a field that they reach."""
    flags = ["-I.", "-Iarch/x86_64", f"-I{qemu.BUILD}/gen", "-std=gnu11",
             "-O2", "-ffreestanding", "-mcmodel=kernel", "-fno-pic",
             "-mno-red-zone", "-mgeneral-regs-only", "-S", "-o", "-"]
    for source, least in (("arch/x86_64/asm-offsets.c", 20),
                          ("trace/ring/ring-offsets.c", 2),
                          ("trace/tracers/entry-offsets.c", 100)):
        plain, debug = (subprocess.run(
            ["gcc", *first, *flags, source], cwd=qemu.ROOT, check=True,
            capture_output=True, text=True).stdout
            for first in ([], ["-Itests/debug/include"]))
        found = re.findall(r"^->.*", plain, re.M)
        assert len(found) > least
        assert found == re.findall(r"^->.*", debug, re.M)
