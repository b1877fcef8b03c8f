#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make bench-linux: the rows of rows.d under Debian's kernel.

Gets the kernel image, its headers and busybox with apt (into the build
directory, nothing is installed), builds the measuring module and an
initramfs, boots them in the QEMU and with the options that `make bench` uses,
and prints TSV and the table ours | Linux | ratio.
"""

import argparse
import os
import re
import shutil
import stat
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import machine  # noqa: E402
import rows  # noqa: E402

CMDLINE = ("console=ttyS0 quiet loglevel=1 panic=-1 mitigations=off nokaslr "
           "rdinit=/init printk.devkmsg=on")
PACKAGE = "linux-image-cloud-amd64"
# Which boot a row is taken from; our own kernel needs more kinds of boots.
KIND = {"boot": "count", "count": "count", "lists": "count",
        "sites": "count", "wall": "wall", "smp": "smp"}


def run(*argv, **kwargs):
    kwargs.setdefault("check", True)
    return subprocess.run(argv, **kwargs)


def kernel_release():
    """The release that Debian's cloud kernel package stands for today."""
    if not shutil.which("apt-get"):
        sys.exit("bench-linux: needs apt, and Debian's kernel from it")
    for update in (False, True):
        if update:
            sudo = [] if os.geteuid() == 0 else ["sudo"]
            run(*sudo, "apt-get", "update", stdout=subprocess.DEVNULL)
        done = run("apt-cache", "depends", PACKAGE, stdout=subprocess.PIPE,
                   stderr=subprocess.DEVNULL, text=True, check=False)
        found = re.search(r"Depends: linux-image-(\S+)", done.stdout)
        if found:
            return found.group(1)
    sys.exit(f"bench-linux: apt knows no {PACKAGE}")


def fetch(build, release):
    """Downloads and unpacks; does nothing when it was done before."""
    root = os.path.join(build, "root-" + release)
    if os.path.isdir(root):
        return root
    common = release.replace("-cloud-amd64", "-common")
    kbuild = "linux-kbuild-" + ".".join(release.split(".")[:2])
    packages = ["linux-image-" + release, "linux-headers-" + release,
                "linux-headers-" + common, kbuild, "busybox-static"]
    debs = os.path.join(build, "deb")
    shutil.rmtree(debs, ignore_errors=True)
    os.makedirs(debs)
    print("bench-linux: apt-get download", *packages, file=sys.stderr)
    run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download",
        *packages, cwd=debs)
    for deb in sorted(os.listdir(debs)):
        run("dpkg-deb", "-x", os.path.join(debs, deb), root + ".part")
    os.rename(root + ".part", root)
    return root


def build_module(build, root, release):
    """The headers expect to lie in /usr/src: they get their own path."""
    src = os.path.join(root, "usr/src")
    headers = os.path.join(src, "linux-headers-" + release)
    common = os.path.join(src, "linux-headers-" + release.replace(
        "-cloud-amd64", "-common"))
    with open(os.path.join(headers, "Makefile"), "w") as makefile:
        makefile.write(f"include {common}/Makefile\n")
    module = os.path.join(build, "bench/linux/module")
    shutil.rmtree(os.path.join(build, "bench"), ignore_errors=True)
    shutil.copytree(os.path.join(HERE, "module"), module)
    shutil.copy(os.path.join(HERE, "../segment.h"),
                os.path.join(build, "bench"))
    with open(os.path.join(build, "module.log"), "w") as log:
        run("make", "-C", headers, "M=" + module, "modules",
            stdout=log, stderr=log, env=machine.outside_make())
    return os.path.join(module, "nop5bench.ko")


def cpio_entry(name, mode, data, inode, device=(0, 0)):
    header = "070701" + "".join(
        f"{field:08X}" for field in (inode, mode, 0, 0, 1, 0, len(data), 0,
                                     0, *device, len(name) + 1, 0))
    entry = header.encode() + name.encode() + b"\0"
    entry += b"\0" * (-len(entry) % 4) + data
    return entry + b"\0" * (-len(entry) % 4)


def build_initramfs(build, root, module):
    """Written byte by byte, so that two builds boot the same."""
    measure = os.path.join(build, "measure")
    run("gcc", "-O2", "-static", "-Wall", "-Wextra", "-Werror", "-o",
        measure, os.path.join(HERE, "measure.c"))
    run("strip", "--strip-debug", module)
    archive = b""
    inode = 1
    for name in ("bin", "dev", "proc", "sys"):
        archive += cpio_entry(name, stat.S_IFDIR | 0o755, b"", inode)
        inode += 1
    archive += cpio_entry("dev/console", stat.S_IFCHR | 0o600, b"", inode,
                          (5, 1))
    for name, path in (("bin/busybox", os.path.join(root, "bin/busybox")),
                       ("init", os.path.join(HERE, "init")),
                       ("measure", measure), ("nop5bench.ko", module)):
        inode += 1
        with open(path, "rb") as file:
            archive += cpio_entry(name, stat.S_IFREG | 0o755, file.read(),
                                  inode)
    archive += cpio_entry("TRAILER!!!", 0, b"", 0)
    initramfs = os.path.join(build, "initramfs.cpio")
    with open(initramfs, "wb") as file:
        file.write(archive)
    return initramfs


def boot(root, release, initramfs, mode, cpus, accel, timeout):
    """One boot; returns its rows. A FAIL line or no DONE is an error."""
    lines, _ = machine.run(
        ["-kernel", os.path.join(root, "boot/vmlinuz-" + release),
         "-initrd", initramfs, "-append", f"{CMDLINE} measure={mode}"],
        cpus, accel, timeout)
    failed = [line for line in lines if line.startswith("FAIL")]
    if failed or "DONE" not in lines:
        print("\n".join(failed or lines[-20:]), file=sys.stderr)
        sys.exit(f"bench-linux: the boot for '{mode}' did not end well")
    return {row: value for row, value in rows.parse(lines).items()
            if row in rows.BY_NAME and KIND[rows.BY_NAME[row].kind] == mode}


def add_equal_rows(values):
    """Linux has the list function only, so chains and list are one thing."""
    for count in (2, 4, 16):
        values[f"call.list{count}"] = values[f"call.ops{count}"]


def ours_beside(top):
    """Our rows of wall time, measured next to Linux's: both meet the same
    host. {} if the kernel has not been built."""
    elf = os.path.join(top, "nop5-test.elf")
    if not os.path.exists(elf):
        return {}
    lines, _ = machine.run(["-kernel", elf, "-append",
                            "mode=bench bench=wall"], 1, machine.TCG, 300)
    return rows.parse(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    top = os.environ.get("BUILD", "build")
    parser.add_argument("--build", default=os.path.join(top, "bench-linux"))
    parser.add_argument("--ours", default=os.path.join(top, "bench.tsv"),
                        help="figures of `make bench`; default: %(default)s")
    parser.add_argument("--record", action="store_true",
                        help="write the figures to " + rows.LINUX_FIGURES)
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    os.makedirs(build, exist_ok=True)

    release = kernel_release()
    root = fetch(build, release)
    module = build_module(build, root, release)
    initramfs = build_initramfs(build, root, module)

    values, beside = {}, {}
    for mode, cpus, accel in (("count", 1, machine.ICOUNT),
                              ("wall", 1, machine.TCG),
                              ("smp", 2, machine.TCG), ("smp", 4, machine.TCG),
                              ("smp", 8, machine.TCG)):
        print(f"bench-linux: {release}, {mode}, {cpus} CPU(s)",
              file=sys.stderr)
        values.update(boot(root, release, initramfs, mode, cpus, accel, 300))
        if mode == "wall":
            beside = ours_beside(os.path.abspath(top))
    add_equal_rows(values)

    tsv = os.path.join(build, "linux.tsv")
    rows.write_values(tsv, values, {"kernel": release, **machine.versions()})
    if args.record:
        shutil.copy(tsv, rows.LINUX_FIGURES)
    rows.print_values(values)
    ours = rows.read_values(args.ours) if os.path.exists(args.ours) else {}
    for row in rows.ROWS:
        if row.kind == "wall":
            ours.pop(row.name, None)
    rows.print_table({**ours, **beside}, values, same_run=True)
    missing = rows.missing(values, "linux")
    if missing:
        sys.exit("bench-linux: missing rows: " + " ".join(missing))


if __name__ == "__main__":
    main()
