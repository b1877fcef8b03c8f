# SPDX-License-Identifier: MIT
# parts: test-all 17
"""The screen shows what the serial line says: through a BIOS and UEFI, as
pixels and as text, in a panic, too. And only if it is wanted."""
import re
import subprocess
import time

import pytest

from tests import qemu, screen

HEADLINE = "(The serial line COM1, 115200 8n1, says the same; input is there.)"
PROMPT = "nop5# "
PANIC = "end of kernel panic"


class Shown:
    """A machine with a screen, which has just said something."""

    def __init__(self, guest, append, until, directory, timeout=120):
        self.serial = directory / "serial"
        self.serial.touch()
        self.monitor = qemu.Monitor(directory)
        self.directory = directory
        command = guest.command(append, f"file:{self.serial}")
        # A machine that left would have no screen any more.
        at = command.index("isa-debug-exit,iobase=0xf4,iosize=4")
        command = command[:at - 1] + command[at + 1:] + self.monitor.options
        with subprocess.Popen(command, stdin=subprocess.DEVNULL,
                              start_new_session=True) as self.process:
            try:
                self.wait(until, timeout)
                self.monitor.connect()
                self.look()
            finally:
                self.process.kill()

    def wait(self, until, timeout):
        limit = time.monotonic() + timeout
        while until not in self.log():
            assert time.monotonic() < limit, self.log()[-2000:]
            assert self.process.poll() is None, self.log()[-2000:]
            time.sleep(0.1)
        time.sleep(0.2)  # a picture is refreshed 30 times a second

    def log(self):
        return self.serial.read_text(encoding="utf-8", errors="replace")

    def look(self):
        picture, memory = self.directory / "ppm", self.directory / "memory"
        self.monitor.ask("screendump", filename=str(picture))
        self.monitor.ask("pmemsave", val=screen.VGA_TEXT, filename=str(memory),
                         size=screen.VGA_COLS * screen.VGA_ROWS * 2)
        self.picture = screen.Picture(picture)
        self.memory = memory.read_bytes()

    def rows(self):
        if self.picture.width == screen.VGA_COLS * screen.VGA_CELL:
            return screen.vga_text(self.picture, self.memory)
        return screen.pixels(self.picture)

    def check(self):
        """The screen ends as the line does, and has no other text."""
        log = self.log()
        log = log[log.rindex("\n", 0, log.index(qemu.BANNER)) + 1
                  if "\n" in log[:log.index(qemu.BANNER)] else 0:]
        rows = self.rows()
        cols = (screen.VGA_COLS if len(rows) == screen.VGA_ROWS
                else self.picture.width // screen.WIDTH)
        said = screen.on_a_screen(HEADLINE + "\n" + log, cols)
        while not rows[-1]:
            rows.pop()
        while not said[-1]:
            said.pop()
        assert rows == said[-len(rows):]
        return rows


def with_screen(**options):
    return qemu.Machine(qemu=["-vga", "std"], **options)


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_pixels(make_iso, tmp_path, firmware):
    """Through GRUB: a framebuffer."""
    shown = Shown(with_screen(iso=make_iso("shell"), firmware=firmware), "",
                  PROMPT, tmp_path)
    rows = shown.check()
    assert rows[0] == HEADLINE and rows[-1] == PROMPT.strip()
    assert qemu.BANNER in rows[1]


def test_a_full_screen_goes_up(make_iso, tmp_path):
    """More lines than there are rows."""
    shown = Shown(with_screen(smp=2, iso=make_iso("demo")), "", qemu.ENDING,
                  tmp_path)
    rows = shown.check()
    assert len(rows) >= shown.picture.height // screen.HEIGHT // 2
    assert qemu.ENDING in rows[-1]


def test_vga_text(tmp_path):
    """Without a boot loader, the screen is in VGA's text mode."""
    shown = Shown(with_screen(kernel=qemu.SHIPPED), "mode=shell", PROMPT,
                  tmp_path)
    assert shown.check()[-1] == PROMPT.strip()


@pytest.mark.parametrize("crash", ["divide", "stack", "printing"])
def test_a_panic(tmp_path, crash):
    """Its text ends on the screen, whatever was interrupted."""
    shown = Shown(with_screen(smp=2), f"mode=crash crash={crash}", PANIC,
                  tmp_path)
    assert PANIC in shown.rows()[-1] or PANIC in "".join(shown.rows())


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_vga_off(make_iso, tmp_path, firmware):
    """The picture has none of our text: the headline would be in row 0."""
    iso = make_iso("shell", append="vga=off")
    shown = Shown(with_screen(iso=iso, firmware=firmware), "", PROMPT,
                  tmp_path)
    text = "\n".join(shown.rows())
    assert "command line" not in text and HEADLINE not in text


@pytest.mark.parametrize("device", ["none", "cirrus", "virtio"])
def test_other_screens_or_none_change_nothing(tmp_path, device):
    """With no screen, and with others, the line says the same."""
    boot = qemu.Machine(kernel=qemu.SHIPPED, qemu=["-vga", device])
    boot.boot("mode=demo").ok()


def test_the_line_says_the_same_with_and_without():
    """None of the text on the serial line depends on the screen."""
    def words(vga):
        guest = qemu.Machine(icount=0, kernel=qemu.SHIPPED,
                             qemu=["-vga", vga])
        return re.sub(r" *\d+", " 0", guest.boot("mode=nosuch").log)
    assert words("none").count("\n") > 15
    assert words("none") == words("std")
