#!/usr/bin/env python3
"""Sentences of docs/SEMANTICS.md that tests quote must stand there, word for word.

A test quotes with a comment: // SEMANTICS: "One rotation step per handle"; the comment may run over several
lines. White space counts as one blank. quotes.py [ROOT]
"""

import pathlib
import re
import sys

from lines import ROOT, report

QUOTE = re.compile(r'//\s*SEMANTICS:\s*"((?:[^"]|\n)*?)"')


def plain(text):
    return " ".join(text.split())


def problems_of(root):
    semantics = plain((root / "docs/SEMANTICS.md").read_text(encoding="utf-8"))
    for path in sorted((root / "tests").rglob("*.cc")):
        text = re.sub(r"\n\s*//(?!\s*SEMANTICS)", " ", path.read_text(encoding="utf-8"))
        for match in QUOTE.finditer(text):
            sentence = plain(match.group(1))
            if sentence not in semantics:
                yield f"{path.relative_to(root)}: not in docs/SEMANTICS.md: \"{sentence}\""


if __name__ == "__main__":
    report(list(problems_of(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)), "quotations")
