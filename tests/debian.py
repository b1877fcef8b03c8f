# SPDX-License-Identifier: MIT
"""Debian's packages: which one a file is of, which of them come from Debian's
archive, and which are there once the lists of tools/deps.sh are installed."""
import functools
import os
import re
import subprocess
from dataclasses import dataclass

from tests import qemu

# What README.md asks a newcomer for, and what brings all else.
GIVEN = {"git", "make", "ca-certificates", "apt"}
LISTS = ("run", "debug", "test", "test-all", "tools", "tracefs", "kernelshark",
         "ftracetest", "speedscope", "book")
FORMAT = ("${Package}\t${Essential}\t${source:Package}\t${Pre-Depends}, "
          "${Depends}\n")


def output(*command):
    """With an empty output where there is an error, of each package or file
    that is not known, say."""
    return subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, check=False,
                          stdin=subprocess.DEVNULL, timeout=60).stdout


@functools.cache
def listed(name):
    """The packages of a list."""
    done = subprocess.run(["sh", "tools/deps.sh", "list", name, "-"],
                          cwd=qemu.ROOT, stdout=subprocess.PIPE, text=True,
                          check=True, timeout=60)
    return set(done.stdout.split())


@functools.cache
def programs_of(name):
    """The programs and files that the rows of a list name."""
    rows = [line.split() for path in qemu.ROOT.glob("tools/deps.d/*")
            for line in path.read_text(encoding="utf-8").splitlines()]
    return {row[1] for row in rows if row and row[0] == name}


# ---- files -------------------------------------------------------------------

def aliases(path):
    """The names a package may know a file by: /bin and /usr/bin are the same
    directory today, and a package says what its maintainer wrote."""
    for name in (os.path.normpath(path), os.path.realpath(path)):
        bare = name.removeprefix("/usr")
        yield from (bare, "/usr" + bare)


known, asked = {}, set()  # dpkg takes seconds to answer


def owners(paths):
    """{path: package} of those that belong to one."""
    names = {path: list(aliases(path)) for path in paths}
    every = {name for found in names.values() for name in found} - asked
    asked.update(every)
    for line in output("dpkg-query", "-S", *sorted(every)).splitlines():
        package, _, name = line.partition(": ")
        if not package.startswith("diversion by"):
            known[name] = package.split(",")[0].split(":")[0]
    return {path: known[name] for path, found in names.items()
            for name in reversed(found) if name in known}


# ---- packages ----------------------------------------------------------------

@dataclass
class Package:
    """What dpkg says of an installed package."""
    essential: bool
    source: str
    depends: set  # the first of each list of alternatives


@functools.cache
def installed():
    found = {}
    for line in output("dpkg-query", "-W", "-f", FORMAT).splitlines():
        name, essential, source, depends = line.split("\t")
        first = re.findall(r"(?:^|,)\s*([\w.+-]+)", depends)
        found[name] = Package(essential == "yes", source, set(first))
    return found


def provided(names):
    """Installed packages that are there once these are. A package is

    - named itself,
    - essential in Debian, so that the smallest root has it,
    - what a named package depends on, in one step: its maintainer promises
      it, while longer ways change from release to release,
    - or what one of these depends on and is built from the same source:
      python3 needs python3.11, and its modules lie in libpython3.11-stdlib.
    """
    every = installed()
    sure = set(names) | {name for name, package in every.items()
                         if package.essential}
    for name in set(names) & every.keys():
        sure |= every[name].depends
    more = sure
    while more:
        more = {other for name in more & every.keys()
                for other in every[name].depends & every.keys()
                if every[other].source == every[name].source} - sure
        sure |= more
    return sure


# ---- the archive -------------------------------------------------------------

ORIGIN = re.compile(r"^ +-?\d+ (\S+ \S+ \S+ Packages)$", re.MULTILINE)
# A row of a package's table of versions, the newest first.
ROW = re.compile(r"^(?: {5}| \*\*\* )(?=\S)", re.MULTILINE)


def archives(policy):
    """The sources that are Debian's, of what `apt-cache policy` prints."""
    return set(re.findall(r"^ *-?\d+ (\S+ \S+ \S+ Packages)\n"
                          r" *release .*\bo=Debian\b", policy, re.MULTILINE))


def foreign(policy, debian):
    """Packages of `apt-cache policy NAME...` whose installed version is not of
    Debian's archive. One that no archive has (any more) counts as Debian's if
    Debian has a newer one: it was replaced by that since it was installed."""
    for part in filter(None, re.split(r"^(?=\S)", policy, flags=re.MULTILINE)):
        newer = False
        for mark in ROW.finditer(part):
            row = ROW.split(part[mark.end():], maxsplit=1)[0]
            origins = set(ORIGIN.findall(row))
            newer |= bool(origins & debian)
            if "*" in mark.group():
                break
        if not newer or origins and not origins & debian:
            yield part.partition(":")[0]
