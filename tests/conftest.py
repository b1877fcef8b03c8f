# SPDX-License-Identifier: MIT
"""What every pytest file shares: the machine, the images, and a lock."""
import contextlib
import fcntl
import shutil
import subprocess

import pytest

from tests import qemu
from tests.python import COMMAND as PYTHON


def pytest_configure(config):
    """How a file is shared among the lists of tests/parts.py."""
    for mark in ("slow: not in `make test`, but in `make test-all`",
                 "torture: in `make torture` only"):
        config.addinivalue_line("markers", mark)


@pytest.fixture(scope="session")
def shipped():
    """The image that people boot."""
    return existing(qemu.SHIPPED)


@pytest.fixture(scope="session")
def elf():
    """The image with the tests in it."""
    return existing(qemu.TESTS)


def existing(path):
    assert path.exists(), f"{path} is missing: run `make` first"
    return path


@pytest.fixture(scope="session")
def symbols(elf):
    """Addresses in the test image, in hex, by name."""
    return symbols_of(elf)


@pytest.fixture(scope="session")
def shipped_symbols(shipped):
    """The same for what people boot."""
    return symbols_of(shipped)


def symbols_of(path):
    out = subprocess.run(["nm", str(path)], check=True, capture_output=True,
                         text=True).stdout
    return {line.split()[-1]: line.split()[0] for line in out.splitlines()}


@pytest.fixture
def machine(elf):
    """machine(smp=2, ...) makes a Machine that boots the test image by PVH."""
    return lambda **options: qemu.Machine(**options)


@pytest.fixture(scope="session")
def make_iso(shipped, elf, tmp_path_factory):
    """make_iso(entry, append="") gives an image that boots this menu entry.
    kernel: instead of the image with the tests."""
    def make(entry, append="", kernel=None):
        path = tmp_path_factory.mktemp("iso") / f"{entry}.iso"
        subprocess.run([*PYTHON, "tools/mkiso.py", "--default", entry,
                        "--timeout", "0", "--append", append, str(path),
                        str(shipped), str(kernel or elf)],
                       cwd=qemu.ROOT, check=True, timeout=60)
        return path
    return make


@contextlib.contextmanager
def exclusive(name):
    """One at a time among all tests of this machine that use the name."""
    qemu.BUILD.mkdir(parents=True, exist_ok=True)
    with open(qemu.BUILD / f"{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def toolbox(tmp_path, programs):
    """A directory for PATH that holds these programs and no others."""
    for program in programs:
        (tmp_path / program).symlink_to(shutil.which(program))
    return {"PATH": str(tmp_path)}
