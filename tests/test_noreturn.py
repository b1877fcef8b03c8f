# SPDX-License-Identifier: MIT
# parts: test 3
"""tools/noreturn.py: which functions cannot return. On programs made for it,
each with a control that can; and that the images' tables, computed before the
symbols were linked in, hold for what was linked in the end."""
import subprocess

import pytest

from tests import qemu

noreturn = qemu.load_tool("noreturn")

PROGRAM = """
#define F __attribute__((__noipa__)) void
void (*volatile pointer)(void);
int volatile word;
__attribute__((__noreturn__)) F stops(void) { for (;;) word++; }
F loops(void) { for (;;) word++; }
F calls(void) { loops(); word++; }
F leaves(void) { word++; loops(); }
F leaves_to_that(void) { word++; leaves(); }
F pair2(int n);
F pair1(int n) { pair2(n + 1); word++; }
F pair2(int n) { pair1(n + 1); word++; }
F arms(int n)
{
	switch (n) {
	case 0: word = 5; loops(); word = 1; stops();
	case 1: word = 1; calls(); stops();
	case 2: word = 4; leaves(); word = 2; stops();
	case 3: word = 9; loops(); word = 3; stops();
	case 4: word = 7; pair1(1); stops();
	case 5: word = 8; stops();
	default: word = 3; stops();
	}
}

F returns(void) { word++; }
F may_loop(int n) { while (n) word++; }
F leaves_by_pointer(void) { pointer(); }
F calls_pointer(void) { pointer(); word++; }
F leaves_to_one_that_returns(void) { word++; returns(); }
F recursive(int n) { if (n) { recursive(n - 1); word++; } }
F behind_a_call(void) { returns(); word++; }
F one_arm(int n)
{
	switch (n) {
	case 0: word = 5; loops(); word = 1; stops();
	case 1: word = 1; calls(); stops();
	case 2: word = 4; leaves(); word = 2; stops();
	case 3: word = 9; returns(); word = 3; return;
	case 4: word = 7; pair1(1); stops();
	case 5: word = 8; stops();
	default: word = 3; stops();
	}
}
F calls_one_arm(int n) { one_arm(n); loops(); }
F traps(void) { __builtin_trap(); }
long key;
extern char __start___jump_table[], __stop___jump_table[];
char *table[] = { __start___jump_table, __stop___jump_table };
#define KEYED(insn) \\
	__asm__ goto("1: " insn ".pushsection __jump_table, \\"aw\\"\\n" \\
		     ".long 1b - ., %l[jumps] - .\\n.quad %c0\\n" \\
		     ".popsection\\n" : : "i"(&key) : : jumps)
F keyed_nop(void)
{
	KEYED(".byte 0x0f, 0x1f, 0x44, 0, 0\\n");
	loops();
jumps:
	word++;
}
F keyed_jump(void)
{
	KEYED(".byte 0xe9\\n.long %l[jumps] - 2f\\n2:\\n");
	word++;
	return;
jumps:
	loops();
}
F keyed_never(void)
{
	KEYED(".byte 0x0f, 0x1f, 0x44, 0, 0\\n");
	loops();
jumps:
	stops();
}
"""
CANNOT = {"stops", "loops", "calls", "leaves", "leaves_to_that", "pair1",
          "pair2", "arms", "calls_one_arm", "traps", "keyed_never"}
CAN = {"returns", "may_loop", "leaves_by_pointer", "calls_pointer",
       "leaves_to_one_that_returns", "recursive", "behind_a_call", "one_arm",
       "keyed_nop", "keyed_jump"}
FLAGS = ["-std=gnu11", "-O2", "-ffreestanding", "-mcmodel=kernel", "-fno-pic",
         "-fno-pie", "-fcf-protection=none", "-fno-asynchronous-unwind-tables",
         "-fno-stack-protector", "-w"]


def link(directory, *flags):
    source, elf = directory / "program.c", directory / "program.elf"
    source.write_text(PROGRAM)
    subprocess.run(["gcc", *FLAGS, *flags, "-c", "-o", elf.with_suffix(".o"),
                    source], check=True)
    subprocess.run(["ld", "-Ttext", "0xffffffff80100000", "-e", "returns",
                    "-o", elf, elf.with_suffix(".o")], check=True)
    return elf


def names(elf):
    """Address -> names of functions."""
    out = subprocess.run(["nm", elf], check=True, stdout=subprocess.PIPE,
                         text=True).stdout
    found = {}
    for line in out.splitlines():
        addr, kind, name = line.split()
        if kind in "tT":
            found.setdefault(int(addr, 16), []).append(name)
    return found


# As the kernel is built; with every arm a compare; with frames.
@pytest.mark.parametrize("flags", [[], ["-fno-jump-tables"], ["-O1"],
                                   ["-fno-omit-frame-pointer"]])
def test_each_kind(flags, tmp_path):
    elf = link(tmp_path, *flags)
    code, _ = noreturn.read_code(elf, "objdump")
    tables = sum(bool(noreturn.SWITCH.match(operand))
                 for _, name, operand in code if name == "jmp")
    assert tables == (0 if flags == ["-fno-jump-tables"] else 2)
    of = names(elf)
    found = {name for addr in noreturn.noreturn(elf) for name in of[addr]}
    assert found & (CAN | CANNOT) == CANNOT


def test_the_table_holds_for_the_final_images(shipped, elf):
    for image in (shipped, elf):
        text = (qemu.BUILD / f"gen/{image.stem}.noreturn").read_text()
        assert [int(line, 16) for line in text.splitlines()] == \
            noreturn.noreturn(image)
