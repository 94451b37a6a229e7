#!/usr/bin/env python3
"""The manual page: groff finds nothing wrong in it, and it names every command and option that --help names, and no other.

man.py [BINARY]   Without a binary only the page itself is checked.
"""
import os
import re
import subprocess
import sys

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging/man/balancefs.1")
OPTION = re.compile(r"(?<![\w=/-])--?[a-z][a-z-]*")


def groff_complaints(page):
    """One line for each thing that groff has to say."""
    result = subprocess.run(["groff", "-man", "-Tutf8", "-wall", "-wmac", "-rCHECKSTYLE=2", "-z", page],
                            capture_output=True, text=True)
    return result.stderr.splitlines()


def shown(page):
    """The page as a reader sees it, without emphasis."""
    out = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", page], capture_output=True, text=True, check=True)
    return out.stdout


def section(text, title):
    found = re.search(rf"^{title}\n((?:(?:[ \t].*)?\n)*)", text, re.M)
    return found.group(1) if found else ""


def help_of(binary, *command):
    return subprocess.run([binary, *command, "--help"], capture_output=True, text=True, check=True).stdout


def commands_of(help_text):
    """`  unmount, umount             Unmount and ...` below Subcommands."""
    below = help_text.partition("Subcommands:\n")[2].partition("\n\n")[0]
    names = [re.split(r"\s{2,}", line.strip())[0].split(", ") for line in below.splitlines()]
    return {name for line in names for name in line}


def options_of(help_text):
    below = help_text.partition("Options:\n")[2].partition("\n\n")[0]
    return {option for line in below.splitlines() if line.startswith("  -")
            for option in OPTION.findall(re.split(r"\s{2,}", line.strip())[0])}


def difference(what, page, program):
    return ([f"{what} {name} is missing on the page" for name in sorted(program - page)] +
            [f"{what} {name} is on the page and not in --help" for name in sorted(page - program)])


def disagreements(text, binary):
    commands = commands_of(help_of(binary))
    options = options_of(help_of(binary)).union(*(options_of(help_of(binary, name)) for name in commands))
    heads = [line.strip() for line in section(text, "COMMANDS").splitlines() if re.match(r" {7}\S", line)]
    named = {name for head in heads for name in re.split(r"\s{2,}", head)[0].split(", ")}
    heads = [line.strip() for line in section(text, "OPTIONS").splitlines() if re.match(r" {7}-", line)]
    given = {option for head in heads for option in OPTION.findall(head.split("  ")[0])}
    used = set(OPTION.findall(section(text, "SYNOPSIS")))
    return (difference("command", named, commands) + difference("option", given, options) +
            [f"option {name} of the synopsis is not explained" for name in sorted(used - given)])


def main():
    problems = groff_complaints(PAGE)
    if len(sys.argv) > 1:
        problems += disagreements(shown(PAGE), sys.argv[1])
    for problem in problems:
        print(f"packaging/man/balancefs.1: {problem}")
    print(f"manual page: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
