# SPDX-License-Identifier: MIT
# parts: test 1
"""`make test-fresh` refuses what it cannot do, and leaves no mount behind.

The run itself takes root and a network, so it is no part of these tests. The
mounts are real, in a namespace of the test: of a small tree instead of Debian,
with a chroot that does as a test says.
"""
import fcntl
import os
import pathlib
import shlex
import subprocess

import pytest

from tests import fresh, qemu
from tests.python import COMMAND as PYTHON


@pytest.fixture
def touch_nothing(monkeypatch):
    def started(*_, **__):
        raise AssertionError("it started something")
    monkeypatch.setattr(fresh.subprocess, "run", started)
    monkeypatch.setattr(fresh.subprocess, "Popen", started)


@pytest.mark.parametrize("user, words, sentence", [
    (1000, ["run", "test"], "test-fresh: needs root"),
    (0, ["run", "nosuch"], "test-fresh: 'nosuch' is no target"),
    (1000, ["nosuch"], "test-fresh: 'nosuch' is no target"),
    (0, ["test-fresh"], "test-fresh: 'test-fresh' is no target"),
    (0, ["ONLY=x"], "test-fresh: TARGETS is empty"),
])
def test_what_is_refused(monkeypatch, touch_nothing, user, words, sentence):
    monkeypatch.setattr(fresh.os, "geteuid", lambda: user)
    monkeypatch.setattr(fresh.sys, "argv", ["fresh.py", *words])
    with pytest.raises(SystemExit) as refusal:
        fresh.main()
    assert str(refusal.value).startswith(sentence)


def test_what_is_taken(monkeypatch):
    monkeypatch.setattr(fresh.os, "geteuid", lambda: 0)
    assert fresh.arguments(["run", "ONLY=a b", "deps-test"]) == (
        ["run", "deps-test"], ["ONLY=a b"])


def test_a_folder_of_the_host_is_taken(tmp_path):
    """Links are followed, for what they lead to may be missing in the copy; one
    that leads nowhere is left out."""
    host, root = tmp_path / "host", tmp_path / "root"
    (host / "certs").mkdir(parents=True)
    (tmp_path / "own.crt").write_text("ours")
    (host / "certs/own.pem").symlink_to(tmp_path / "own.crt")
    (host / "certs/gone.pem").symlink_to(tmp_path / "gone.crt")
    copied = root / host.relative_to("/") / "certs"
    copied.mkdir(parents=True)
    (copied / "old.pem").touch()
    fresh.take(host / "certs", root)
    assert [path.name for path in copied.iterdir()] == ["own.pem"]
    assert not (copied / "own.pem").is_symlink()
    assert "/etc/ssl/certs" in fresh.TAKEN


def test_make_says_so():
    done = subprocess.run(["make", "test-fresh", "TARGETS=nosuch"],
                          cwd=qemu.ROOT, stderr=subprocess.PIPE, text=True,
                          check=False)
    assert done.returncode and "'nosuch' is no target" in done.stderr


@pytest.mark.parametrize("log, status, words", [
    ("", 0, "make run: ok, 3 s"),
    ("", 2, "make run: FAILED (status 2), 3 s"),
    ("7 passed, 0 failed\n", 0, "make run: ok, 7 passed, 0 failed, 3 s"),
    ("7 passed, 1 failed\nmake: *** [x] Error 1\n", 2,
     "make run: FAILED (status 2), 7 passed, 1 failed, 3 s"),
])
def test_verdicts(monkeypatch, tmp_path, log, status, words):
    monkeypatch.setattr(fresh, "LOGS", tmp_path)
    (tmp_path / "run.log").write_text(log)
    assert fresh.verdict("run", status, 3) == f"test-fresh: {words}"


def test_copies_left_behind_are_removed(monkeypatch, tmp_path):
    """But not that of a run under way."""
    monkeypatch.setattr(fresh, "KEPT", tmp_path)
    for name in ("copy-dead", "copy-used", "bookworm"):
        (tmp_path / name / "root").mkdir(parents=True)
        (tmp_path / name / "lock").touch()
    with open(tmp_path / "copy-used/lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh.remove_left()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "bookworm", "copy-used"]


# ---- the mounts --------------------------------------------------------------

# Root has namespaces of its own, others where the system lets them.
OUTER = ["unshare", "--mount", "--propagation", "private",
         *(["--user", "--map-root-user"] if os.geteuid() else [])]
INNER = """import os, pathlib, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
from tests import fresh
fresh.NAMESPACES = fresh.NAMESPACES if sys.argv[2] == "kept" else []
root, log = (pathlib.Path(path).absolute() for path in ("root", "log"))
pid = os.getpid()

def interrupt():
    while b"inside" not in log.read_bytes():
        time.sleep(0.02)
    os.kill(pid, signal.SIGINT)

def mounts():
    return pathlib.Path("/proc/self/mountinfo").read_text().count(str(root))

if sys.argv[3:] == ["interrupt"]:
    log.touch()
    threading.Thread(target=interrupt).start()
before = mounts()
try:
    print("status", fresh.inside(root, "true", log))
except KeyboardInterrupt:
    print("interrupted")
print("before", before, "left", mounts())
"""


def tree(tmp_path, **programs):
    """What INSIDE mounts on; programs that stand before the system's."""
    for name in ("proc", "sys", "dev"):
        (tmp_path / "root" / name).mkdir(parents=True)
    (tmp_path / "box").mkdir()
    for name, text in programs.items():
        path = tmp_path / "box" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)


def mount_in(tmp_path, *arguments):
    if subprocess.run([*OUTER, "true"], check=False,
                      stderr=subprocess.DEVNULL).returncode:
        pytest.skip("the system lets this user make no mount namespace")
    return subprocess.run(
        [*OUTER, *PYTHON, "-c", INNER, str(qemu.ROOT), *arguments],
        cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True,
        timeout=60, env={**os.environ,
                         "PATH": f"{tmp_path}/box:{os.environ['PATH']}"}).stdout


SHOW = "grep -c \"$1\" /proc/self/mountinfo"


def test_no_mount_is_left_after_a_failure(tmp_path):
    tree(tmp_path, chroot=f"{SHOW}; echo inside; exit 7")
    shown = mount_in(tmp_path, "kept")
    count = int(shown.split()[0])
    assert count > 10 and "inside" in shown  # they were there
    assert shown.endswith("status 7\nbefore 0 left 0\n"), shown


def test_no_mount_is_left_when_one_cannot_be_made(tmp_path):
    mount = subprocess.run(["sh", "-c", "command -v mount"], text=True,
                           stdout=subprocess.PIPE, check=True).stdout.strip()
    tree(tmp_path, chroot="echo inside",
         mount=f'case "$*" in *devpts*) echo refused; exit 32;; esac\n'
         f'exec {mount} "$@"')
    shown = mount_in(tmp_path, "kept")
    assert shown == "refused\nstatus 32\nbefore 0 left 0\n"


def test_no_mount_and_no_process_is_left_after_an_interrupt(tmp_path):
    """The shell in there ignores what a terminal sends, and starts more."""
    mark = tmp_path / "alive"
    name = shlex.quote(str(mark))
    tree(tmp_path, chroot="trap '' INT TERM HUP\n"
         f"(while :; do echo x >>{name}; sleep 0.05; done) &\n"
         f"until [ -s {name} ]; do sleep 0.01; done\necho inside\nsleep 1000")
    shown = mount_in(tmp_path, "kept", "interrupt")
    assert shown.endswith("interrupted\nbefore 0 left 0\n"), shown
    size = mark.stat().st_size
    subprocess.run(["sleep", "0.3"], check=True)
    assert mark.stat().st_size == size


def test_without_namespaces_mounts_would_be_left(tmp_path):
    """So the tests above can see one."""
    tree(tmp_path, chroot="exit 7")
    shown = mount_in(tmp_path, "none")
    assert int(shown.split()[-1]) > 0, shown
    assert not pathlib.Path("/proc/self/mountinfo").read_text().count(
        str(tmp_path))
