#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a bootable GRUB image, for BIOS and UEFI, out of the kernel."""
import argparse
import os
import shlex
import subprocess
import sys
import tempfile

PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
            "0123456789_-+=.,:/%@")


def grub_words(text):
    """The same words for GRUB's script language: nothing in them special."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        sys.exit(f"mkiso.py: APPEND='{text}': {error}")
    return " ".join("".join(c if c in PLAIN else "\\" + c for c in word)
                    for word in words)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objcopy", default="objcopy")
    parser.add_argument("--default", default="demo", help="menu entry")
    parser.add_argument("--timeout", default="0", help="of the menu, in s")
    parser.add_argument("--append", default="",
                        help="words for the end of the command line")
    parser.add_argument("elf")
    parser.add_argument("iso")
    args = parser.parse_args()
    with open("boot/grub.cfg", encoding="utf-8") as f:
        config = f.read()
    for word, value in (("@DEFAULT@", args.default),
                        ("@TIMEOUT@", args.timeout),
                        ("@APPEND@", grub_words(args.append))):
        config = config.replace(word, value)
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(f"{root}/boot/grub")
        with open(f"{root}/boot/grub/grub.cfg", "w", encoding="utf-8") as f:
            f.write(config)
        # Without debug information, which GRUB would load into memory.
        subprocess.run([args.objcopy, "--strip-all", args.elf,
                        f"{root}/boot/nop5.elf"], check=True)
        done = subprocess.run(["grub-mkrescue", "--fonts=", "--locales=",
                               "--themes=", "-o", args.iso, root],
                              stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        sys.exit(done.stdout)


if __name__ == "__main__":
    main()
