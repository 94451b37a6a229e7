"""How programs read, as functions over a mount: whole files, random places, a film, a scan, readers of a fixed rate.

Each takes an optional Checker and then compares all it reads with the origin's files. They read through plain system
calls into one buffer, so that the reader is not the limit (a thread of it takes more than 4 GB/s from a local file).
"""

import os
import random
import threading
import time

from machine import MIB

PIECE = 128 * 1024


class WrongBytes(Exception):
    pass


class Checker:
    """Compares what a mount gave with the origin's own file."""

    def __init__(self, root):
        self._root = root
        self._files = {}
        self._lock = threading.Lock()

    def __call__(self, name, offset, data):
        with self._lock:
            fd = self._files.get(name)
            if fd is None:
                fd = self._files[name] = os.open(self._root / name, os.O_RDONLY)
        if os.pread(fd, len(data), offset) != data:
            raise WrongBytes(f"{name} at {offset}, {len(data)} bytes")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for fd in self._files.values():
            os.close(fd)
        self._files.clear()


def in_threads(jobs):
    """Runs the jobs at once; the first exception of one is raised here."""
    failures = []

    def guarded(job):
        try:
            job()
        except Exception as error:  # a thread's exception is the bench's
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def whole(mount, name, check=None, piece=MIB):
    """Bytes of a file read from start to end."""
    buffer = memoryview(bytearray(piece))
    total = 0
    with open(mount.path(name), "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            if check:
                check(name, total, buffer[:count])
            total += count
    return total


def whole_files(mount, names, check=None):
    """Reads all of them at once, a thread each."""
    in_threads([lambda name=name: whole(mount, name, check) for name in names])


def read_at(fd, name, offset, length, check=None):
    done = 0
    while done < length:
        data = os.pread(fd, min(MIB, length - done), offset + done)
        if not data:
            raise WrongBytes(f"{name} ends at {offset + done}")
        if check:
            check(name, offset + done, data)
        done += len(data)


def first_bytes(mount, names, length, check=None):
    """Milliseconds from open to the first `length` bytes, file by file."""
    times = []
    for name in names:
        begin = time.monotonic()
        fd = os.open(mount.path(name), os.O_RDONLY)
        data = os.pread(fd, length, 0)
        times.append((time.monotonic() - begin) * 1e3)
        os.close(fd)
        if check:
            check(name, 0, data)
    return times


def random_reads(mount, name, count, length, seed, check=None):
    """Milliseconds of each read; places are on a grid of `length` and none is read twice."""
    size = os.stat(mount.path(name)).st_size
    places = random.Random(seed).sample(range(size // length), count)
    times = []
    fd = os.open(mount.path(name), os.O_RDONLY)
    try:
        for place in places:
            begin = time.monotonic()
            data = os.pread(fd, length, place * length)
            times.append((time.monotonic() - begin) * 1e3)
            if check:
                check(name, place * length, data)
    finally:
        os.close(fd)
    return times


SCAN_HEAD, SCAN_TAIL, SCAN_MIDDLE = MIB, MIB // 4, 64 * 1024


def scan(mount, names, threads, check=None):
    """What a media scanner does: the head, the tail and a place in the middle of each file. Bytes asked for."""
    queue = iter(names)
    lock = threading.Lock()

    def one(name):
        size = os.stat(mount.path(name)).st_size
        fd = os.open(mount.path(name), os.O_RDONLY)
        try:
            read_at(fd, name, 0, SCAN_HEAD, check)
            read_at(fd, name, size - SCAN_TAIL, SCAN_TAIL, check)
            read_at(fd, name, size // 2, SCAN_MIDDLE, check)
        finally:
            os.close(fd)

    def worker():
        while True:
            with lock:
                name = next(queue, None)
            if name is None:
                return
            one(name)

    in_threads([worker] * threads)
    return len(names) * (SCAN_HEAD + SCAN_TAIL + SCAN_MIDDLE)


class Paced:
    """A reader that takes `rate` bytes a second in pieces of 128 KiB, and what it noticed."""

    def __init__(self, mount, name, rate, check=None):
        self._mount, self._name, self._rate, self._check = mount, name, rate, check
        self.read = 0
        self.longest = 0.0  # of one read, in seconds, after the first second

    def run(self, seconds, seek_every=None, seed=1):
        fd = os.open(self._mount.path(self._name), os.O_RDONLY)
        size = os.fstat(fd).st_size
        scenes = self._scenes(size, seek_every, seed)
        begin = now = time.monotonic()
        offset, next_seek, due = 0, begin + (seek_every or 1e9), begin
        try:
            while now < begin + seconds:
                if now >= next_seek:
                    offset = next(scenes)
                    next_seek += seek_every
                offset = (offset + self._one(fd, offset, now - begin > 1)) % (size - PIECE)
                due = max(due, time.monotonic() - 1) + PIECE / self._rate
                time.sleep(max(0.0, due - time.monotonic()))
                now = time.monotonic()
        finally:
            os.close(fd)

    def _scenes(self, size, seek_every, seed):
        """Places in random order, so far apart that none was read, or read ahead, before."""
        if seek_every is None:
            return iter(())
        apart = int(2 * seek_every * self._rate) // PIECE * PIECE
        places = list(range(apart, size - apart // 2, apart))
        random.Random(seed).shuffle(places)
        return iter(places)

    def _one(self, fd, offset, counts):
        begin = time.monotonic()
        data = os.pread(fd, PIECE, offset)
        if counts:
            self.longest = max(self.longest, time.monotonic() - begin)
        if not data:
            raise WrongBytes(f"{self._name} ends at {offset}")
        if self._check:
            self._check(self._name, offset, data)
        self.read += len(data)
        return len(data)


class Sampler:
    """Calls `probe` each 100 ms while the block runs and keeps what it gave."""

    def __init__(self, probe):
        self._probe = probe
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.values = []

    def _run(self):
        while not self._end.wait(0.1):
            self.values.append(self._probe())

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
