#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a bootable GRUB image of the kernel, for BIOS and UEFI.

The menu (boot/grub.cfg) boots nop5.elf, nop5-test.elf for the modes that
consist of tests, and nop5-debug.elf for those that patch in wrong ways. It
shows only the entries of the images that are given.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile

NAMES = ("nop5.elf", "nop5-test.elf", "nop5-debug.elf")
REFUSED = 39  # the status of tools/run.py for a refused command line
PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
            "0123456789_-+=.,:/%@")


def grub_words(text):
    """The same words, quoted for GRUB's script language."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        sys.exit(f"mkiso.py: APPEND='{text}': {error}")
    return " ".join("".join(c if c in PLAIN else "\\" + c for c in word)
                    for word in words)


def entries(config):
    """The name of each menu entry and the file that it boots."""
    return dict(re.findall(r"--id (\w+) \{ start (\S+)", config))


def check_entry(config, name, files):
    """Exits unless the menu has the entry: GRUB would boot the first one."""
    known = [entry for entry, file in entries(config).items() if file in files]
    if name not in known:
        print(f"mkiso.py: MODE={name}: the menu has no such entry, but "
              + ", ".join(known), file=sys.stderr)
        sys.exit(REFUSED)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objcopy", default="objcopy")
    parser.add_argument("--default", default="demo", help="menu entry")
    parser.add_argument("--timeout", default="0", help="of the menu, in s")
    parser.add_argument("--append", default="",
                        help="words for the end of the command line")
    parser.add_argument("iso")
    parser.add_argument("elf", nargs="+", metavar="ELF",
                        help="the images, in the order of NAMES")
    args = parser.parse_args()
    if len(args.elf) > len(NAMES):
        parser.error(f"at most {len(NAMES)} images: {', '.join(NAMES)}")
    elfs = dict(zip(NAMES, args.elf))
    with open("boot/grub.cfg", encoding="utf-8") as f:
        config = f.read()
    check_entry(config, args.default, elfs)
    for word, value in (("@DEFAULT@", args.default),
                        ("@TIMEOUT@", args.timeout),
                        ("@APPEND@", grub_words(args.append))):
        config = config.replace(word, value)
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(f"{root}/boot/grub")
        with open(f"{root}/boot/grub/grub.cfg", "w", encoding="utf-8") as f:
            f.write(config)
        # Strip the debug information, which GRUB would load into memory.
        for name, path in elfs.items():
            subprocess.run([args.objcopy, "--strip-all", path,
                            f"{root}/boot/{name}"], check=True)
        done = subprocess.run(["grub-mkrescue", "--fonts=", "--locales=",
                               "--themes=", "-o", args.iso, root],
                              stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        sys.exit(done.stdout)


if __name__ == "__main__":
    main()
