"""What the lints share: the project's C++ files, and C++ text with comments and literals blanked out."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("src", "include", "tests", "cmake")


def code_files(root=ROOT):
    """All C++ files of the project."""
    for folder in CODE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield path


_TOKEN = re.compile(
    r'R"(?P<tag>[^()\\ ]{0,16})\(.*?\)(?P=tag)"'  # raw strings
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"  # not a digit separator
    r"|//[^\n]*|/\*.*?\*/",
    re.DOTALL,
)


def blank_literals(text):
    """The same text, comments and literals as blanks: every offset and line number stays what it was."""

    def blank(match):
        kept = re.sub(r"[^\n]", " ", match.group())
        literal = match.group()[0] in "\"'R"
        return '"' + kept[1:-1] + '"' if literal and len(kept) > 1 else kept

    return _TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def report(problems, what):
    """Prints the problems, one a line, and exits."""
    for problem in problems:
        print(problem)
    print(f"{what}: {len(problems)} problem{'s' if len(problems) != 1 else ''}")
    sys.exit(1 if problems else 0)
