# SPDX-License-Identifier: MIT
# parts: test 3
"""tools/params.py: the table of parameters of functions, read back from images
of a known source with different options, and from the kernel's."""
import struct
import subprocess

import pytest

from tests import qemu

KERNEL_VMA = 0xFFFFFFFF80000000
KINDS = "void unsigned int pointer chars_at chars_in other".split()

SOURCE = """
typedef unsigned long size_t;
struct pair { long a, b; };
struct big { long a[3]; };
struct node {
	int age;
	const char *name;
	char title[8];
	unsigned low : 3, high : 29;
	union { short inner; unsigned char byte; };
	struct pair pair;
	struct node *next;
};
enum mood { GOOD = -1, BAD };

__attribute__((used, noipa)) struct node *
takes(const struct node *node, const char *const text, size_t size, _Bool yes,
      enum mood mood, signed char less)
{
	return node->next;
}
__attribute__((used, noipa)) void structures(struct pair pair, struct big big,
					     int behind) {}
__attribute__((used, noipa)) void nothing(void) {}
__attribute__((used, noipa)) static unsigned short again(volatile int *at)
{
	return *at;
}
__attribute__((noinline)) static int cloned(int a, int b) { return a / b; }
__attribute__((cold, noipa)) void fails(int why) {}
__attribute__((used, noipa)) int in_two(int first, char last)
{
	if (first < 0) {
		fails(last);
		fails(first + last);
	}
	return first / last;
}
int _start(int a) { return cloned(a, 3) + cloned(a + 1, 3); }
"""

FLAGS = ["-gdwarf-5", "-gdwarf-4", "-gdwarf-5 -O0"]


def read(data):
    """Function's address -> (what it returns, parameters); fields by object."""
    counts = struct.unpack_from("<6I", data)
    at, tables = 24, []
    for count, form in zip(counts, ("<IHxx", "<HHBBxx", "<IBBH", "<HH",
                                    "<IHBBBxxx")):
        size = struct.calcsize(form)
        tables.append([struct.unpack_from(form, data, at + i * size)
                       for i in range(count)])
        at += count * size
    names = data[at:at + counts[5]]

    def name(offset):
        return names[offset:names.index(0, offset)].decode()

    functions, prototypes, params, objects, fields = tables
    assert [f[0] for f in functions] == sorted({f[0] for f in functions})
    things = [{name(f[0]): (KINDS[f[2] >> 4], f[2] & 15, *f[1:2], *f[3:])
               for f in fields[first:first + count]}
              for first, count in objects] + [None]
    found = {}
    for start, number in functions:
        first, back, count, kind = prototypes[number]
        found[KERNEL_VMA + start] = (
            (KINDS[kind >> 4], kind & 15, back),
            [(name(p[0]), KINDS[p[1] >> 4], p[1] & 15, p[2], p[3])
             for p in params[first:first + count]])
    return found, things


def table_of(elf, tmp_path):
    done = subprocess.run(["/usr/bin/python3", "tools/params.py", str(elf),
                           str(tmp_path / "table")], cwd=qemu.ROOT,
                          capture_output=True, text=True, check=True)
    data = (tmp_path / "table").read_bytes()
    assert done.stdout.endswith(f", {len(data)} bytes\n")
    functions, objects = read(data)
    listed = subprocess.run(["nm", str(elf)], capture_output=True, text=True,
                            check=True).stdout
    names = {}  # of clones, too
    for line in listed.splitlines():
        addr, _, symbol = line.split()[-3:]
        names.setdefault(symbol, int(addr, 16))
    return {symbol: functions[addr] for symbol, addr in names.items()
            if addr in functions}, objects, names


@pytest.mark.parametrize("flags", FLAGS)
def test_a_known_source(flags, tmp_path):
    source, elf = tmp_path / "known.c", tmp_path / "known.elf"
    source.write_text(SOURCE)
    subprocess.run([*"gcc -O2 -ffreestanding -nostdlib -static -no-pie "
                    "-fno-pic -mcmodel=kernel -Wl,-Ttext=0xffffffff80100000 "
                    "-Wl,--build-id=none".split(), *flags.split(), "-o",
                    str(elf), str(source)], check=True)
    functions, objects, names = table_of(elf, tmp_path)
    back, params = functions["takes"]
    assert params[1:] == [
        ("text", "chars_at", 8, 1, 0xffff), ("size", "unsigned", 8, 2, 0xffff),
        ("yes", "unsigned", 1, 3, 0xffff), ("mood", "int", 4, 4, 0xffff),
        ("less", "int", 1, 5, 0xffff)]
    assert params[0][:4] == ("node", "pointer", 8, 0)
    assert back == ("pointer", 8, params[0][4])
    assert objects[params[0][4]] == {
        "age": ("int", 4, 0, 0, 0), "name": ("chars_at", 8, 8, 0, 0),
        "title": ("chars_in", 0, 16, 0, 0), "low": ("unsigned", 4, 24, 3, 0),
        "high": ("unsigned", 4, 24, 29, 3), "inner": ("int", 2, 28, 0, 0),
        "byte": ("unsigned", 1, 28, 0, 0), "pair": ("other", 0, 32, 0, 0),
        "next": ("pointer", 8, 48, 0, 0)}
    # Two words in registers; three are in memory, and take none of them.
    assert [p[1:4] for p in functions["structures"][1]] == [
        ("other", 0, 0), ("other", 0, 2), ("int", 4, 2)]
    assert functions["nothing"] == (("void", 0, 0xffff), [])
    assert functions["again"][0] == ("unsigned", 2, 0xffff)
    # What is executed rarely lies elsewhere, under a name of its own.
    assert ("in_two.cold" in names) == ("-O0" not in flags)
    assert [p[:2] for p in functions["in_two"][1]] == [("first", "int"),
                                                       ("last", "int")]
    # A clone has lost a parameter, and the table does not know it.
    name = "cloned" if "-O0" in flags else "cloned.constprop.0"
    assert name in names and (name in functions) == ("-O0" in flags)


def test_the_kernels(tmp_path):
    functions, objects, names = table_of(qemu.SHIPPED, tmp_path)
    assert [p[:4] for p in functions["kmalloc"][1]] == [
        ("size", "unsigned", 8, 0)]
    task = functions["wake_up_process"][1][0]
    assert task[:2] == ("task", "pointer")
    assert objects[task[4]]["comm"][:2] == ("chars_in", 0)
    assert objects[task[4]]["pid"][:2] == ("int", 4)
    assert len(functions) > 1000
    assert functions["schedule"] == (("void", 0, 0xffff), [])
    split = [name.removesuffix(".cold") for name in names
             if name.endswith(".cold")]
    assert len(split) > 50
    assert not [name for name in split
                if "." not in name and name not in functions]
    # A clone's arguments are not those of its source.
    assert [name for name in names if ".constprop." in name]
    assert not [name for name in functions if "." in name]
