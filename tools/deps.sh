#!/bin/sh
# SPDX-License-Identifier: MIT
# deps.sh install|name LISTS STAMP: checks that the programs of the lists exist
# (LISTS is run+test, say). It installs missing packages on Debian and its
# relatives, or names them. It writes STAMP, a piece of makefile with the prefix
# of the compiler.
# deps.sh list LISTS -: prints the packages of the lists.
#
# The lists are complete: tests/test_deps.py searches for a package in no list.
set -eu
how=$1 lists=$2 stamp=$3

# A row of tools/deps.d/*: a list, a program or file, and Debian's packages.
asks_for_run() {
	case "+$lists+" in *+run+*) ;; *) false ;; esac
}

prefix() {
	for p in x86_64-elf- x86_64-linux-gnu- ''; do
		command -v "${p}gcc" >/dev/null && command -v "${p}ld" \
			>/dev/null || continue
		case $("${p}gcc" -dumpmachine) in
		x86_64*) echo "$p"; return ;;
		esac
	done
	return 1
}

# Prints packages of the lists: all of them for `list`, otherwise the missing
# ones.
missing() {
	cat tools/deps.d/* | while read -r list file packages; do
		case "+$lists+" in *"+$list+"*) ;; *) continue ;; esac
		case $file in
		/*) [ "$how" != list ] && [ -e "$file" ] ;;
		*) [ "$how" != list ] && command -v "$file" >/dev/null ;;
		esac || echo "$packages"
	done
	asks_for_run || return 0
	if [ "$how" = list ] || ! prefix >/dev/null; then
		case $(uname -m) in
		x86_64) echo gcc ;;
		*) echo gcc-x86-64-linux-gnu ;;
		esac
	fi
}

install() {
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	echo "nop5: installing with apt-get:" $1
	# The output of apt-get is printed only if it fails.
	log=$($sudo apt-get -qq update 2>&1 &&
		$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install \
			-y --no-install-recommends $1 2>&1) ||
		{ printf '%s\n' "$log" >&2; exit 1; }
}

if [ "$how" = list ]; then
	missing
	exit
fi
packages=$(missing | sort -u | tr '\n' ' ')
if [ -n "$packages" ]; then
	if ! command -v apt-get >/dev/null; then
		echo "nop5: programs are missing; Debian's packages for them:" \
			"$packages" >&2
		exit 1
	elif [ "$how" = name ]; then
		echo 'nop5: programs are missing; "make deps" installs' \
			"Debian's packages for them: $packages" >&2
		exit 1
	fi
	install "$packages"
	packages=$(missing | tr '\n' ' ')
	if [ -n "$packages" ]; then
		echo "nop5: still missing after the installation: $packages" >&2
		exit 1
	fi
fi
if asks_for_run; then
	echo "CROSS_COMPILE ?= $(prefix)" >"$stamp"
else
	: >"$stamp"
fi
