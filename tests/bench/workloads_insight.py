"""Choosing and insight: what a choice of a member costs, what status and metrics cost a reader, how soon they answer."""

import contextlib
import json
import multiprocessing
import subprocess
import time

import readers
from machine import MIB, ROOT
from table import Bound, Measure
from watchers import Watched, ask_page, ask_socket, page_of, status_json
from workloads import Workload

CHOOSE = ROOT / "build/release/tests/bench/balancefs_choose"
POLICIES = ("round-robin", "least-in-flight", "fastest", "first")


class Choose(Workload):
    """The library alone, without a mount: tests/bench/choose.cc."""

    name = "choose"
    tools = ("balancefs_choose",)
    sizes = (3, 30, 1000)
    shape = ("one member of 3 to 1000 that are equally good, the dearest case. Choice: the group's look at all of them and the "
             "policy's step; step: that alone; first read: from open to the byte, of storages that answer at once; next read: "
             "stays with its member. Counting: what status alone wants to know of 16 KiB that came, as curl gives them")
    counting = "counting 16 KiB that came"

    def prepare(self, bench):
        self.measures = (Measure(self.counting, "ns", higher=False),)
        for policy in POLICIES:
            for size in self.sizes:
                self.measures += self._measures(f"{policy} of {size}", size)

    def _measures(self, key, size):
        most = (Bound(50, tools=self.tools),) if size == self.sizes[-1] else ()
        beside = (Measure(f"{key}, {what}", "µs", higher=False, shown=False, beside=key)
                  for what in ("step", "first read", "next read"))
        return (Measure(key, "µs", higher=False, bounds=most), *beside,
                Measure(f"{key}, allocations", "", higher=False, shown=False, beside=key))

    def run(self, bench, tool):
        output = subprocess.run([CHOOSE], capture_output=True, text=True, check=False)
        if output.returncode != 0:
            raise OSError(f"{CHOOSE.name} ended with status {output.returncode}: {output.stderr[-200:]}")
        figures = {}
        for line in map(json.loads, output.stdout.splitlines()):
            if "count" in line:
                figures[self.counting] = line["count"]["nanoseconds"]
                continue
            key = f"{line['policy']} of {line['members']}"
            figures |= {key: line["choice"]["nanoseconds"] / 1e3, f"{key}, step": line["pick"]["nanoseconds"] / 1e3,
                        f"{key}, first read": line["first"]["nanoseconds"] / 1e3,
                        f"{key}, next read": line["next"]["nanoseconds"] / 1e3,
                        f"{key}, allocations": line["choice"]["allocations"]}
        return figures


class Insight(Workload):
    """In each round three fresh mounts take turns file by file: one that is watched and two that nobody asks. Those two
    say what the machine makes of nothing; a ratio that is no farther from 1 than theirs says nothing."""

    name = "insight"
    tools = ("balancefs",)
    rounds = 15
    count, idle = 8, 2  # files, and seconds in which nobody reads
    measures = (
        Measure("speed, watched / nobody asks", "", bounds=(Bound(0.99, tools=tools),)),
        Measure("speed, watched", "MiB/s", shown=False),
        Measure("speed, nobody asks", "MiB/s", shown=False),
        Measure("speed, nobody asks / the same again", ""),
        Measure("CPU, watched / nobody asks", "", higher=False, bounds=(Bound(1.01, tools=tools),)),
        Measure("CPU, watched", "s for a GiB", higher=False, shown=False, beside="CPU, watched / nobody asks"),
        Measure("CPU, nobody asks", "s for a GiB", higher=False, shown=False, beside="CPU, watched / nobody asks"),
        Measure("CPU, nobody asks / the same again", "", higher=False),
        Measure("CPU, answering / reading", "%", higher=False, bounds=(Bound(1, tools=tools),)),
        Measure("CPU, answering", "ms/s", higher=False, shown=False, beside="CPU, answering / reading"),
    )

    def prepare(self, bench):
        size = bench.size(256, 64) * MIB
        self.bytes = self.count * size
        self.turns = 0
        self.shape = (f"{self.count} files of {size // MIB} MiB cold, one after the other, unshaped, by three mounts in turns: two without "
                      "`control.listen`, one watched (/metrics each second, `status --watch` on a terminal, a page's events). "
                      f"Answering: {self.idle} s in which nobody reads")
        self.files = bench.corpus.files("insight", self.count, size)

    def run(self, bench, tool):
        with contextlib.ExitStack() as stack:
            mounts = [stack.enter_context(bench.mount(each)) for each in (tool.listening(), tool, tool)]
            stack.enter_context(Watched(tool.binary, mounts[0].point))
            seconds, cpu = self._in_turns(mounts)
            answering = mounts[0].cpu()
            time.sleep(self.idle)
            answering = (mounts[0].cpu() - answering) / self.idle
        watched, quiet = 0, (1, 2)
        time_quiet, cpu_quiet = (sum(values[one] for one in quiet) / len(quiet) for values in (seconds, cpu))
        mib, gib = self.bytes / MIB, self.bytes / (1 << 30)
        return {
            "speed, watched / nobody asks": time_quiet / seconds[watched],
            "speed, watched": mib / seconds[watched], "speed, nobody asks": mib / time_quiet,
            "speed, nobody asks / the same again": seconds[2] / seconds[1],
            "CPU, watched / nobody asks": cpu[watched] / cpu_quiet,
            "CPU, watched": cpu[watched] / gib, "CPU, nobody asks": cpu_quiet / gib,
            "CPU, nobody asks / the same again": cpu[1] / cpu[2],
            "CPU, answering / reading": 100 * answering / (cpu[watched] / seconds[watched]),
            "CPU, answering": 1e3 * answering,
        }

    def _in_turns(self, mounts):
        """Seconds, and CPU seconds of the daemon, by mount. Who is first moves on with each file."""
        seconds, cpu = [0.0] * len(mounts), [0.0] * len(mounts)
        for mount in mounts:
            mount.list("insight")
        for file in self.files:
            self.turns += 1
            for step in range(len(mounts)):
                index = (self.turns + step) % len(mounts)
                before, begin = mounts[index].cpu(), time.monotonic()
                readers.whole(mounts[index], file)
                seconds[index] += time.monotonic() - begin
                cpu[index] += mounts[index].cpu() - before
        return seconds, cpu

    def verify(self, bench, tool, check):
        with bench.mount(tool.listening()) as mount, Watched(tool.binary, mount.point):
            for file in self.files:
                readers.whole(mount, file, check)


class StatusUnderLoad(Workload):
    """Programs of their own process each, so that none waits for another's interpreter."""

    name = "status under load"
    tools = ("balancefs",)
    rounds = 1
    programs, rate, asked = 100, MIB, 100
    ways = ("status --json", "control socket", "/metrics")

    def prepare(self, bench):
        self.seconds = bench.size(20, 8)
        self.shape = (f"{self.programs} programs read 1 MiB/s each, a file each, unshaped, {self.seconds} s, compared while they "
                      f"read; each of the three is asked {self.asked} times meanwhile: the whole command, and one connection "
                      "with question and answer")
        self.files = bench.corpus.files("films", self.programs, 24 * MIB)
        self.measures = (Measure("of the rate", "%"),)
        for way in self.ways:
            key = f"{way}, longest"
            self.measures += (
                Measure(key, "ms", higher=False, bounds=(Bound(100, tools=self.tools),)),
                Measure(f"{way}, median", "ms", higher=False, shown=False, beside=key),
                Measure(f"{way}, p95", "ms", higher=False, shown=False, beside=key),
            )

    def run(self, bench, tool):
        with bench.mount(tool.listening()) as mount, contextlib.ExitStack() as programs:
            mount.list("films")
            page = page_of(tool.binary, mount.point)
            streams = [programs.enter_context(Stream(bench, mount, file, self.rate, self.seconds)) for file in self.files]
            times = self._ask(tool, mount, page)
            read = sum(stream.bytes_read() for stream in streams)
        figures = {"of the rate": 100 * read / (self.programs * self.rate * self.seconds)}
        for way, seconds in zip(self.ways, times):
            ordered = sorted(1e3 * one for one in seconds)
            figures |= {f"{way}, longest": ordered[-1], f"{way}, median": ordered[len(ordered) // 2],
                        f"{way}, p95": ordered[len(ordered) * 95 // 100]}
        return figures

    def _ask(self, tool, mount, page):
        """Spread over the time in which the programs read, a second at both ends left out."""
        questions = (lambda: status_json(tool.binary, mount.point), lambda: ask_socket(mount.point), lambda: ask_page(page, "metrics"))
        times = [[] for _ in questions]
        begin = time.monotonic() + 1
        for index in range(self.asked):
            time.sleep(max(0.0, begin + index * (self.seconds - 2) / self.asked - time.monotonic()))
            for question, taken in zip(questions, times):
                start = time.monotonic()
                question()
                taken.append(time.monotonic() - start)
        return times


class Stream:
    """A program that reads one file at a steady rate and compares it."""

    def __init__(self, bench, mount, name, rate, seconds):
        context = multiprocessing.get_context("fork")
        self._answer, answer = context.Pipe(duplex=False)
        self._process = context.Process(target=self._run, args=(bench.nginx.root, mount, name, rate, seconds, answer))

    @staticmethod
    def _run(root, mount, name, rate, seconds, answer):
        with readers.Checker(root) as check:
            reader = readers.Paced(mount, name, rate, check)
            try:
                reader.run(seconds)
                answer.send(reader.read)
            except (readers.WrongBytes, OSError) as error:
                answer.send(error)

    def bytes_read(self):
        result = self._answer.recv()
        if isinstance(result, Exception):
            raise result
        return result

    def __enter__(self):
        self._process.start()
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.join()


WORKLOADS = [Choose(), Insight(), StatusUnderLoad()]
