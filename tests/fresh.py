#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make test-fresh TARGETS='run test'`: what a newcomer types, in a fresh root.

fresh.py TARGET... [VARIABLE=value...]

A minimal Debian with git, make and ca-certificates is made once by debootstrap
and kept in $FRESH (/var/cache/nop5), where `make clean` does not come. It is
never used itself: each run works in a copy, which is removed at the end. The
commit of HEAD is cloned into the copy and each target made there. One line a
target is the verdict; the logs are in build/fresh/.

The copy has the host's configuration of apt and npm, keyrings, certificates and
proxy variables. It is
mounted on itself, with /proc, /sys, /dev and /dev/pts, in a mount namespace and
a PID namespace of its own: they end with the first process in them, whatever
ends it, so no mount is left and no process; and what removes a copy never comes
by a mount of the host's /dev.
"""
import contextlib
import fcntl
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = pathlib.Path(os.environ.get("FRESH", "/var/cache/nop5"))
LOGS = pathlib.Path(os.environ.get("BUILD", "build")) / "fresh"
PACKAGES = "git,make,ca-certificates"
# Of the host: for apt and npm, for names of hosts, and the certificates of the
# authorities that it trusts, of which the archive or its mirror may need one.
TAKEN = ["/etc/apt", "/usr/share/keyrings", "/etc/resolv.conf", "/etc/hosts",
         "/etc/npmrc", "/etc/ssl/certs"]
PROXY = re.compile(r"(http|https|ftp|all|no)_proxy", re.IGNORECASE)

# $1 is the copy; what follows is carried out in it, below a shell that also
# collects processes whose parents are gone.
INSIDE = r"""
set -e
copy=$1; shift
mount --bind "$copy" "$copy"
mount -t proc proc "$copy/proc"
mount --rbind /sys "$copy/sys"
mount -t tmpfs -o mode=755 tmpfs "$copy/dev"
for node in null zero full random urandom tty fuse; do
	[ -e "/dev/$node" ] || continue
	: >"$copy/dev/$node"
	mount --bind "/dev/$node" "$copy/dev/$node"
done
mkdir "$copy/dev/pts" "$copy/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$copy/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$copy/dev/shm"
ln -s pts/ptmx "$copy/dev/ptmx"
ln -s /proc/self/fd "$copy/dev/fd"
for nr in 0:stdin 1:stdout 2:stderr; do
	ln -s "/proc/self/fd/${nr%:*}" "$copy/dev/${nr#*:}"
done
exec chroot "$copy" env -i "$@"
"""
NAMESPACES = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid",
              "--fork", "--kill-child", "--propagation", "private"]
HOME = ["HOME=/home", "TERM=dumb", "LANG=C.UTF-8",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]


def known_targets():
    """The names that the makefiles call phony, but for our own."""
    files = [ROOT / "Makefile", ROOT / "tools/deps.mk",
             *ROOT.glob("*/targets.mk"), *ROOT.glob("*/*/targets.mk")]
    text = "\n".join(path.read_text() for path in files).replace("\\\n", " ")
    values = dict(re.findall(r"^(\w+) *:?= *(.*)$", text, re.MULTILINE))
    phony = " ".join(re.findall(r"^\.PHONY:(.*)$", text, re.MULTILINE))
    for _ in range(3):  # $(NAME), and $(NAME:%=deps-%)
        phony = re.sub(r"\$\((\w+)(?::%=([a-z-]+)%)?\)", lambda m: " ".join(
            (m.group(2) or "") + word
            for word in values.get(m.group(1), "").split()), phony)
    return {word for word in phony.split()
            if re.fullmatch(r"[a-z-]+", word)} - {"test-fresh"}


def refuse(sentence):
    sys.exit(f"test-fresh: {sentence}")


def arguments(words):
    """(targets, variables for make), after all that can be refused."""
    variables = [word for word in words if "=" in word]
    targets = [word for word in words if "=" not in word]
    for target in targets:
        if target not in known_targets():
            refuse(f"'{target}' is no target of the Makefile; TARGETS are "
                   "words such as 'run test'")
    if not targets:
        refuse("TARGETS is empty; the README's are 'run test'")
    if os.geteuid():
        refuse("needs root, to mount a file system and to change into it")
    return targets, variables


def codename():
    text = pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))
    if release.get("ID") != "debian":
        refuse("needs Debian, for its archive and its debootstrap; this is "
               f"{release.get('PRETTY_NAME', 'something else')}")
    return release["VERSION_CODENAME"]


# ---- the root that is kept, and its copies -----------------------------------

def mirror(suite):
    """The archive that the host's apt takes this suite from."""
    text = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(SUITE)"],
        stdout=subprocess.PIPE, text=True, check=False).stdout
    found = re.findall(rf"^(\S+) {suite}$", text, re.MULTILINE)
    return found[0] if found else "http://deb.debian.org/debian"


def base(suite):
    """Makes it if it is not there; another run that makes it is waited for."""
    path = KEPT / suite
    with open(KEPT / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            print(f"test-fresh: debootstrap makes {path}, once", flush=True)
            part = KEPT / f"{suite}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(mode=0o755)
            done = subprocess.run(
                [*NAMESPACES, "debootstrap", "--variant=minbase",
                 f"--include={PACKAGES}", suite, str(part), mirror(suite)],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                stdin=subprocess.DEVNULL, check=False)
            if done.returncode:
                refuse("debootstrap failed; its last lines:\n"
                       + "\n".join(done.stdout.splitlines()[-5:]))
            part.rename(path)
    return path


def remove_left():
    """Copies of runs that could not remove them: nobody holds their lock."""
    for path in KEPT.glob("copy-*"):
        with contextlib.suppress(OSError), open(path / "lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            subprocess.run(["rm", "-rf", str(path)], check=True)


@contextlib.contextmanager
def copy_of(path):
    top = pathlib.Path(tempfile.mkdtemp(prefix="copy-", dir=KEPT))
    with open(top / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            root = top / "root"
            subprocess.run(["cp", "-a", "--reflink=auto", str(path),
                            str(root)], check=True)
            for name in TAKEN:
                take(pathlib.Path(name), root)
            yield root
        finally:
            print(f"test-fresh: removing {top}", flush=True)
            subprocess.run(["rm", "-rf", str(top)], check=True)


def take(path, root):
    if not path.exists():
        return
    target = root / path.relative_to("/")
    if path.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(path, target, ignore_dangling_symlinks=True)
    else:
        target.unlink(missing_ok=True)
        shutil.copy(path, target)


# ---- what is done in it ------------------------------------------------------

def inside(root, command, log):
    """Status of a command in the copy. Its output goes to ours and to a log;
    it ends when no process in the namespace holds it any more."""
    proxies = [f"{name}={value}" for name, value in os.environ.items()
               if PROXY.fullmatch(name)]
    with open(log, "ab", buffering=0) as file, subprocess.Popen(
            [*NAMESPACES, "sh", "-c", INSIDE, "inside", str(root), *HOME,
             *proxies, "sh", "-c", f"cd /home && {command}; exit $?"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True) as process:
        try:
            while chunk := os.read(process.stdout.fileno(), 65536):
                file.write(chunk)
                sys.stdout.buffer.write(chunk)
                sys.stdout.flush()
            return process.wait()
        except BaseException:
            process.kill()  # and with it all that runs in there
            while os.read(process.stdout.fileno(), 65536):
                pass
            raise


def clone(root):
    """HEAD, into /home/nop5. A bundle serves work trees, too."""
    git = ["git", "-c", "safe.directory=*", "-C", str(ROOT)]
    changed = subprocess.run([*git, "status", "--porcelain"], text=True,
                             stdout=subprocess.PIPE, check=True).stdout
    if changed:
        print("test-fresh: what is not committed is not part of it")
    commit = subprocess.run([*git, "rev-parse", "HEAD"], text=True,
                            stdout=subprocess.PIPE, check=True).stdout.strip()
    subprocess.run([*git, "bundle", "create", "--quiet",
                    str(root / "home/nop5.bundle"), "HEAD"], check=True)
    print(f"test-fresh: commit {commit} in {root}", flush=True)
    if inside(root, "git -c advice.detachedHead=false clone -q "
              "nop5.bundle nop5", LOGS / "clone.log"):
        refuse(f"cannot clone commit {commit} in the copy")


def verdict(target, status, seconds):
    """One line; of a target with a summary, the summary is in it."""
    text = (LOGS / f"{target}.log").read_text(errors="replace")
    found = re.findall(r"^\d+ passed, \d+ failed$", text, re.MULTILINE)
    said = f", {found[-1]}" if found else ""
    word = "ok" if status == 0 else f"FAILED (status {status})"
    return f"test-fresh: make {target}: {word}{said}, {seconds:.0f} s"


def run(targets, variables):
    lines, failed = [], 0
    with copy_of(base(codename())) as root:
        clone(root)
        for target in targets:
            (LOGS / f"{target}.log").unlink(missing_ok=True)
            began = time.monotonic()
            status = inside(root, "cd nop5 && " + shlex.join(
                ["make", target, *variables]), LOGS / f"{target}.log")
            failed += status != 0
            lines.append(verdict(target, status, time.monotonic() - began))
    print("\n".join(lines))
    return int(failed != 0)


def main():
    targets, variables = arguments(sys.argv[1:])
    os.chdir(ROOT)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit("test-fresh: ended"))
    LOGS.mkdir(parents=True, exist_ok=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["sh", "tools/deps.sh", "install", "tools",
                           str(LOGS.parent / "deps-tools.mk")], check=False)
    if done.returncode:
        return done.returncode
    remove_left()
    try:
        return run(targets, variables)
    except KeyboardInterrupt:
        sys.exit("test-fresh: ended by ^C; no mount is left")


if __name__ == "__main__":
    sys.exit(main())
