"""Names and sizes, no bytes: a tree that a program walks, again, after a restart; big folders; one folder that is looked at.

All figures but `large` are taken through a shaper that counts requests. `large` is unshaped: what is asked there is how time
and memory grow, and a line would hide it.
"""

import os
import shutil
import time

import walkers
from machine import status_mib, timed_command
from origin import Counted
from readers import Sampler
from table import Bound, Measure
from tools import LimitedUrl
from workloads import WIDE, Workload
from workloads_group import MEMBER
from workloads_latency import LINE
from workloads_speed import OURS

PEERS = ("rclone", "rclone new")
SETTLE = 1  # seconds in which requests that nobody asked for would show


def propfind(*urls, at_once=1):
    """Seconds that curl takes for the listings alone: what server and line allow."""
    command = ["curl", "-sfZ", "--parallel-immediate", "--parallel-max", str(at_once), "-X", "PROPFIND", "-H", "Depth: 1"]
    for url in urls:
        command += ["-o", "/dev/null", url]
    return timed_command(command)[0]


class Library(Workload):
    """10,000 files in 200 folders, two levels deep, as shows and their seasons are."""

    folder = "library"
    rounds = 3
    peer_rounds = 1

    def prepare(self, bench):
        self.folders, self.each = bench.size(200, 60), 50
        self.entries = self.folders * (self.each + 1)
        self.line = f"find -printf %s over {self.folders * self.each} files in {self.folders} folders; {LINE}"
        self.names = []
        for show in range(self.folders // 20):
            top = f"{self.folder}/show {show:02}"
            self.names += [top, *(f"{top}/season {number:02}" for number in range(19))]
        for name in self.names:
            bench.corpus.entries(name, self.each)
        self.shaper = bench.shaper(**WIDE)

    def verify(self, bench, tool, check):
        """Cold, and again from what is held."""
        with bench.mount(tool, [self.shaper.url]) as mount:
            for turn in ("cold", "warm"):
                walkers.expect_same_names(bench.nginx.root / self.folder, mount.path(self.folder), turn)


class Walk(Library):
    name = "walk"
    tools = (*OURS, *PEERS, "curl x10")
    measures = (
        Measure("cold", "s", higher=False, bounds=(Bound(2.5),)),
        Measure("requests a folder", "", higher=False, bounds=(Bound(1.1),)),
        Measure("warm", "s", higher=False, bounds=(Bound(0.3),)),
        Measure("CPU", "s", higher=False, shown=False),
        Measure("requests again", "", higher=False, shown=False, beside="warm"),
    )

    def prepare(self, bench):
        super().prepare(bench)
        self.shape = f"{self.line}; in sequence {self.folders * 0.04:.0f} s; curl x10: the same listings, ten at once"

    def run(self, bench, tool):
        if tool.name == "curl x10":
            urls = [f"{self.shaper.url}/{name.replace(' ', '%20')}/" for name in (self.folder, *self.names)]
            return {"cold": propfind(*urls, at_once=10)}
        with bench.mount(tool, [self.shaper.url]) as mount:
            cpu = mount.cpu()
            with Counted(self.shaper) as cold:
                seconds = walkers.walk(mount.path(self.folder), self.entries)
                time.sleep(SETTLE)  # what was listed ahead counts
            cpu = mount.cpu() - cpu
            with Counted(self.shaper) as warm:
                again = walkers.walk(mount.path(self.folder), self.entries)
            return {"cold": seconds, "requests a folder": cold.requests / self.folders, "warm": again, "CPU": cpu,
                    "requests again": warm.requests}


class Restart(Library):
    name = "restart"
    tools = (*OURS, *PEERS)
    measures = (
        Measure("walk", "s", higher=False, bounds=(Bound(0.5),)),
        Measure("most connections", "", higher=False, bounds=(Bound(LimitedUrl.max_connections),), worst=True),
        Measure("requests a folder", "", higher=False, shown=False),
        Measure("until mounted", "s", higher=False, shown=False),
        Measure("kept on disk", "MiB", higher=False, shown=False),
    )

    def prepare(self, bench):
        super().prepare(bench)
        self.shape = (f"{self.line}; walked, ended, mounted again with the same cache folder, and walked first thing. Requests and "
                      f"connections until {SETTLE} s after (`max_connections` is {LimitedUrl.max_connections}). rclone keeps nothing: a cold walk")

    def _walked_once(self, bench, tool):
        cache = bench.cache_folder("restart-" + tool.name.replace(" ", "-"))
        with bench.mount(tool, [LimitedUrl(self.shaper.url)], cache) as mount:
            walkers.walk(mount.path(self.folder), self.entries)
        return cache

    def run(self, bench, tool):
        cache = self._walked_once(bench, tool)
        kept = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file())
        try:
            with Counted(self.shaper) as counted:
                begin = time.monotonic()
                with bench.mount(tool, [LimitedUrl(self.shaper.url)], cache) as mount:
                    mounted = time.monotonic() - begin
                    with Sampler(lambda: self.shaper.counts()["busy"]) as busy:
                        seconds = walkers.walk(mount.path(self.folder), self.entries)
                        time.sleep(SETTLE)
            return {"walk": seconds, "until mounted": mounted, "most connections": max(busy.values),
                    "requests a folder": counted.requests / self.folders, "kept on disk": kept / (1 << 20)}
        finally:
            shutil.rmtree(cache)

    def verify(self, bench, tool, check):
        """What was kept is right, and so is what is taken for new or gone after the listings were asked for again."""
        cache = self._walked_once(bench, tool)
        with bench.mount(tool, [LimitedUrl(self.shaper.url)], cache) as mount:
            for turn in ("after a restart", "again"):
                walkers.expect_same_names(bench.nginx.root / self.folder, mount.path(self.folder), turn)
        shutil.rmtree(cache)


class Flat(Workload):
    name = "flat"
    tools = (*OURS, *PEERS, "curl")
    peer_rounds = 1
    folder = "flat"
    measures = (
        Measure("cold", "s", higher=False, bounds=(Bound(0.9),)),
        Measure("requests", "", higher=False, bounds=(Bound(3),)),
        Measure("warm", "s", higher=False, bounds=(Bound(0.3),)),
        Measure("CPU", "s", higher=False, shown=False),
        Measure("requests again", "", higher=False, shown=False, beside="warm"),
    )

    def prepare(self, bench):
        self.entries = bench.size(20_000, 5_000)
        self.shape = f"ls -l of {self.entries} entries; {LINE}; curl: the same listing alone"
        bench.corpus.entries(self.folder, self.entries)
        self.shaper = bench.shaper(**WIDE)

    def run(self, bench, tool):
        if tool.name == "curl":
            return {"cold": propfind(f"{self.shaper.url}/{self.folder}/")}
        with bench.mount(tool, [self.shaper.url]) as mount:
            cpu = mount.cpu()
            with Counted(self.shaper) as cold:
                seconds = walkers.long_list(mount.path(self.folder), self.entries)
            cpu = mount.cpu() - cpu
            with Counted(self.shaper) as warm:
                again = walkers.long_list(mount.path(self.folder), self.entries)
            return {"cold": seconds, "requests": cold.requests, "warm": again, "CPU": cpu, "requests again": warm.requests}

    def verify(self, bench, tool, check):
        with bench.mount(tool, [self.shaper.url]) as mount:
            for turn in ("cold", "warm"):
                walkers.expect_same_names(bench.nginx.root / self.folder, mount.path(self.folder), turn)


class Shape:
    """A folder of files, or a tree of folders of files, of one size."""

    def __init__(self, name, path, folders, each):
        self.name, self.path, self.folders, self.each = name, path, folders, each

    @property
    def entries(self):
        return self.folders * self.each + (self.folders if self.folders > 1 else 0)

    def make(self, bench):
        if self.folders == 1:
            bench.corpus.entries(self.path, self.each)
        for index in range(self.folders if self.folders > 1 else 0):
            bench.corpus.entries(f"{self.path}/folder {index:04}", self.each)


class Large(Workload):
    """Each size on a mount of its own, the smallest first."""

    name = "large"
    tools = (*OURS, *PEERS, "curl")
    rounds = 1
    most_of_peers = 300_000  # of them more takes minutes and gigabytes

    def prepare(self, bench):
        flat = bench.size((25_000, 50_000, 100_000), (5_000, 20_000))
        trees = bench.size((500, 2000), (40, 160))
        self.flats = [Shape(f"{count} in a folder", f"large/{count}", 1, count) for count in flat]
        self.trees = [Shape(f"{count * 500} in {count} folders", f"large/tree{count}", count, 500) for count in trees]
        for shape in (*self.flats, *self.trees):
            shape.make(bench)
        name = bench.corpus.name_length
        self.shape = (f"find -printf %s, unshaped, each size on a new mount; names of {name} bytes. Linear: an entry of the largest "
                      f"takes at most 1.5 times what one of the smallest takes. Memory: what the daemon's resident set grew by, at most "
                      f"200 bytes and the name. curl: the folder's listing alone")
        self.measures = self._measures(self.flats, 200 + name) + self._measures(self.trees, 200 + name)

    def _measures(self, shapes, bytes_an_entry):
        first, measures = shapes[0].name, ()
        for shape in shapes:
            last = shape is shapes[-1]
            linear = (Bound(1.5, of_measure=f"{first}, time an entry"),) if last else ()
            key = f"{shape.name}, time an entry"
            measures += (
                Measure(key, "µs", higher=False, bounds=linear),
                Measure(f"{shape.name}, memory an entry", "bytes", higher=False, bounds=(Bound(bytes_an_entry),) if last else ()),
                Measure(f"{shape.name}, time", "s", higher=False, shown=False, beside=key),
                Measure(f"{shape.name}, again", "s", higher=False, shown=False, beside=key),
                Measure(f"{shape.name}, CPU", "s", higher=False, shown=False, beside=key),
                Measure(f"{shape.name}, resident", "MiB", higher=False, shown=False, beside=f"{shape.name}, memory an entry"),
                Measure(f"{shape.name}, peak", "MiB", higher=False, shown=False, beside=f"{shape.name}, memory an entry"),
            )
        return measures

    def run(self, bench, tool):
        figures = {}
        for shape in (*self.flats, *self.trees):
            if tool.name == "curl":
                figures |= self._curl(bench, shape)
            elif tool.ours or shape.entries <= self.most_of_peers:
                with bench.mount(tool) as mount:
                    figures |= self._one(mount, shape)
        return figures

    def _curl(self, bench, shape):
        if shape.folders > 1:
            return {}
        seconds = propfind(f"{bench.nginx.url}/{shape.path}/")
        return {f"{shape.name}, time an entry": 1e6 * seconds / shape.entries, f"{shape.name}, time": seconds}

    def _one(self, mount, shape):
        mount.list("large")
        pid, cpu = mount.process.pid, mount.cpu()
        before = status_mib(pid, "VmRSS")
        seconds = walkers.walk(mount.path(shape.path), shape.entries)
        cpu, after = mount.cpu() - cpu, status_mib(pid, "VmRSS")
        again = walkers.walk(mount.path(shape.path), shape.entries)
        key = shape.name
        return {f"{key}, time an entry": 1e6 * seconds / shape.entries, f"{key}, time": seconds, f"{key}, again": again,
                f"{key}, CPU": cpu, f"{key}, memory an entry": (after - before) * (1 << 20) / shape.entries,
                f"{key}, resident": after, f"{key}, peak": mount.peak()}

    def verify(self, bench, tool, check):
        for shape in (self.flats[-1], self.trees[-1]):
            with bench.mount(tool) as mount:
                walkers.expect_same_names(bench.nginx.root / shape.path, mount.path(shape.path), shape.name)


class NoForesight(Workload):
    """A look at one folder is no walk, and costs what it asks for."""

    name = "no foresight"
    tools = (*OURS, *PEERS)
    peer_rounds = 1
    members = 3
    folder = "library-flat"
    measures = (
        Measure("requests a member", "", higher=False, bounds=(Bound(1),), worst=True),
        Measure("time", "ms", higher=False, shown=False),
    )

    def prepare(self, bench):
        self.folders = 200
        self.shape = (f"ls of one folder with {self.folders} folders in it, its parent listed before; three members of 10 ms; the most that "
                      f"one of them was asked until {SETTLE} s after; rclone: a union of the three")
        for index in range(self.folders):
            bench.corpus.entries(f"{self.folder}/show {index:03}", 3)
        self.shapers = [bench.shaper(**MEMBER) for _ in range(self.members)]

    @property
    def urls(self):
        return [shaper.url for shaper in self.shapers]

    def run(self, bench, tool):
        with bench.mount(tool, self.urls) as mount:
            os.listdir(mount.root)
            before = [shaper.counts()["requests"] for shaper in self.shapers]
            seconds = walkers.plain_list(mount.path(self.folder), self.folders)
            time.sleep(SETTLE)
            asked = [shaper.counts()["requests"] - start for shaper, start in zip(self.shapers, before)]
            return {"requests a member": max(asked), "time": seconds * 1e3}

    def verify(self, bench, tool, check):
        with bench.mount(tool, self.urls) as mount:
            walkers.expect_same_names(bench.nginx.root / self.folder, mount.path(self.folder), "three members")


WORKLOADS = [Walk(), Restart(), Flat(), Large(), NoForesight()]
