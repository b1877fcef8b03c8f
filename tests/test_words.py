# SPDX-License-Identifier: MIT
# parts: test-all 7
"""Words of the kernel's command line: what the kernel prints about them, what
README.md says of them, and what becomes of a word that it does not know."""
import re

import pytest

from tests import qemu

README = (qemu.ROOT / "README.md").read_text(encoding="utf-8")
SHIPPED = {"kernel": qemu.SHIPPED}


def rows(log):
    """{form: what it does} as `help` prints it; lists of values left out."""
    text = log.partition("words of the kernel's command line:\n")[2]
    return dict(re.findall(r"^  (\S+) +(.+)$", text, re.MULTILINE))


def table(heading):
    """The same of the table in README.md with this heading."""
    text = README.partition(f"\n| {heading} | |\n|---|---|\n")[2]
    found = re.match(r"(\|.*\|\n)+", text)
    return dict(re.findall(r"^\| `(.+?)` \| (.+) \|$",
                           found[0].replace(r"\|", "|"), re.MULTILINE))


@pytest.fixture(scope="module")
def printed():
    """What `help` prints in the image that people boot, and with the tests."""
    return [rows(qemu.Machine(kernel=image).boot("help").ok().log)
            for image in (qemu.SHIPPED, qemu.TESTS, qemu.DEBUG)]


def test_readme_has_the_words_of_the_kernel(printed):
    few, more, most = printed
    assert len(few) >= 6 and few.keys() <= more.keys()
    assert table("word") == few
    assert table("word of `nop5-test.elf`") == {
        form: what for form, what in more.items() if form not in few}
    assert table("word of `nop5-debug.elf`") == {
        form: what for form, what in most.items() if form not in more}


def test_each_word_that_is_read_is_declared(printed):
    names = {re.split("=", form)[0] for form in printed[2]}
    used = set()
    for path in (path for folder in ("arch", "boot", "demo", "kernel", "trace",
                                     "tests/kernel", "tests/bench/kernel",
                                     "tests/debug", "tests/lab")
                 for path in (qemu.ROOT / folder).rglob("*.c")):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'cmdline_(?:get|u64|is)\("(\w+)"', text))
        # A word that may be there more than once is read by hand.
        used |= set(re.findall(r'word\[\] = "(\w+)="', text))
    assert len(used) > 10
    assert used == names - {"BOOT_IMAGE"}


def test_help_lists_the_modes_of_the_image():
    for image, modes in ((qemu.SHIPPED, {"demo", "shell"}),
                         (qemu.TESTS, {"demo", "shell", "tests", "torture",
                                       "bench", "crash"}),
                         (qemu.DEBUG, {"demo", "shell", "tests", "torture",
                                       "bench", "crash", "lab",
                                       "theatre"})):
        log = qemu.Machine(kernel=image).boot("mode=demo help").ok().log
        found = re.search(r"^  mode=NAME .*\n((?: {6}.*\n)+)", log,
                          re.MULTILINE)[1]
        assert set(re.findall(r"^ +(\w+) ", found, re.MULTILINE)) == modes
        assert "===" not in log  # and no mode is run


@pytest.mark.parametrize("words, sentence", [
    ("trampolins=off", '"trampolins=off": there is no such word; '
     "did you mean trampolines?"),
    ("mode=shell mod=demo", '"mod=demo": there is no such word; '
     "did you mean mode?"),
    # A word of the tests.
    ("seed=4", '"seed=4": there is no such word; did you mean step?'),
    ("mode=shel", '"mode=shel": mode has no such value; '
     "did you mean mode=shell?"),
    ("chains=maybe", '"chains=maybe": chains has no such value'),
    ("mode", '"mode": mode must have a value'),
    ("help=all", '"help=all": help has no value'),
    ("loglevel=9", '"loglevel=9": loglevel is a number from 0 to 8'),
    ("help trampolins=off", '"trampolins=off": there is no such word; '
     "did you mean trampolines?"),
])
def test_a_word_that_is_not_known_is_refused(machine, words, sentence):
    """And nothing else is done; also where nothing is to be printed."""
    for more in ("", "loglevel=0 "):
        boot = machine(**SHIPPED).boot(more + words)
        assert boot.status == qemu.REFUSED, boot.excerpt()
        assert f"command line: {sentence}\n" in boot.log, boot.excerpt()
        assert "===" not in boot.log and "nop5# " not in boot.log
        assert sentence in boot.problem()
        assert boot.log.count(qemu.BANNER) == 1
        assert boot.log.count(qemu.ENDING) == 1


def test_the_values_that_there_are_are_listed(machine):
    boot = machine().boot("mode=tets")
    assert boot.status == qemu.REFUSED
    found = re.search(r"command line: mode may be: (.*)\n", boot.log)[1]
    assert {"demo", "shell", "tests", "bench", "torture", "crash"} == \
        set(found.split(", "))


def test_words_of_boot_loaders_are_ignored(machine):
    machine(**SHIPPED).boot("BOOT_IMAGE=/boot/nop5.elf help").ok()


def test_any_white_space_separates_words(machine):
    boot = machine(smp=2).boot("mode=tests\ttests=smp.each*\n\ttimes=on").ok(
        tests=True)
    assert re.search(r"^# smp\.each_cpu_is_the_one_it_says: \d+ ms$", boot.log,
                     re.MULTILINE)


@pytest.mark.parametrize("level", [0, 3])
def test_a_quiet_boot_is_a_good_boot(machine, level):
    """The verdict rests on two lines, which are always printed."""
    boot = machine(smp=2, **SHIPPED).boot(f"mode=demo loglevel={level}",
                                          timeout=120).ok()
    assert "=== the machine ===" in boot.log
    assert re.findall(r"^\[.*\] (.*)$", boot.log, re.MULTILINE) == [
        qemu.BANNER, qemu.ENDING]


@pytest.mark.parametrize("size, sentence", [
    (1023, None),
    (1024, "command line: it has more than 1023 bytes; nothing of it is done"),
    (3000, "command line: it has more than 1023 bytes; nothing of it is done"),
])
def test_a_line_that_is_too_long_is_refused(machine, size, sentence):
    """Nothing of it is cut off; by PVH, as multiboot2 in the unit tests."""
    line = "mode=demo help BOOT_IMAGE=".ljust(size, "x")
    boot = machine(**SHIPPED).boot(line)
    if not sentence:
        boot.ok()
        return
    assert boot.status == qemu.REFUSED, boot.excerpt()
    assert f"] {sentence}\n" in boot.log and sentence in boot.problem()
    assert boot.log.count(qemu.ENDING) == 1
    assert "words of the kernel" not in boot.log


def test_a_word_that_is_too_long_is_refused(machine):
    boot = machine().boot("mode=tests tests=" + "smp.each*," * 30)
    assert boot.status == qemu.REFUSED, boot.excerpt()
    assert '": a word has 255 bytes at most' in boot.problem()
