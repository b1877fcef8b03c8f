# SPDX-License-Identifier: MIT
"""Writes all pictures."""
from book import pictures

for name, text in pictures.every().items():
    (pictures.FOLDER / name).write_text(text, encoding="utf-8")
