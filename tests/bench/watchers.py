"""Who looks at a mount while it works: Prometheus, a terminal with `status --watch`, a browser with the page; and one question
each by command, by control socket and by HTTP."""

import http.client
import json
import os
import pty
import socket
import subprocess
import threading
import time
import urllib.parse

from machine import wait_for

PROTOCOL = 1


def status_json(binary, point):
    """What the whole command gives."""
    result = subprocess.run([binary, "status", "--json", point], capture_output=True, check=False)
    if result.returncode != 0:
        raise OSError(f"status ended with status {result.returncode}: {result.stderr.decode(errors='replace')[-200:]}")
    return json.loads(result.stdout)


def page_of(binary, point):
    """"http://127.0.0.1:9780/"."""
    return status_json(binary, point)["page"]


def ask_page(page, path):
    """One connection, one GET, its body."""
    address = urllib.parse.urlsplit(page)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    try:
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200 or not body:
        raise OSError(f"/{path} answered {answer.status}")
    return body


def control_socket(point):
    """Where src/control/control_folder has it."""
    user, device = os.geteuid(), os.stat(point).st_dev
    session = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{user}")
    folders = ["/run/balancefs"] if user == 0 else [f"{session}/balancefs", f"/run/user/{user}/balancefs"]
    name = f"{os.major(device)}-{os.minor(device)}.sock"
    for folder in [*folders, f"/tmp/balancefs-{user}"]:
        if os.path.exists(f"{folder}/{name}"):
            return f"{folder}/{name}"
    raise OSError(f"no control socket {name}")


def ask_socket(point):
    """One connection, one line, the line that answers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(control_socket(point))
        connection.sendall(json.dumps({"protocol": PROTOCOL, "command": "status", "arguments": {}}).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            piece = connection.recv(1 << 20)
            if not piece:
                raise OSError("the control socket closed")
            answer += piece
    if b'"result"' not in answer:
        raise OSError(f"the control socket answered {answer[:200]!r}")


class Watched:
    """All three of them at once while the block runs; each has seen something before it begins, and still does at its end."""

    def __init__(self, binary, point):
        self._binary, self._point = binary, point
        self._end = threading.Event()
        self._seen = {"events": 0, "screen": 0, "metrics": 0}

    def __enter__(self):
        self._page = page_of(self._binary, self._point)
        self._terminal, terminal = pty.openpty()
        self._watch = subprocess.Popen([self._binary, "status", "--watch", self._point], stdin=terminal, stdout=terminal,
                                       stderr=subprocess.DEVNULL, env=os.environ | {"TERM": "xterm-256color"})
        os.close(terminal)
        self._events = subprocess.Popen(["curl", "-sN", f"{self._page}events"], stdout=subprocess.PIPE)
        jobs = (self._scrape, lambda: self._drain("screen", self._terminal),
                lambda: self._drain("events", self._events.stdout.fileno()))
        self._threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        for thread in self._threads:
            thread.start()
        wait_for(lambda: all(self._seen.values()), "everybody who watches seeing something")
        return self

    def __exit__(self, failure, *_):
        blind = [name for name, ended in (("screen", self._watch.poll()), ("events", self._events.poll())) if ended is not None]
        self._end.set()
        for process in (self._watch, self._events):
            process.terminate()
            process.wait()
        for thread in self._threads:
            thread.join()
        os.close(self._terminal)
        self._events.stdout.close()
        if failure is None and (blind or self._seen["metrics"] < 0):
            raise OSError(f"nobody saw {', '.join(blind) or 'metrics'} any more")

    def _scrape(self):
        """As Prometheus does: one connection that stays."""
        address = urllib.parse.urlsplit(self._page)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
        due = time.monotonic()
        try:
            while not self._end.wait(max(0.0, due - time.monotonic())):
                connection.request("GET", "/metrics")
                answer = connection.getresponse()
                if answer.status != 200 or not answer.read():
                    raise OSError(f"/metrics answered {answer.status}")
                self._seen["metrics"] += 1
                due += 1
        except (OSError, http.client.HTTPException):
            self._seen["metrics"] = -1
        finally:
            connection.close()

    def _drain(self, name, descriptor):
        try:
            while data := os.read(descriptor, 1 << 16):
                self._seen[name] += len(data)
        except OSError:
            pass  # a terminal whose program has ended
