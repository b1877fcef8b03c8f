# SPDX-License-Identifier: MIT
"""Hands out and grades the labs and puzzles: see DESIGN.md."""
