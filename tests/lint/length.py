#!/usr/bin/env python3
"""No file of code is longer than 400 lines: one that is holds more than one idea. length.py [ROOT]"""

import pathlib
import sys

from lines import ROOT, code_files, report

LIMIT = 400

if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    problems = []
    for path in code_files(root):
        count = len(path.read_text().splitlines())
        if count > LIMIT:
            problems.append(f"{path.relative_to(root)}: {count} lines, {LIMIT} is the limit: split it by idea")
    report(problems, "file length")
