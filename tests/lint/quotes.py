#!/usr/bin/env python3
"""Sentences of docs/SEMANTICS.md that tests quote must stand there, word for word.

A test quotes with a comment: // SEMANTICS: "One rotation step per handle"; the comment may run over several
lines. White space counts as one blank. Exit 1 when a quotation is not found.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUOTE = re.compile(r'//\s*SEMANTICS:\s*"((?:[^"]|\n)*?)"')


def plain(text):
    return " ".join(text.split())


def main():
    semantics = plain((ROOT / "docs/SEMANTICS.md").read_text(encoding="utf-8"))
    bad = quotes = 0
    for path in sorted((ROOT / "tests").rglob("*.cc")):
        text = re.sub(r"\n\s*//(?!\s*SEMANTICS)", " ", path.read_text(encoding="utf-8"))
        for match in QUOTE.finditer(text):
            quotes += 1
            if plain(match.group(1)) not in semantics:
                bad += 1
                print(f"{path.relative_to(ROOT)}: not in docs/SEMANTICS.md: \"{plain(match.group(1))}\"")
    print(f"{quotes} quotations, {bad} not found")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
