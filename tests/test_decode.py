# SPDX-License-Identifier: MIT
# parts: test 3, test-all 6
"""arch/x86_64/patch/insn_decode.c, judged by libcapstone 4: over every
instruction of the linked images, and over random strings. A difference is
allowed only if a class of tests/decode/classes.h explains it."""
import re
import subprocess

import pytest

from tests import qemu

PATCH = qemu.ROOT / "arch" / "x86_64" / "patch"
LINE = re.compile(r"\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)")


def build(out, table):
    judge = out / "judge"
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-I.",
                    "-Iarch/x86_64", "-o", str(judge), "tests/decode/judge.c",
                    str(PATCH / "insn_decode.c"), str(table), "-lcapstone"],
                   check=True, cwd=qemu.ROOT)
    return judge


@pytest.fixture(name="judge", scope="module")
def fixture_judge(tmp_path_factory):
    return build(tmp_path_factory.mktemp("judge"), PATCH / "insn_table.c")


def run(judge, *args, stdin=None):
    """Its exit status and its counts."""
    done = subprocess.run([str(judge), *args], input=stdin, text=True,
                          capture_output=True, check=False)
    counts = {name: int(n) for name, n in
              re.findall(r"^(\w+) (\d+)$", done.stdout, re.M)}
    return done.returncode, counts, done.stdout


def instructions(elf):
    """As objdump separates them: address and bytes, a line each."""
    out = subprocess.run(["objdump", "-d", "-w", "-j", ".text", str(elf)],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    # Code that is there to be refused is no compiler's: 66 before a call.
    # Behind the end of a case stands padding, which objdump may show as data.
    code = re.sub(r"^\w+ <(?:(?:refused|rx)_[\w.]+|kcase_\w+\.end)>:\n"
                  r"(?:.+\n)+", "", out, flags=re.M)
    found = filter(None, map(LINE.match, code.splitlines()))
    return "".join(f"{m[1]} {m[2].replace(' ', '')}\n" for m in found)


@pytest.mark.parametrize("elf", [qemu.TESTS, qemu.DEBUG],
                         ids=["tests", "debug"])
def test_every_instruction_of_the_image_K1(judge, elf):
    """Length, [rip + disp] and target of a branch agree, without exception."""
    lines = instructions(elf)
    status, counts, text = run(judge, "lines", stdin=lines)
    assert status == 0, text
    assert counts["both"] == lines.count("\n") > 50_000
    assert counts["equal"] == counts["both"]


def check_random(judge, number, seed):
    status, counts, text = run(judge, "random", str(number), str(seed))
    assert status == 0, text
    assert counts["both"] > number * 0.8
    assert counts["equal"] >= counts["both"] * 0.95
    assert counts["unexplained"] == 0


def test_random_strings_K1(judge):
    check_random(judge, 1_000_000, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_ten_million_random_strings_K1(judge, seed):
    check_random(judge, 12_000_000, seed)


@pytest.mark.parametrize("row, becomes", [
    ("M,  M,  M,  M,  B,  Z,  XX, XX, M,  M,  M,  M,  B,  Z,  XX, ES, /* 0 */",
     "M,  M,  M,  M,  B,  B,  XX, XX, M,  M,  M,  M,  B,  Z,  XX, ES, /* 0 */"),
    ("MB, MZ, XX, MB, M,  M,  M,  M,  M,  M,  M,  M,  GM, MM, GM, GM, /* 8 */",
     "MB, MZ, XX, M,  M,  M,  M,  M,  M,  M,  M,  M,  GM, MM, GM, GM, /* 8 */"),
])
def test_control_one_wrong_entry_is_found(tmp_path, row, becomes):
    text = (PATCH / "insn_table.c").read_text()
    assert text.count(row) == 1
    table = tmp_path / "insn_table.c"
    table.write_text(text.replace(row, becomes))
    status, counts, _ = run(build(tmp_path, table), "random", "100000", "1")
    assert status == 1
    assert counts["unexplained"] > 100
