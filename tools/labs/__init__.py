# SPDX-License-Identifier: MIT
"""Hands out and grades the labs: see DESIGN.md."""
