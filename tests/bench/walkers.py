"""How programs look at names: find over a tree, ls of a folder; and the pass that compares what they saw.

The programs are findutils' and coreutils' own, because what they ask the kernel for is the point. One that says there was
an error, or shows another number of names than there are, has not done the same work: the tool is left out then.
"""

import collections
import os
import subprocess
import time

from readers import WrongBytes


def output(command, folder=None):
    """Seconds, and what the program printed."""
    begin = time.monotonic()
    result = subprocess.run(command, capture_output=True, cwd=folder, check=False, env=os.environ | {"LC_ALL": "C"})
    seconds = time.monotonic() - begin
    if result.returncode != 0:
        raise OSError(f"{command[0]} ended with status {result.returncode}: {result.stderr.decode(errors='replace')[-200:]}")
    return seconds, result.stdout


def counted_lines(command, expected):
    seconds, text = output(command)
    lines = text.count(b"\n")
    if lines != expected:
        raise WrongBytes(f"{' '.join(map(str, command))} printed {lines} lines, not {expected}")
    return seconds


def walk(folder, entries):
    """Seconds of a find that wants the size of everything. `entries` without the folder itself."""
    return counted_lines(["find", folder, "-printf", "%s\\n"], entries + 1)


def long_list(folder, entries):
    """Seconds of ls -l, whose first line is the total."""
    return counted_lines(["ls", "-l", folder], entries + 1)


def plain_list(folder, entries):
    return counted_lines(["ls", folder], entries)


def seen_below(folder):
    """Every path below a folder: type, size of a file, name. Whatever is shown twice is here twice."""
    text = output(["find", ".", "-mindepth", "1", "(", "-type", "d", "-printf", "d - %P\\0", ")", "-o", "-printf",
                   "%y %s %P\\0"], folder)[1]
    return collections.Counter(text.split(b"\0")[:-1])


def expect_same_names(origin, mount, what):
    """Nothing is missing, nothing is there twice or in excess, every size is right."""
    expected, seen = seen_below(origin), seen_below(mount)
    if expected == seen:
        return
    missing, more = expected - seen, seen - expected
    example = next(iter(missing or more)).decode(errors="replace")
    raise WrongBytes(f"{what}: {missing.total()} names or sizes are missing, {more.total()} should not be there, such as {example}")
