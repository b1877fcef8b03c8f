# SPDX-License-Identifier: MIT
# parts: torture 200
"""`make release`: what is in it works, and two builds of it in two places are
equal byte for byte."""
import hashlib
import os
import re
import shutil
import subprocess

import pytest

from tests import qemu
from tests.lab.table import METHODS
from tools import release as tool
from tools.labs import tree
from tools.labs.build import environment

ROOT = qemu.ROOT


def made(folder):
    """The release of a copy of the sources there."""
    tree.sync(folder, tree.read(ROOT))
    jobs = f"-j{len(os.sched_getaffinity(0))}"
    done = subprocess.run(["make", "-s", jobs, "release"], cwd=folder,
                          env=environment(), text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=1800)
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.endswith("build/release\n")
    return folder / "build/release"


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


def test_a_program_that_does_not_end_is_one_sentence(monkeypatch):
    monkeypatch.setattr(tool, "LONGEST", 0.1)
    with pytest.raises(SystemExit, match="^release: .*'60'.* timed out after"):
        tool.run("sleep", "60")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("release")


@pytest.fixture(scope="module")
def release(place):
    (place / "a").mkdir()
    return made(place / "a")


def test_it_has_what_it_says(release):
    found = set(files(release))
    wanted = {"nop5.iso", "nop5.elf", "nop5-test.elf", "trace.dat",
              "SHA256SUMS"} | {f"theatre/{name}.html" for name in METHODS}
    assert wanted <= found
    rest = found - wanted
    assert all(name.startswith("book/") for name in rest)
    assert bool(rest) == (ROOT / "book/targets.mk").exists()


def test_the_checksums_are_right(release):
    rows = (release / "SHA256SUMS").read_text("utf-8").splitlines()
    found = files(release)
    assert {row[66:] for row in rows} == set(found) - {"SHA256SUMS"}
    for row in rows:
        assert row[:64] == hashlib.sha256(found[row[66:]]).hexdigest()
        assert row[64:66] == "  "
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=release,
                   check=True)


def test_the_iso_boots(release):
    machine = qemu.Machine(smp=2, iso=release / "nop5.iso")
    log = machine.boot(timeout=240).ok().log
    assert "RESULT act=patch" in log


def test_the_images_boot(release):
    for name, words in (("nop5.elf", "mode=demo"),
                        ("nop5-test.elf", "mode=tests tests=lib.*")):
        machine = qemu.Machine(smp=2, kernel=release / name)
        machine.boot(words, timeout=240).ok(tests="tests" in words)


def test_the_sample_is_a_trace(release):
    done = subprocess.run(["trace-cmd", "report", "-i",
                           str(release / "trace.dat")], text=True,
                          capture_output=True, check=True)
    assert len(re.findall(r"funcgraph_(?:entry|exit): ", done.stdout)) > 100


def test_a_page_shows_its_method(release):
    for method in METHODS:
        text = (release / f"theatre/{method}.html").read_text("utf-8")
        assert f'"title":"{method}' in text, method


def test_two_builds_in_two_places_are_equal(release, place):
    other = place / "far" / "away"
    other.mkdir(parents=True)
    one, two = files(release), files(made(other))
    assert sorted(one) == sorted(two)
    assert [name for name in one if one[name] != two[name]] == []
    shutil.rmtree(other)
