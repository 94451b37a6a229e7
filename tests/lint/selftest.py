#!/usr/bin/env python3
"""The lints find what they are there for, and nothing else: small bad and good samples for each."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import coroutines
import man

HERE = pathlib.Path(__file__).resolve().parent


def run(script, files):
    """Runs a lint over a tree of the given files; returns status and output."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = [str(HERE / script), root]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class Coroutines(unittest.TestCase):
    BAD = (
        "Task<void> f() { co_await g(ByteRange{0, 1}); }",
        "Task<void> f() { co_await g({}); }",
        "Task<void> f() { auto x = co_await g(Path{}, h()); }",
        "Task<void> f() { auto x = h(Path{}, co_await g()); }",
        "Task<void> f() { co_await Sleep{5}; }",
        "Task<void> f() { Pair x{co_await g(), 1}; }",
        "Task<void> f() { return_value = {co_await g()}; }",
        "Task<void> f() { if (co_await g(Key{1})) { h(); } }",
        "Task<void> f() { co_await g([] { return 1; }); }",
        "Task<void> f() { co_await g([x](int y) { return x + y; }, 3); }",
        "Task<void> f() { co_return co_await g(std::string{\"a\"}); }",
        "auto f = [x]() -> Task<void> { co_await g(); };",
        "auto f = [&] { co_return 1; };",
        "auto f = [this](int a) mutable -> Task<int> { co_return a; };",
        "spawn([self = std::move(self)]() -> Task<void> { co_await self->run(); }());",
    )
    GOOD = (
        "Task<void> f() { const ByteRange range{0, 1}; co_await g(range); }",
        "Task<void> f() { if (co_await g()) { h(Path{}); } else { co_await k(); } }",
        "Task<void> f() { while (!co_await g(1, 2)) { h(); } }",
        "Task<void> f() { for (auto& x : all) { co_await x.run(); } co_await g(); }",
        "Task<void> f() { auto wake = [this] { list_.wake_all(); }; co_await g(wake); }",
        "Task<void> f() { auto [a, b] = co_await g(); co_await h(a[1], b); }",
        "Task<void> C::f() const { co_await g(\"{\", '{'); }  // {",
        "auto f = []() -> Task<void> { co_await g(); };",
        "Task<void> f() { auto n = [a] { return a; }; int x = co_await g(n()); co_return; }",
        "Task<void> f() { if (!x) co_return fail(k, \"t\"); switch (co_await g()) { case 1: { co_await h(); } } }",
        "template <class T> Task<T> f() { T result; { Task<T> child = h(); result = co_await std::move(child); } }",
        "Task<void> f() { do { co_await g(); } while (x); try { co_await h(); } catch (...) { } }",
    )

    def test_bad_samples_are_found(self):
        for sample in self.BAD:
            self.assertTrue(list(coroutines.problems_of("x.cc", sample)), sample)

    def test_good_samples_are_not(self):
        for sample in self.GOOD:
            self.assertEqual(list(coroutines.problems_of("x.cc", sample)), [], sample)

    def test_the_line_is_named(self):
        status, output = run("coroutines.py", {"src/io/a.cc": "int a;\n" + self.BAD[0] + "\n"})
        self.assertEqual(status, 1)
        self.assertIn("src/io/a.cc:2:", output)


class Includes(unittest.TestCase):
    TREE = {"src/fs/tree.h": "", "src/io/part.h": "", "src/http/curl.h": "", "src/base/log.h": "",
            "src/storage/webdav/wire.h": "", "src/storage/registry.h": ""}

    def problems(self, name, text):
        status, output = run("includes.py", {**self.TREE, name: text})
        self.assertEqual(status, 1 if "1 problem" in output else 0, output)
        return output

    def test_against_an_arrow(self):
        self.assertIn("src/io/a.cc:2:", self.problems("src/io/a.cc", '\n#include "fs/tree.h"\n'))
        self.assertIn("src/balance/a.cc:1:", self.problems("src/balance/a.cc", '#include "http/curl.h"\n'))
        self.assertIn("src/http/a.cc:1:", self.problems("src/http/a.cc", '#include "storage/registry.h"\n'))
        self.assertIn("include/balancefs/a.h:1:", self.problems("include/balancefs/a.h", '#include "base/log.h"\n'))

    def test_along_the_arrows(self):
        for name, header in (("src/fs/a.cc", "io/part.h"), ("src/storage/webdav/a.cc", "http/curl.h"),
                             ("src/storage/a.cc", "storage/webdav/wire.h"), ("src/io/a.cc", "balancefs/error.h"),
                             ("src/daemon/a.cc", "storage/webdav/wire.h"), ("src/io/a.cc", "base/log.h")):
            self.assertIn("0 problems", self.problems(name, f'#include "{header}"\n'))

    def test_fences(self):
        for name, header in (("src/io/a.cc", "spdlog/spdlog.h"), ("src/fs/a.cc", "curl/curl.h"),
                             ("src/daemon/a.cc", "fuse3/fuse_lowlevel.h"), ("src/storage/webdav/a.h", "expat.h"),
                             ("src/balance/a.cc", "openssl/evp.h"), ("tests/unit/io/a.cc", "microhttpd.h")):
            self.assertIn("belongs in", self.problems(name, f"#include <{header}>\n"))
        for name, header in (("src/base/log.cc", "spdlog/spdlog.h"), ("src/fuse/a.h", "fuse3/fuse_lowlevel.h"),
                             ("src/storage/webdav/propfind_wire.cc", "expat.h"), ("src/io/a.cc", "vector")):
            self.assertIn("0 problems", self.problems(name, f"#include <{header}>\n"))

    def test_a_new_folder_needs_a_row(self):
        self.assertIn("ALLOWED", self.problems("src/utils/a.cc", ""))


class Length(unittest.TestCase):
    def test_long_and_short(self):
        self.assertEqual(run("length.py", {"src/io/a.cc": "\n" * 400})[0], 0)
        status, output = run("length.py", {"tests/unit/a.cc": "\n" * 401})
        self.assertEqual(status, 1)
        self.assertIn("tests/unit/a.cc: 401 lines", output)


class Quotes(unittest.TestCase):
    DOCS = {"docs/SEMANTICS.md": "- Raw names are never\n  listed.\n"}

    def test_right_and_wrong(self):
        right = '// SEMANTICS: "Raw names are\n// never listed."\n'
        self.assertEqual(run("quotes.py", {**self.DOCS, "tests/a.cc": right})[0], 0)
        status, output = run("quotes.py", {**self.DOCS, "tests/a.cc": right.replace("never", "always")})
        self.assertEqual(status, 1)
        self.assertIn("tests/a.cc", output)


class Format(unittest.TestCase):
    STYLE = {".clang-format": (HERE.parents[1] / ".clang-format").read_text()}

    def test_formatted_and_not(self):
        self.assertEqual(run("format.sh", {**self.STYLE, "src/a.cc": "int a = 0;\n"})[0], 0)
        status, output = run("format.sh", {**self.STYLE, "src/a.cc": "int  a=0 ;\n"})
        self.assertEqual(status, 1)
        self.assertIn("src/a.cc", output)


class ManualPage(unittest.TestCase):
    HELP = """case "$1" in
mount) printf 'Options:\\n  -h,--help     Print\\n  -c,--config TEXT  The file, not --other\\n\\nEnd\\n' ;;
*) printf 'Options:\\n  -h,--help     Print\\n\\nSubcommands:\\n  mount, mnt    Mount\\n\\nEnd\\n' ;;
esac"""
    PAGE = (".TH X 1\n.SH SYNOPSIS\nx mount [\\-c FILE]\n.SH COMMANDS\n.TP\n.BR mount \", \" mnt\nMounts.\n.SH OPTIONS\n"
            ".TP\n.BR \\-h \", \" \\-\\-help\nHelps.\n.TP\n.BR \\-c \", \" \\-\\-config\nThe file.\n")

    def disagreements(self, page):
        with tempfile.TemporaryDirectory() as root:
            binary = pathlib.Path(root, "x")
            binary.write_text(f"#!/bin/sh\n{self.HELP}\n")
            binary.chmod(0o755)
            source = pathlib.Path(root, "x.1")
            source.write_text(page)
            return man.groff_complaints(source) + man.disagreements(man.shown(source), binary)

    def test_a_page_that_agrees_is_accepted(self):
        self.assertEqual(self.disagreements(self.PAGE), [])

    def test_differences_are_found(self):
        for old, new, word in ((", \" mnt", ", \" moont", "mnt is missing"), ("-config\n", "-konfig\n", "--konfig is on"),
                               ("-c FILE", "-q FILE", "-q of the synopsis"), (".BR mount", ".ZZ mount", "ZZ")):
            self.assertIn(word, "\n".join(self.disagreements(self.PAGE.replace(old, new))), new)


if __name__ == "__main__":
    os.chdir(HERE)
    sys.dont_write_bytecode = True
    unittest.main()
