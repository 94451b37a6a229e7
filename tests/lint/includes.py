#!/usr/bin/env python3
"""Includes go along the arrows of docs/ARCHITECTURE.md, and third-party headers stay in their folders.

includes.py [ROOT]. ALLOWED is the table of that page, FENCES the one of docs/DEVELOPMENT.md; change them there as well.
"""

import pathlib
import re
import sys

from lines import ROOT, code_files, report

# A folder of src/ and what it may include besides itself, include/balancefs and base.
ALLOWED = {
    "base": (),
    "http": (),
    "storage": ("storage",),  # the registry knows the drivers
    "storage/webdav": ("http",),
    "storage/http_index": ("http",),
    "storage/local": (),
    "storage/s3": ("http",),
    "storage/sftp": (),
    "storage/ftp": ("http",),
    "balance": (),
    "names": (),
    "meta": (),
    "io": (),
    "fs": ("meta", "io"),
    "fuse": ("fs",),
    "config": (),
    "control": ("fs",),
    "web": ("control",),
    "verify": ("meta", "balance"),
    "daemon": ("http", "storage", "balance", "names", "meta", "io", "fs", "fuse", "config", "control",
               "web", "verify"),
}

# A third-party header (by the beginning of its name) and where it may be included (regular expressions).
FENCES = (
    ("spdlog/", (r"src/base/log\.cc",)),
    ("curl/", (r"src/http/",)),
    ("toml", (r"src/config/",)),
    ("CLI/", (r"src/daemon/",)),
    ("fuse", (r"src/fuse/",)),
    ("expat", (r"src/storage/[a-z0-9_]+/[a-z0-9_]+\.cc",)),
    ("libxml/", (r"src/storage/[a-z0-9_]+/[a-z0-9_]+\.cc",)),
    ("nlohmann/", (r"src/control/", r"src/verify/verify_json\.cc", r"tests/unit/control/", r"tests/unit/verify/",
                   r"tests/programs/", r"tests/mount/reload_test\.cc", r"tests/support/browser\.", r"tests/unit/web/", r"src/storage/[a-z0-9_]+/[a-z0-9_]+\.cc")),
    ("sqlite3", (r"src/meta/sqlite_database\.cc",)),
    ("microhttpd", (r"src/web/(http_listener\.cc|microhttpd_loop\.)", r"src/daemon/", r"tests/support/")),
    ("openssl/", (r"src/storage/s3/", r"src/daemon/demo_", r"src/base/checksums\.cc")),
    ("libssh/", (r"src/storage/sftp/",)),
    ("xxh", (r"src/fs/", r"src/io/", r"src/meta/")),
    ("utf8proc", (r"src/names/",)),
    ("systemd/", (r"src/daemon/", r"src/base/log\.cc")),
    ("gtest/", (r"tests/",)),
    ("gmock/", (r"tests/",)),
    ("rapidcheck", (r"tests/",)),
    ("benchmark/", (r"tests/bench/",)),
)

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def folder_of(relative):
    """The module of a file below src/: its folder, two levels below storage/."""
    return str(pathlib.PurePosixPath(relative).parent)


def arrow_problem(module, header):
    """Why a file of `module` may not include the project's `header`; None when it may."""
    if header.startswith("balancefs/"):
        return None
    target = folder_of(header)
    if target in (module, "base"):
        return None
    for allowed in ALLOWED.get(module, ()):
        if target == allowed or target.startswith(allowed + "/"):
            return None
    return f"src/{module} must not include {header}"


def fence_problem(name, header):
    for prefix, places in FENCES:
        if header.startswith(prefix) and not any(re.match(place, name) for place in places):
            return f"<{header}> belongs in {' or '.join(places)}".replace("\\", "")
    return None


def problems_of(root, path):
    name = path.relative_to(root).as_posix()
    text = path.read_text()
    module = folder_of(name[len("src/"):]) if name.startswith("src/") else None
    if module is not None and module not in ALLOWED:
        yield f"{name}:1: src/{module} is not in the table ALLOWED of tests/lint/includes.py"
        return
    for match in INCLUDE.finditer(text):
        quoted, header = match.group(1) == '"', match.group(2)
        ours = quoted and ((root / "src" / header).exists() or header.startswith("balancefs/"))
        problem = None
        if ours and module is not None:
            problem = arrow_problem(module, header)
        elif ours and name.startswith("include/") and not header.startswith("balancefs/"):
            problem = f"include/balancefs must not include {header}"
        elif not ours:
            problem = fence_problem(name, header)
        if problem:
            yield f"{name}:{text.count(chr(10), 0, match.start(2)) + 1}: {problem}"


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    report([problem for path in code_files(root) for problem in problems_of(root, path)], "includes")
