"""Where the data comes from: generated files, nginx with WebDAV on loopback, and shapers in front of it."""

import json
import os
import subprocess
import threading

from machine import MIB, ROOT, answers, die, free_port, wait_for

NGINX = """
daemon off; worker_processes 2; worker_rlimit_nofile 16384; error_log {dir}/error.log; pid {dir}/pid; {user}
load_module modules/ngx_http_dav_ext_module.so;
events {{ worker_connections 8192; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000; keepalive_timeout 600s;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  server {{ listen 127.0.0.1:{port} backlog=4096; root {root};
    location / {{ dav_ext_methods PROPFIND OPTIONS; }} }}
}}
"""
BLOCK = 4096


class Nginx:
    """Serves a folder; `corpus` fills it."""

    def __init__(self, scratch):
        self.root = scratch / "origin"
        self.root.mkdir()
        work = scratch / "nginx"
        work.mkdir()
        os.chmod(scratch, 0o755)
        self.port = free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        conf = work / "nginx.conf"
        conf.write_text(NGINX.format(dir=work, root=self.root, port=self.port, user=user))
        path = "/usr/sbin/nginx" if os.path.exists("/usr/sbin/nginx") else "nginx"
        self.process = subprocess.Popen([path, "-p", "/usr/share/nginx", "-c", conf], stderr=subprocess.DEVNULL)
        wait_for(lambda: answers(self.port), "nginx answering")
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self):
        self.process.terminate()
        self.process.wait()


class Corpus:
    """Files whose every 4 KiB block begins with a number of its own, so that no block can pass for another.

    Names are relative to the origin's root: "films/film007.bin".
    """

    def __init__(self, root):
        self.root = root
        self._noise = bytearray(os.urandom(MIB))
        self._serial = 0

    def file(self, name, size):
        path = self.root / name
        if path.exists() and path.stat().st_size == size:
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._serial += 1
        with open(path, "wb", buffering=0) as out:
            for first in range(0, size, MIB):
                out.write(self._piece(first)[: size - first])
        return name

    def files(self, folder, count, size):
        return [self.file(f"{folder}/{folder}{index:03}.bin", size) for index in range(count)]

    name_length = len(f"episode {0:06} of a show.mkv")

    def entries(self, folder, count):
        """So many files for their names and sizes: holes, of different lengths."""
        path = self.root / folder
        if path.exists() and (path / f"episode {count - 1:06} of a show.mkv").exists():
            return
        path.mkdir(parents=True, exist_ok=True)
        for index in range(count):
            out = os.open(path / f"episode {index:06} of a show.mkv", os.O_CREAT | os.O_WRONLY, 0o644)
            os.ftruncate(out, index * 37 % 100_003)
            os.close(out)

    def _piece(self, first):
        for offset in range(0, MIB, BLOCK):
            number = (self._serial << 40) + (first + offset) // BLOCK
            self._noise[offset : offset + 8] = number.to_bytes(8, "big")
        return memoryview(self._noise)


class Shaper:
    """tests/support/shaper as a process: round trip, bandwidth, faults and counts of one way to the origin."""

    binary = ROOT / "build/bench/tests/balancefs_shaper"

    def __init__(self, target_port, rtt="0ms", per_connection="0", total="0"):
        command = [self.binary, "--control", "--to", str(target_port), "--rtt", rtt, "--per-connection", per_connection,
                   "--total", total]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self._lock = threading.Lock()
        line = self.process.stdout.readline()
        if not line.startswith("listening on"):
            die("the shaper does not start")
        self.port = int(line.rsplit(":", 1)[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def _command(self, text):
        with self._lock:
            self.process.stdin.write(text + "\n")
            answer = self.process.stdout.readline().strip()
        if not answer or answer.startswith("error"):
            die(f"the shaper refused '{text}': {answer}")
        return answer

    def fault(self, name, argument=""):
        self._command(f"fault {name} {argument}".strip())

    def counts(self):
        return json.loads(self._command("counts"))

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Counted:
    """Requests and bytes that went through some shapers while the block ran."""

    def __init__(self, *shapers):
        self._shapers = shapers

    def __enter__(self):
        self._before = [shaper.counts() for shaper in self._shapers]
        return self

    def __exit__(self, *_):
        after = [shaper.counts() for shaper in self._shapers]
        self.requests = sum(b["requests"] - a["requests"] for a, b in zip(self._before, after))
        self.bytes = sum(b["bytes"] - a["bytes"] for a, b in zip(self._before, after))
