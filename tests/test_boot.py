# SPDX-License-Identifier: MIT
# parts: test 47
"""Boots: every way in, numbers and kinds of CPUs, little memory, damage."""
import re
import shutil
import subprocess

import pytest

from tests import qemu
from tests.conftest import exclusive

# A boot with a few quick tests; its KTAP plan must be carried out.
FEW = "mode=tests tests=smp.*"


def online(boot):
    """(CPUs online, CPUs there are) as the boot table says."""
    match = re.search(r"cpus +ok .* (\d+) of (\d+) online", boot.log)
    assert match, boot.excerpt()
    return int(match[1]), int(match[2])


@pytest.mark.parametrize("cpus", [1, 2, 4, 8, 16])
def test_cpus(machine, cpus):
    boot = machine(smp=cpus).boot(FEW, timeout=120).ok(tests=True)
    assert online(boot) == (cpus, cpus)


@pytest.mark.parametrize("cpu, protection", [
    ("qemu64", "NX WP;"),
    ("Haswell", "NX WP SMEP;"),
    ("max", "NX WP SMEP SMAP UMIP;"),
])
def test_cpu_models(machine, cpu, protection):
    boot = machine(smp=2, cpu=cpu).boot(FEW).ok(tests=True)
    assert f" {protection} " in boot.log


# BS2
@pytest.mark.parametrize("cpu, words", [
    ("pentium", "64-bit mode"),  # nor the leaf that would tell
    ("max,-lm", "64-bit mode"),
    ("max,-nx", "NX (no-execute pages)"),
    ("max,-pae", "PAE"),
    ("max,-msr", "MSRs"),
    ("max,-tsc", "time stamp counter"),
    ("max,-apic", "local APIC"),
])
def test_a_cpu_that_lacks_something_is_refused(machine, cpu, words):
    boot = machine(cpu=cpu).boot(FEW)
    assert boot.status == qemu.PANIC, boot.excerpt()
    assert boot.log.splitlines() == [
        f"nop5: cannot start: this CPU has no {words}"], boot.excerpt()


def test_64_mib(machine):
    boot = machine(smp=4, mem="64M").boot(FEW).ok(tests=True)
    assert re.search(r"memory +ok .* 63 MiB of RAM", boot.log)


def test_much_memory_is_not_touched_page_by_page(machine):
    boot = machine(mem="3G", icount=0).boot(FEW).ok(tests=True)
    pages = re.search(r"pages +ok +(\d+) us", boot.log)
    assert int(pages[1]) < 1000, "microseconds are thousands of instructions"


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_iso(make_iso, firmware):
    iso = make_iso("tests", append="tests=smp.*")
    boot = qemu.Machine(smp=4, iso=iso, firmware=firmware).boot(timeout=120)
    boot.ok(tests=True)
    assert "multiboot2 by GRUB" in boot.log
    assert online(boot) == (4, 4)


def sites(boot):
    return int(re.search(r"ftrace +ok .* (\d+) sites", boot.log)[1])


@pytest.mark.parametrize("entry, words, image", [
    ("demo", "", "nop5"),
    ("tests", "tests=smp.*", "nop5-test"),
    ("bench", "bench=smp", "nop5-test"),
])
def test_the_menu_boots_the_image_of_the_entry(make_iso, entry, words, image):
    """By its number of sites: it is the table's that the linker has made."""
    boot = qemu.Machine(smp=4, iso=make_iso(entry, append=words)).boot(
        timeout=120).ok()
    assert f"mode={entry}" in boot.log
    elf = qemu.BUILD / f"{image}.elf"
    out = subprocess.run(["nm", elf], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    start, stop = (int(re.search(rf"(\w+) . __{name}_mcount_loc", out)[1], 16)
                   for name in ("start", "stop"))
    assert sites(boot) == (stop - start) // 8


def test_an_unknown_mode_is_refused(machine):
    boot = machine().boot("mode=nonsense")
    assert boot.status == qemu.REFUSED
    assert '"mode=nonsense": mode has no such value' in boot.log


def test_a_glob_that_selects_nothing_is_no_success(machine):
    boot = machine().boot("mode=tests tests=no.such.test")
    assert boot.status == qemu.FAILED
    assert boot.problem(tests=True)


# ---- what the loader leaves ------------------------------------------------

PAGE = 4096


def loaded(elf):
    """[(first, end)]: physical addresses that a loader writes from the file."""
    out = subprocess.run(["readelf", "-lW", elf], stdout=subprocess.PIPE,
                         text=True, check=True).stdout
    rows = re.findall(r"LOAD +\w+ \w+ (\w+) (\w+) ", out)
    return [(int(at, 16), int(at, 16) + int(size, 16)) for at, size in rows
            if int(size, 16)]


def test_ram_that_nobody_wrote_may_hold_anything(machine, elf, tmp_path):
    pieces = loaded(elf)
    free = [end for _, end in pieces
            if not any(at <= end < stop for at, stop in pieces)]
    options = []
    for i, end in enumerate(free):
        junk = tmp_path / str(i)
        junk.write_bytes(b"\xff" * (PAGE - end % PAGE))
        options += ["-device", f"loader,file={junk},addr={end:#x},"
                    "force-raw=on"]
    assert len(free) > 2  # 32-bit code, text, data, the end of the image
    machine(qemu=options).boot(FEW).ok(tests=True)


# ---- damage ----------------------------------------------------------------

def section(elf, name):
    """(file offset, size) of a section."""
    out = subprocess.run(["readelf", "-SW", elf], stdout=subprocess.PIPE,
                         text=True, check=True).stdout
    row = re.search(rf" {re.escape(name)} +\w+ +\w+ (\w+) (\w+) ", out)
    return int(row[1], 16), int(row[2], 16)


# KA2
# Bytes that are not padding, of what a panic does not use: the last of all, of
# .rodata the last of the table of tests, behind which are those of hooks. And
# in the symbol table the count, which every look into it goes by.
@pytest.mark.parametrize("name, end, which", [
    (".text", None, -1), (".rodata", "ktests_end", -1),
    (".kallsyms", None, -1), (".kallsyms", None, 8),
])
def test_a_flipped_bit_is_reported(elf, symbols, tmp_path, name, end, which):
    data = bytearray(elf.read_bytes())
    offset, size = section(elf, name)
    if end:
        size = int(symbols[end], 16) - int(symbols["__rodata_start"], 16)
    at = [i for i in range(offset, offset + size)
          if data[i] not in (0, 0x90, 0xcc)][which]
    data[at] ^= 0x10
    damaged = tmp_path / "damaged.elf"
    damaged.write_bytes(data)
    boot = qemu.Machine(kernel=damaged).boot(FEW)
    assert boot.status == qemu.PANIC
    assert "kernel panic: boot: image: -EIO damaged: sum" in boot.log
    assert "end of kernel panic: boot: image:" in boot.log, boot.excerpt()


def damaged_iso(make_iso, elf, tmp_path, change):
    """An image whose kernel file was changed after it had been made."""
    kernel = tmp_path / "k.elf"
    shutil.copy(elf, kernel)
    iso = make_iso("tests", kernel=kernel)
    stripped = tmp_path / "stripped.elf"
    subprocess.run(["objcopy", "--strip-all", elf, stripped], check=True)
    whole, part = bytearray(iso.read_bytes()), stripped.read_bytes()
    at = whole.find(part)
    assert at > 0, "the kernel lies in the image in one piece"
    change(whole, at, len(part))
    iso.write_bytes(whole)
    return iso


def break_magic(data, at, size):
    magic = data.index(b"\xd6\x50\x52\xe8", at, at + size)
    data[magic] ^= 1


def break_elf(data, at, size):
    data[at:at + 4] = b"\0\0\0\0"


def break_text(data, at, size):
    # The middle of the file: text or constants, whichever.
    data[at + size // 2] ^= 0xff


@pytest.mark.parametrize("change, words", [
    (break_magic, "GRUB could not load"),
    (break_elf, "GRUB could not load"),
    (break_text, "boot: image:"),
])
def test_a_damaged_image_says_so(make_iso, elf, tmp_path, change, words):
    iso = damaged_iso(make_iso, elf, tmp_path, change)
    boot = qemu.Machine(iso=iso).boot(timeout=60)
    assert boot.problem()
    assert words in boot.log, boot.excerpt()


def test_an_image_that_does_not_fit_is_reported(machine):
    boot = machine(mem="2M").boot(FEW)
    assert boot.status == qemu.PANIC
    assert "cannot start: there is not enough memory" in boot.log


def test_running_out_of_memory_while_booting_is_reported(machine):
    # One MiB more than the image takes.
    boot = machine(smp=64, mem="11M").boot(FEW, timeout=120)
    assert boot.problem(tests=True)
    missing = re.findall(r"smp: CPU with APIC id \d+ did not come up: -ENOMEM",
                         boot.log)
    assert len(missing) > 0, boot.excerpt()
    # Those there was memory for go on.
    assert online(boot) == (64 - len(missing), 64)


# ---- a second emulator -----------------------------------------------------

BOCHSRC = """\
cpu: model=corei7_haswell_4770, count=2, ips=4000000, reset_on_triple_fault=0
memory: guest=64, host=64
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev={serial}
display_library: rfb, options="timeout=0"
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, serial=1, extfpuirq=1
panic: action=fatal
clock: sync=none
log: {log}
"""


def test_bochs(make_iso, tmp_path):
    """Two CPUs of another maker. Bochs leaves with 1 always: the log tells."""
    serial, log = tmp_path / "serial", tmp_path / "log"
    iso = make_iso("tests", append="tests=smp.*")
    (tmp_path / "bochsrc").write_text(BOCHSRC.format(iso=iso, serial=serial,
                                                     log=log))
    (tmp_path / "rc").write_text("c\n")
    with exclusive("bochs"):
        status, errors = qemu.run(["bochs-bin", "-q", "-f",
                                   str(tmp_path / "bochsrc"), "-rc",
                                   str(tmp_path / "rc")], timeout=90)
    text = serial.read_text(errors="replace")
    boot = qemu.Boot(qemu.OK if status == 1 else status, text, 0, 90, errors)
    boot.ok(tests=True)
    assert online(boot) == (2, 2)


# ---- clocks ----------------------------------------------------------------

@pytest.mark.parametrize("options, clock", [
    ("q35", "PIT"),
    ("q35,pit=off", "HPET"),
    ("q35,pit=off,hpet=off", "ACPI PM timer"),
])
def test_the_tsc_is_measured_by_what_there_is(machine, options, clock):
    """Counted instructions: a nanosecond each, so the result is known."""
    boot = machine(smp=2, icount=0, qemu=["-machine", options]).boot(
        "mode=tests tests=smp.*,clock.*").ok(tests=True)
    found = re.search(r"TSC (\d+)\.\d+ MHz by (.*)", boot.log)
    assert found, boot.excerpt()
    assert found[2] == clock
    assert 999 <= int(found[1]) <= 1001


def test_without_any_clock_it_says_what_is_missing(machine):
    boot = machine(qemu=["-machine", "pc,acpi=off,hpet=off,pit=off"]).boot(FEW)
    assert boot.status == qemu.PANIC, boot.excerpt()
    assert ("boot: timer: -ENODEV nothing to measure the TSC by: no PIT, no "
            "HPET or PM timer in ACPI") in boot.log


def test_the_demo_shows_each_state_once_and_the_whole_errand(shipped):
    """Five bytes: each state has a row of its own, and a sentence of its own.
    The errand is drawn from its first brace to its last."""
    log = qemu.Machine(smp=2, kernel=shipped).boot("mode=demo").ok().log
    act = log[log.index("=== a function is patched"):log.index("by the clock")]
    rows = re.findall(r"^ +(?:before|after)? +((?:[0-9a-f]{2} ){5}) +(.*)$",
                      act, re.MULTILINE)
    assert [row[0][:2] for row in rows] == ["0f", "cc", "cc", "e8"]
    assert len({row[0] for row in rows}) == len({row[1] for row in rows}) == 4
    errand = log.partition("=== an errand")[2].partition("\n=== ")[0]
    drawn = re.findall(r"^ +\d+\) .*\|  (.*)$", errand, re.MULTILINE)
    assert drawn[0] == "demo_errand() {"
    assert drawn[-1] == "}" and drawn.count("}") == 1
    assert sum(line.endswith("{") for line in drawn) == sum(
        line.strip() == "}" for line in drawn)
    assert "  mutex_lock();" in drawn and len(drawn) < 40


def test_the_demo_exchanges_often_enough_on_a_slow_machine(shipped):
    """1024 ns an instruction: 8 CPUs make 4 exchanges in the time it takes."""
    log = qemu.Machine(smp=8, icount=10, kernel=shipped).boot(
        "mode=demo").ok().log
    rows = re.findall(r"(\d+) exchanges +[\d,]+ calls +([\d,]+) missed", log)
    assert [int(count) >= 10 for count, _ in rows] == [True, True], rows
    assert [missed != "0" for _, missed in rows] == [True, False], rows
