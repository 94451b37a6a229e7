// The status page by playwright-core, as somebody would use it who has npm: see README.md beside this.
//
// node page.mjs BALANCEFS   Mounts two members (root or fusermount3 needed), kills one of them while files are
// read, and expects the page to show it within two seconds; leaves screenshots in the folder named by SCREENSHOTS.
import { chromium } from "playwright-core";
import { spawn, execFileSync } from "node:child_process";
import { createServer } from "node:http";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const binary = path.resolve(process.argv[2]);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "balancefs-page-"));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const expect = (holds, what) => { if (!holds) throw new Error(`expected: ${what}`); console.log(`ok: ${what}`); };

// Two index pages with the same files; each can be killed.
const names = Array.from({ length: 40 }, (_, i) => `f${i}`);
const member = (port = 0) => new Promise((ready) => {
  const server = createServer((request, answer) => {
    const name = request.url.slice(1);
    answer.setHeader("Last-Modified", "Mon, 06 Jan 2025 10:00:00 GMT");
    if (name === "") {
      answer.setHeader("Content-Type", "text/html");
      return answer.end(`<html><head><title>Index of /</title></head><body><h1>Index of /</h1><hr><pre><a href="../">../</a>\n${
        names.map((n) => `<a href="${n}">${n}</a>  06-Jan-2025 10:00  5\n`).join("")}</pre><hr></body></html>`);
    }
    if (!names.includes(name)) { answer.statusCode = 404; return answer.end(); }
    answer.setHeader("Accept-Ranges", "bytes");
    const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "");
    const [from, to] = range ? [Number(range[1]), Math.min(4, Number(range[2] || 4))] : [0, 4];
    if (range) { answer.statusCode = 206; answer.setHeader("Content-Range", `bytes ${from}-${to}/5`); }
    const body = "hello".slice(from, to + 1);
    answer.setHeader("Content-Length", body.length);
    answer.end(request.method === "HEAD" ? undefined : body);
  }).listen(port, "127.0.0.1", () => ready(server));
});
const members = [await member(), await member()];
const config = path.join(folder, "mount.conf");
fs.writeFileSync(config, `[control]\nlisten = "127.0.0.1:0"\n[cache]\nmode = "memory"\ndir = "${folder}/cache"\n` +
  members.map((m, i) => `[[storage]]\npath = "/pt${i ? `.balance${i}` : ""}"\ntype = "http"\nurl = "http://127.0.0.1:${m.address().port}"\n`).join(""));
const point = path.join(folder, "mnt");
fs.mkdirSync(point);
const daemon = spawn(binary, ["mount", "--foreground", "--config", config, point], { stdio: ["ignore", "ignore", "pipe"] });
let log = "";
daemon.stderr.on("data", (text) => { log += text; });
const until = async (holds, what) => { for (let i = 0; !holds(); i++) { if (i > 300) throw new Error(`${what}\n${log}`); await pause(100); } };

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  await until(() => log.includes("mounted at"), "the mount");
  const url = JSON.parse(execFileSync(binary, ["status", "--json", point])).page;
  const page = await browser.newPage();
  const complaints = [];
  page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  const row = page.getByRole("row", { name: /^\/pt\.balance1/ });
  await row.getByText("in use").waitFor();

  // By programs of their own: this process serves what they ask for.
  const run = (script) => new Promise((done) => spawn("sh", ["-c", script, "sh", point], { stdio: "ignore" }).on("exit", done));
  await run('ls "$1/pt"');
  members[1].close();
  members[1].closeAllConnections();
  const killed = Date.now();
  const shown = row.getByText("out", { exact: true }).waitFor().then(() => Date.now() - killed);
  const reading = run('for i in $(seq 0 39); do cat "$1/pt/f$i"; done');
  const took = await shown;
  expect(took < 2000, `the page shows a dead member within two seconds (${took} ms)`);
  await reading;

  await page.getByRole("button", { name: "Drain /pt", exact: true }).click();
  await page.getByRole("button", { name: "Undrain /pt", exact: true }).press("Enter");
  await page.getByRole("button", { name: "Drain /pt", exact: true }).waitFor();
  expect(true, "buttons drain and undrain, by mouse and keyboard");

  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 1200]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth) <= width, `fits ${width} pixels, ${colorScheme}`);
      if (process.env.SCREENSHOTS)
        await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${colorScheme}-${width}.png`), fullPage: true });
    }
  }
  expect(complaints.length === 0, `no complaints in the console ${complaints.join("; ")}`);
} finally {
  await browser.close();
  daemon.kill("SIGTERM");
  await new Promise((done) => daemon.exitCode === null ? daemon.on("exit", done) : done());
  members[0].close();
  members[0].closeAllConnections();
  fs.rmSync(folder, { recursive: true, force: true });
}
