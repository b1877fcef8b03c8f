# SPDX-License-Identifier: MIT
"""The two plots in README, drawn by gnuplot: ours and Linux's."""

import os
import shutil
import subprocess
import sys

STYLE = """
set terminal svg size 720,400 dynamic font "sans-serif,13" background "white"
set output "{output}"
set border 3
set tics nomirror out
set grid ytics lc rgb "#dddddd"
set key left top Left reverse samplen 2
set style line 1 lc rgb "#0060ad" lw 2 pt 7 ps 0.7
set style line 2 lc rgb "#c04000" lw 2 pt 5 ps 0.6
"""

CALLS = """
set title "Instructions a traced call costs, by number of consumers"
set xlabel "consumers on the function (empty callbacks)"
set ylabel "instructions above the untraced call"
set xtics (0, 1, 2, 4, 8, 16)
set xrange [0:16.5]
set yrange [0:*]
"""

PATCH = """
set title "Instructions to attach one consumer, by number of functions"
set xlabel "functions"
set ylabel "instructions, whole request"
set logscale xy
set format x "10^{{%T}}"
set format y "10^{{%T}}"
set xrange [0.9:200000]
"""


def consumers(values):
    """(consumers, instructions above the NOP site)"""
    base = values.get("call.nop_site", 0)
    return [(count, values[row] - base)
            for count, row in [(0, "call.nop_site")] + [
                (n, f"call.ops{n}") for n in (1, 2, 4, 8, 16)]
            if row in values]


def batches(values):
    """(functions, instructions of the whole request)"""
    return [(n, values[f"patch.per_site.{n}"] * n)
            for n in (1, 10, 100, 1000, 10000, 100000)
            if f"patch.per_site.{n}" in values]


def gnuplot(path, settings, ours, linux):
    if not ours or not linux:
        return
    script = STYLE.format(output=path) + settings.replace("{{", "{").replace(
        "}}", "}")
    for name, points in (("$linux", linux), ("$ours", ours)):
        script += f"{name} << EOD\n" + "".join(
            f"{x} {y}\n" for x, y in points) + "EOD\n"
    script += ('plot $linux with linespoints ls 2 title "Linux 6.1", '
               '$ours with linespoints ls 1 title "nop5"\n')
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def check():
    """Asked before anything is measured, so that nothing is half done."""
    if not shutil.which("gnuplot"):
        sys.exit("bench: gnuplot, which draws the plots, is missing "
                 "(make deps-test installs it)")


def draw(ours, linux, directory):
    os.makedirs(directory, exist_ok=True)
    gnuplot(os.path.join(directory, "calls.svg"), CALLS, consumers(ours),
            consumers(linux))
    gnuplot(os.path.join(directory, "patch.svg"), PATCH, batches(ours),
            batches(linux))
