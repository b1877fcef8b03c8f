# SPDX-License-Identifier: MIT
# parts: test 2
"""__attribute__((optimize(...))) on hot functions adds its flag and drops none
of the others: gcc before 12 was free to. For each flag a function whose code
depends on it: with the attribute it is as without, and not as without the
flag."""
import re
import subprocess

import pytest

from tests import qemu

MAKEFILE = (qemu.ROOT / "Makefile").read_text()
ATTRIBUTE = re.compile(r'__optimize__\("([\w-]+)"\)')

# Flag -> a function, and what only its code with the flag has.
PROBES = {
    "-fno-strict-aliasing":
        ("long f(long *a, int *b) { *a = 1; *b = 2; return *a; }",
         r"mov\s+\(%rdi\),%rax"),
    "-fno-delete-null-pointer-checks":
        ("int f(int *p) { int v = *p; return p ? v : 7; }",
         r"test\s+%rdi,%rdi"),
    "-fno-shrink-wrap":
        ("long g(long); "
         "long f(long n) { if (!n) return 1; "
         "long r = g(n); return r + g(r) + n; }",
         r"^(?:(?!test|j).)*push\s+%rbx"),
    "-fno-ipa-ra":
        ("static __attribute__((__noinline__)) long h(long n) "
         "{ asm volatile(\"\" : \"+r\"(n)); return n; } "
         "long f(long n) { return h(1) + n; }",
         r"push\s+%rbx"),
    "-mno-red-zone":
        ("long f(long n) { volatile long v = n; return v; }",
         r"(sub\s+\$0x\w+|add\s+\$0xf\w+),%rsp"),
}


def objects_code(tmp_path, text, flags):
    source = tmp_path / "probe.c"
    source.write_text(text)
    subprocess.run(["gcc", "-std=gnu11", "-O2", "-ffreestanding", "-w",
                    "-fcf-protection=none", "-mcmodel=kernel", "-fno-pic",
                    "-fno-pie", "-fno-asynchronous-unwind-tables", *flags,
                    "-c", "-o", tmp_path / "probe.o", source], check=True)
    out = subprocess.run(["objdump", "-d", "--no-show-raw-insn",
                          "--disassemble=f", tmp_path / "probe.o"],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = re.findall(r"^\s+\w+:\s+(.*?)\s*$", out, re.M)
    return " ; ".join(lines)


def attributes():
    """All that stand in the sources."""
    found = set()
    for path in qemu.ROOT.glob("[abdkt]*/**/*.[ch]"):
        found |= set(ATTRIBUTE.findall(path.read_text(encoding="utf-8")))
    return sorted(found)


def with_attribute(text, attribute):
    head, f = text.rsplit(" f(", 1)
    kind = head.rsplit(" ", 1)
    declared = f'__attribute__((__optimize__("{attribute}"))) '
    return (kind[0] + " " + declared + kind[1] if len(kind) == 2
            else declared + head) + " f(" + f


def test_which_there_are():
    assert attributes() == ["no-jump-tables",
                            "no-tree-loop-distribute-patterns",
                            "omit-frame-pointer"]


@pytest.mark.parametrize("attribute", attributes())
@pytest.mark.parametrize("flag", list(PROBES))
def test_flag_is_kept(attribute, flag, tmp_path):
    assert flag in MAKEFILE
    text, sign = PROBES[flag]
    assert re.search(sign, objects_code(tmp_path, text, [flag]))
    assert not re.search(sign, objects_code(tmp_path, text, []))
    assert re.search(sign, objects_code(
        tmp_path, with_attribute(text, attribute), [flag]))


def test_frame_pointers_stay_where_they_are(tmp_path):
    """The two attributes that do not mean them leave them."""
    text = "long g(long); long f(long n) { return g(n) + n; }"
    kept = "-fno-omit-frame-pointer"
    for attribute, frame in (("no-jump-tables", True),
                             ("no-tree-loop-distribute-patterns", True),
                             ("omit-frame-pointer", False)):
        code = objects_code(tmp_path, with_attribute(text, attribute), [kept])
        assert ("mov    %rsp,%rbp" in code) == frame, code
