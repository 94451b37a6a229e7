// Shows what /events sends: the same JSON as `balancefs status --json`. What is there is changed in place, so that the
// keyboard's focus and a reader's place stay where they are. Names come from storages: they become text, never markup.
"use strict";

const SAMPLES = 60;       // of a graph, one a second
const MOST_FILES = 100;
const MOST_CHANGES = 30;
const SILENCE = 5000;     // ms without a word, and the connection counts as lost

const $ = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };

// ---- words ---------------------------------------------------------------------------------------------------------

const size = (bytes) => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit++) bytes /= 1024;
  return `${unit && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
};
const span = (seconds) => {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} days`;
};
const counted = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;
const clock = (seconds) => {
  const at = new Date(seconds * 1000);
  const day = at.toDateString() === new Date().toDateString() ? "" : `${at.toLocaleDateString()} `;
  return day + at.toLocaleTimeString();
};
const STATES = { closed: "in use", open: "out", "half-open": "probed" };
const word = (state) => STATES[state] ?? state;

const condition = (member, now) => {
  if (member.state !== "closed") {
    const probe = member.next_probe ? `; tried again in ${span(member.next_probe - now)}` : "";
    const sign = member.state === "open" ? "✕" : "◐";
    return ["bad", sign, word(member.state), `for ${span(now - member.since)}: ${member.reason}${probe}`];
  }
  if (member.drained) return ["warn", "‖", "drained", "gets no new files"];
  if (member.throttled_until) return ["warn", "▽", "throttled", `for ${span(member.throttled_until - now)}`];
  if (member.emptied) return ["bad", "✕", "emptied", "its root lists nothing; balancefs refresh believes that"];
  if (member.lagging) return ["warn", "△", "lagging", "its listings come late; the last good ones are shown"];
  return ["good", "✓", "in use", ""];
};
const failures = (errors) => Object.entries(errors).map(([kind, count]) => `${count} ${kind}`).join(", ");

// ---- graphs --------------------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";
const make_graph = () => {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${SAMPLES - 1} 20`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.append(document.createElementNS(SVG, "polygon"), document.createElementNS(SVG, "polyline"));
  return svg;
};
const draw = (svg, rates) => {
  const most = Math.max(...rates, 1);
  const first = SAMPLES - rates.length;
  const points = rates.map((rate, i) => `${first + i},${(19 - 18 * rate / most).toFixed(1)}`);
  svg.lastChild.setAttribute("points", points.join(" "));
  svg.firstChild.setAttribute("points", [`${first},20`, ...points, `${SAMPLES - 1},20`].join(" "));
  svg.setAttribute("aria-label", `Rate over the last minute: now ${size(rates.at(-1))}/s, at most ${size(most === 1 ? 0 : most)}/s`);
};

// ---- the tree ------------------------------------------------------------------------------------------------------

let token = "";
let shape = "";                // of the tree that is shown
const groups = new Map();      // by path: its caption
const members = new Map();     // by mount path: what is shown of it

// With the class of their cells.
const COLUMNS = [["Member"], ["State"], ["Rate"], ["Opened", "number"], ["Open now", "number"], ["Delivered", "number"],
                 ["First byte", "number"], ["Action"]];

const make_member = (member) => {
  const cell = (label, kind = "") => make("td", { role: "cell", "data-label": label, class: kind });
  const view = {
    row: make("tr", { role: "row" }), sign: make("span", { "aria-hidden": "true" }), state: make("span"),
    why: make("span", { class: "small" }), where: make("span", { class: "small" }), failed: make("span", { class: "small" }),
    graph: make_graph(), rate: make("span"), rates: [], opens: cell("Opened", "number"), handles: cell("Open now", "number"),
    bytes: cell("Delivered", "number"), first: cell("First byte", "number"), button: make("button", { type: "button" }),
  };
  const state = cell("State");
  state.append(make("div", {}, make("span", { class: "state" }, view.sign, " ", view.state), view.why, view.failed));
  const rate = cell("Rate", "rate");
  rate.append(make("div", {}, view.graph, view.rate));
  const act = make("td", { role: "cell", class: "act" }, view.button);
  view.row.append(make("th", { role: "rowheader", scope: "row" }, member.name, view.where), state, rate, view.opens, view.handles,
                  view.bytes, view.first, act);
  view.button.addEventListener("click", () => change(view, member.name));
  members.set(member.name, view);
  return view.row;
};

const make_group = (group) => {
  const caption = make("caption");
  groups.set(group.path, caption);
  const head = make("tr", { role: "row" }, ...COLUMNS.map(([name, kind = ""]) =>
    make("th", { role: "columnheader", scope: "col", class: kind }, name)));
  return make("table", { role: "table" }, caption, make("thead", { role: "rowgroup" }, head),
              make("tbody", { role: "rowgroup" }, ...group.members.map(make_member)));
};

// Folders that only lead to groups are part of the tree too.
const build_tree = (all) => {
  const root = { folders: new Map(), group: null };
  for (const group of all) {
    let node = root;
    for (const name of group.path.split("/").filter(Boolean)) {
      if (!node.folders.has(name)) node.folders.set(name, { folders: new Map(), group: null });
      node = node.folders.get(name);
    }
    node.group = group;
  }
  const item = (path, node) => {
    const li = make("li", {}, node.group ? make_group(node.group) : make("span", { class: "folder" }, `${path}/`));
    if (node.folders.size) li.append(make("ul", {}, ...[...node.folders].map(([name, child]) => item(`${path}/${name}`, child))));
    return li;
  };
  members.clear();
  groups.clear();
  const top = root.group ? [item("", root)] : [...root.folders].map(([name, child]) => item(`/${name}`, child));
  $("tree").replaceChildren(...top);
};

const show_member = (member, now) => {
  const view = members.get(member.name);
  const [mood, sign, state, why] = condition(member, now);
  view.row.dataset.mood = mood;
  say(view.sign, sign);
  say(view.state, state);
  say(view.why, why);
  say(view.where, member.endpoint);
  const failed = failures(member.errors);
  say(view.failed, failed && `failed: ${failed}`);
  view.rates.push(member.rate);
  if (view.rates.length > SAMPLES) view.rates.shift();
  draw(view.graph, view.rates);
  say(view.rate, `${size(member.rate)}/s${member.running ? `, ${counted(member.running, "request")}` : ""}`);
  say(view.opens, String(member.opens));
  say(view.handles, String(member.handles));
  say(view.bytes, size(member.bytes));
  say(view.first, member.first_byte_p50 === null ? "–" : `${Math.round(member.first_byte_p50 * 1000)} ms`);
  say(view.button, member.drained ? "Undrain" : "Drain");
  view.button.setAttribute("aria-label", `${member.drained ? "Undrain" : "Drain"} ${member.name}`);
  view.button.dataset.drained = member.drained;
};

const show_tree = (status) => {
  const now_shape = JSON.stringify(status.groups.map((g) => [g.path, g.members.map((m) => m.name)]));
  if (now_shape !== shape) build_tree(status.groups);
  shape = now_shape;
  for (const group of status.groups) {
    const words = [group.members.length > 1 ? group.policy : "one storage", group.stripe && "stripe", group.hedge && "hedge",
                   group.divergent && `${counted(group.divergent, "path")} with copies that differ`];
    const caption = groups.get(group.path);
    const text = ` ${words.filter(Boolean).join(", ")}`;
    if (caption.dataset.text !== text) caption.replaceChildren(make("strong", {}, group.path), text);
    caption.dataset.text = text;
    for (const member of group.members) show_member(member, status.now);
  }
};

// ---- buttons -------------------------------------------------------------------------------------------------------

const notice = (text) => {
  $("message").hidden = !text;
  say($("message"), text);
};
const change = async (view, storage) => {
  if (view.button.getAttribute("aria-disabled")) return;
  const command = view.button.dataset.drained === "true" ? "undrain" : "drain";
  view.button.setAttribute("aria-disabled", "true");
  try {
    const answer = await fetch(`/${command}`, {
      method: "POST", body: JSON.stringify({ storage }),
      headers: { "Content-Type": "application/json", "X-Balancefs-Token": token },
    });
    if (!answer.ok) throw new Error(await answer.text());
    const done = await answer.json();
    const empty = done.left === 0 ? ` No storage of ${done.group} is left in rotation: opening files there fails.` : "";
    notice(command === "drain" ? `${storage} is drained: it gets no new files, and finishes those it has.${empty}`
                               : `${storage} is in rotation.`);
  } catch (error) {
    notice(`${command} ${storage}: ${error.message}`);
  } finally {
    view.button.removeAttribute("aria-disabled");
  }
};

// ---- files, transitions, facts -------------------------------------------------------------------------------------

const rows = (body, count, row) => {
  while (body.rows.length > count) body.deleteRow(-1);
  while (body.rows.length < count) body.append(row());
  return [...body.rows];
};
const plain_row = (labels, kinds = []) => () => make("tr", { role: "row" }, ...labels.map((label, i) =>
  make("td", { role: "cell", "data-label": label, class: kinds[i] ?? "" })));

const file_row = () => {
  const row = plain_row(["File", "Member", "Progress", "Size"], ["", "name", "fixed", "number"])();
  row.cells[2].append(make("span", {}, make("progress", { max: 1 }), " ", make("span")));
  return row;
};
const show_files = (status) => {
  const shown = status.handles.slice(0, MOST_FILES);
  rows($("files"), shown.length, file_row).forEach((row, i) => {
    const file = shown[i];
    const share = file.size ? Math.min(1, file.position / file.size) : 1;
    say(row.cells[0], `/${file.path}`);
    say(row.cells[1], file.member || "–");
    const [bar, percent] = row.cells[2].querySelectorAll("progress, span > span");
    bar.value = share;
    bar.setAttribute("aria-label", `Read of /${file.path}`);
    say(percent, `${Math.floor(share * 100)} %`);
    say(row.cells[3], size(file.size));
  });
  const more = status.open_files - shown.length;
  say($("more-files"), shown.length === 0 ? "None." : more > 0 ? `And ${more} more.` : "");
  $("files").parentElement.hidden = shown.length === 0;
};

let newest = null;  // the last transition that was told
const show_changes = (status) => {
  const shown = status.journal.slice(-MOST_CHANGES).reverse();
  const words = (change) => `${word(change.from)} → ${word(change.to)}`;
  rows($("changes"), shown.length, plain_row(["When", "Member", "Change", "Reason"], ["fixed", "name", "fixed"])).forEach((row, i) => {
    const one = shown[i];
    say(row.cells[0], clock(one.last));
    say(row.cells[1], one.member);
    say(row.cells[2], words(one));
    say(row.cells[3], one.reason + (one.times > 1 ? ` (${one.times} times)` : ""));
  });
  $("changes").parentElement.hidden = shown.length === 0;
  $("no-changes").hidden = shown.length !== 0;
  const before = newest;
  newest = Math.max(before ?? 0, ...status.journal.map((one) => one.time));
  if (before === null) return;
  const news = status.journal.filter((one) => one.time > before + 0.01);
  if (news.length) say($("announcements"), news.map((one) => `${one.member}: ${words(one)}, ${one.reason}`).join(". "));
};

const show_facts = (status) => {
  const facts = [["Up", span(status.now - status.started)],
                 ["Memory", `${size(status.memory.used)} of ${size(status.memory.budget)}`]];
  if (status.disk)
    facts.push(["Disk", status.disk.state === "on" ? `${size(status.disk.used)} of ${size(status.disk.size)}` : status.disk.state]);
  facts.push(["Open files", String(status.open_files)], ["Read", size(status.memory.bytes_read)], ["Version", status.version]);
  const list = $("facts");
  while (list.children.length > facts.length) list.lastChild.remove();
  while (list.children.length < facts.length) list.append(make("div", {}, make("dt"), make("dd")));
  facts.forEach(([name, value], i) => {
    say(list.children[i].firstChild, name);
    say(list.children[i].lastChild, value);
  });
  say($("mountpoint"), status.mountpoint);
  document.title = `balancefs ${status.mountpoint}`;
};

// ---- the connection ------------------------------------------------------------------------------------------------

let silence = 0;
const connected = (live) => {
  $("connection").dataset.state = live ? "live" : "lost";
  say($("connection").firstElementChild, live ? "●" : "✕");
  say($("connection-words"), live ? "live" : "connection lost, trying again");
  document.body.classList.toggle("lost", !live);
  clearTimeout(silence);
  if (live) silence = setTimeout(() => connected(false), SILENCE);
};
const connect = () => {
  const source = new EventSource("/events");
  source.addEventListener("hello", (event) => { token = JSON.parse(event.data).token; });
  source.addEventListener("state", (event) => {
    connected(true);
    const status = JSON.parse(event.data);
    show_facts(status);
    show_tree(status);
    show_changes(status);
    show_files(status);
  });
  source.addEventListener("error", () => {
    connected(false);
    // Refused rather than interrupted: the browser does not come back by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
};
connect();
