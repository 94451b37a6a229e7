#!/usr/bin/env python3
"""GCC 12 destroys a brace-initialised temporary (closures included) twice when it shares a statement with
co_await. So: no `{` in such a statement, and no capturing lambda is a coroutine (its captures die before it).

coroutines.py [ROOT]. A statement ends at `;` or at the brace of its block; what it reports is to be named first:
    const ByteRange range(0, n);          // instead of: co_await reader.read(ByteRange{0, n}, ...)
"""

import pathlib
import re
import sys

from lines import ROOT, blank_literals, code_files, line_of, report

AWAIT = re.compile(r"\bco_await\b")
COROUTINE = re.compile(r"\bco_(?:await|return|yield)\b")
WORD_BEFORE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*$")
# A `{` after one of these words opens a block.
BLOCK_WORDS = {"else", "do", "try", "const", "noexcept", "override", "final", "mutable"}
CONTROL = re.compile(r"^\s*(?:\}?\s*else\s+)?(?:if|while|for|switch)\b")


def statement_start(text, at):
    """The offset after the last `;`, or block brace, before `at`; and the offset of a `{` or `}` in the same
    statement that is none of a block (or None)."""
    position = at - 1
    while position >= 0:
        char = text[position]
        if char == ";":
            return position + 1, None
        if char == "}":
            following = text[position + 1 : at].lstrip()[:1] or text[at]
            if following in ",).([?+-*/<>=&|":
                return position, position  # the end of a braced initialiser or of a lambda
            return position + 1, None
        if char == "{":
            return (position + 1, None) if opens_block(text, position) else (position, position)
        position -= 1
    return 0, None


def opens_block(text, brace):
    before = text[max(0, brace - 400) : brace].rstrip()
    if not before or before[-1] in ");:{}":
        return True
    word = WORD_BEFORE.search(before)
    if word and word.group(1) in BLOCK_WORDS:
        return True
    head = re.split(r"[;{}]", before)[-1]
    return "->" in head  # a trailing return type


def brace_in_statement(text, at):
    """The offset of a `{` that shares the statement of the co_await at `at`; None when there is none."""
    start, brace = statement_start(text, at)
    if brace is not None:
        return brace
    head, depth = text[start:at], 0
    depth = head.count("(") - head.count(")")
    for position in range(at, len(text)):
        char = text[position]
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == ";":
            return None
        elif char == "{":
            block = depth <= 0 and CONTROL.match(head) and text[:position].rstrip()[-1] == ")"
            return None if block else position
        elif char == "}":
            return None
    return None


LAMBDA = re.compile(r"\[(?P<capture>[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]\s*(?=[({<])")


def lambdas(text):
    """Each lambda: offset, capture, and the extent of its body."""
    for match in LAMBDA.finditer(text):
        before = text[: match.start()].rstrip()
        word = WORD_BEFORE.search(before)
        subscript = before[-1:] in ")]" or (word and word.group(1) not in ("return", "co_return", "co_await", "case"))
        if subscript:
            continue
        brace = body_start(text, match.end())
        if brace is not None:
            yield match.start(), match.group("capture").strip(), brace, block_end(text, brace)


def body_start(text, position):
    """The `{` of a lambda's body: the first one outside of parentheses."""
    depth = 0
    for offset in range(position, min(len(text), position + 2000)):
        char = text[offset]
        if char in "(<":
            depth += 1 if char == "(" else 0
        elif char == ")":
            depth -= 1
            if depth < 0:
                return None
        elif char == "{" and depth == 0:
            return offset
        elif char in ";," and depth == 0:
            return None
    return None


def block_end(text, brace):
    depth = 0
    for offset in range(brace, len(text)):
        depth += {"{": 1, "}": -1}.get(text[offset], 0)
        if depth == 0:
            return offset
    return len(text)


def capturing_coroutines(text):
    found = list(lambdas(text))
    for start, capture, brace, end in found:
        if not capture:
            continue
        body = text[brace:end]
        for inner, _, inner_brace, inner_end in found:
            if brace < inner < end:
                first, last = inner_brace - brace, inner_end - brace
                body = body[:first] + " " * (last - first) + body[last:]
        if COROUTINE.search(body):
            yield start


def problems_of(name, source):
    text = blank_literals(source)
    lines = set()
    for match in AWAIT.finditer(text):
        brace = brace_in_statement(text, match.start())
        if brace is not None:
            lines.add(line_of(text, brace))
    for line in sorted(lines):
        yield f"{name}:{line}: `{{` in a statement with co_await: name the value or the lambda first"
    for start in capturing_coroutines(text):
        yield f"{name}:{line_of(text, start)}: a capturing lambda is a coroutine: make it a function with parameters"


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    found = []
    for path in code_files(root):
        found.extend(problems_of(path.relative_to(root).as_posix(), path.read_text()))
    report(found, "coroutines")
