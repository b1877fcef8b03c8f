# SPDX-License-Identifier: MIT
"""Trees of sources: which files, copies of them, fresh repositories.

A tree in memory is {path: bytes}. sync() makes a folder equal to one and leaves
alone what is equal already, so that make compiles only what has changed.
"""
import io
import os
import pathlib
import shutil
import subprocess
import tarfile

from tools.labs.cut import LabError

# What git needs to know of a commit: the same each time, of nobody.
AUTHOR = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
          for what, value in (("NAME", "nop5"), ("EMAIL", "labs@nop5"),
                              ("DATE", "2026-01-01T00:00:00Z"))}


def git(root, *words, **options):
    config = ["-c", "core.excludesFile=", "-c", "safe.directory=*"]
    env = {name: value for name, value in os.environ.items()
           if not name.startswith("GIT_")}
    done = subprocess.run(["git", "-C", str(root), *config, *words],
                          env=env | AUTHOR, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=120, **options)
    if done.returncode:
        raise LabError(f"git {words[0]}: {done.stderr.decode().strip()}")
    return done.stdout


def walk(root):
    """The files of a tree that is no repository."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders
                      if name not in (".git", "__pycache__")
                      and not (pathlib.Path(folder, name) /
                               "deps-run.mk").exists()]
        for name in names:
            yield pathlib.Path(folder, name).relative_to(root).as_posix()


def listed(root):
    """Paths of the sources: what git has, and what it would not ignore."""
    if not (root / ".git").exists():
        return sorted(walk(root))
    out = git(root, "ls-files", "-z", "--cached", "--others",
              "--exclude-standard").decode()
    return sorted(path for path in set(out.split("\0")) - {""}
                  if (root / path).is_file())


def read(root):
    return {path: (root / path).read_bytes() for path in listed(root)}


def first_commit(root):
    """The tree as it was handed out."""
    root_commit = git(root, "rev-list", "--max-parents=0",
                      "HEAD").decode().split()[-1]
    packed = git(root, "archive", "--format=tar", root_commit)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return {member.name: archive.extractfile(member).read()
                for member in archive if member.isfile()}


def same(path, data):
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


def sync(folder, files, like=None):
    """Makes folder equal to files. A file that is equal to that of the tree
    like gets its time, too: objects that were copied from there stay valid."""
    for path in walk(folder):
        if path not in files and not path.startswith("build/"):
            (folder / path).unlink()
    for path, data in files.items():
        to = folder / path
        if same(to, data):
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        fresh = not to.exists()
        to.write_bytes(data)
        if like and fresh and same(like / path, data):
            shutil.copystat(like / path, to)


def seed_objects(folder, build):
    """Begins with the objects of another build."""
    if (folder / "build").exists() or not build.exists():
        return
    skip = shutil.ignore_patterns("host", "test", "*.iso", "grade*", "labs*",
                                  "release*", "fuse", "bench")
    shutil.copytree(build, folder / "build", ignore=skip)


def commit(folder, message):
    """A repository with one commit of all files, and no history."""
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A", "-f", ".")
    git(folder, "commit", "-q", "--no-verify", "-m", message)


def empty_folder(name):
    """A folder that is new, or empty. Raises LabError."""
    if not name:
        raise LabError("DIR= is missing: where to?")
    folder = pathlib.Path(name).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LabError(f"DIR={name}: is there already and is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
