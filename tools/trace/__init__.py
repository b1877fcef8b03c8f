# SPDX-License-Identifier: MIT
"""Reads traces and draws them; see DESIGN.md beside this file.

    from tools.trace import open_trace
    for event in open_trace("trace.dat").events():
        print(event.time, event.cpu, event.function)
"""
from .errors import TraceError
from .model import LOST_UNKNOWN, NO_PID, CpuStats, Event, Kind, Trace
from .opening import open_trace

__all__ = ["LOST_UNKNOWN", "NO_PID", "CpuStats", "Event", "Kind", "Trace",
           "TraceError", "open_trace"]
