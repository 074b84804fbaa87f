// Shows one row at a time and saves each change at once. Text from data only ever becomes text, never markup.
"use strict";

const TYPED = document.body.dataset.audit === "yes"
  ? ["label_is_wrong", "comment", "reviewer"] : ["tags", "label_is_wrong", "comment", "reviewer"];
const AUDIT = document.body.dataset.audit === "yes";
const $ = (id) => document.getElementById(id);
const GONE = "This row is no longer in the splits; what was written about it is kept.";
// Of each row `saved` is what the disk is known to hold, `cells` what the page shows; a save sends both.
let rows = [], fixes = {}, known = [], at = 0, saving = Promise.resolve(), unsaved = null, started = false;

const tagsOf = (cell) => [...new Set(cell.split(/[;,|\n\r]+/).map((tag) => tag.trim().replace(/\s+/g, " ")).filter(Boolean))];
const typed = (cells) => Object.fromEntries(TYPED.map((column) => [column, cells[column]]));
const lookedAt = (row) => AUDIT ? row.cells.label_is_wrong.trim() !== "" : TYPED.some((column) => row.cells[column].trim() !== "");
const isWrong = (cells) => /^(yes|y|true|1|x|ja|wahr|oui|vrai|sí|si|verdadero)$/i.test(cells.label_is_wrong.trim());

async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("mlstrat review serve does not answer; what you typed is still on this page");
  }
  const said = await answer.json().catch(() => ({ message: `answer ${answer.status}` }));
  if (!answer.ok) throw Object.assign(new Error([said.message, said.hint].filter(Boolean).join(" - ")), { cells: said.cells });
  return said;
}

function warn(error) {
  $("problem").hidden = !error;
  $("why").textContent = error ? `Not saved: ${error.message}` : "";
  $("again").hidden = !(unsaved && !unsaved.theirs);
}

async function load() {
  try {
    const state = await ask("api/state");
    rows = state.rows.map((row) => ({ ...row, saved: typed(row.cells) }));
    fixes = state.fixes;
    known = [...new Set([...state.tally.map((line) => line.tag), ...rows.flatMap((row) => tagsOf(row.cells.tags || ""))])];
    $("fix").append(...state.labels.map((label) => new Option(label, label)));
    $("reviewer").textContent = `Looking: ${state.reviewer}. Every change is in the file at once.`;
    showTally(state.tally);
    const wanted = Number(location.hash.slice(1)) - 1;
    at = rows[wanted] ? wanted : Math.max(0, rows.findIndex((row) => !lookedAt(row)));
    document.querySelector("main").hidden = false;
    started = true;
    await show();
  } catch (error) {
    warn(error);
    $("why").textContent = error.message;
  }
}

async function show() {
  const row = rows[at], mine = at;
  history.replaceState(null, "", `#${at + 1}`);
  for (const column of ["id", "label", "prediction"]) if ($(column)) $(column).textContent = row.cells[column];
  if ($("now-right")) $("now-right").hidden = !row.now_right;
  $("comment").value = row.cells.comment;
  marks();
  const example = await ask(`api/example?id=${encodeURIComponent(row.cells.id)}`).catch((error) => ({ here: false, why: error.message }));
  if (mine !== at) return;
  $("gone").hidden = example.here;
  $("gone").textContent = example.why || GONE;
  for (const kind of ["image", "audio"]) {
    const element = $(kind);
    element.hidden = !example[kind];
    if (example[kind]) element.src = `api/${kind}?id=${encodeURIComponent(row.cells.id)}`; else element.removeAttribute("src");
  }
  $("text").hidden = !example.text;
  $("text").textContent = example.text || "";
  $("features").hidden = !(example.features || []).length;
  $("features").tBodies[0].replaceChildren(...(example.features || []).map(([name, value]) => line("th", [name, value])));
}

function marks() {
  const row = rows[at], done = rows.filter(lookedAt).length, tags = tagsOf(row.cells.tags || "");
  $("place").textContent = `row ${at + 1} of ${rows.length}${lookedAt(row) ? ", looked at" : ""}`;
  $("looked-at").textContent = `${done} of ${rows.length} looked at`;
  $("progress").max = rows.length;
  $("progress").value = done;
  if ($("tags")) $("tags").replaceChildren(...known.map((tag, place) => chip(tag, place, tags.includes(tag))));
  $("wrong").setAttribute("aria-pressed", String(isWrong(row.cells)));
  if ($("right")) $("right").setAttribute("aria-pressed", String(lookedAt(row) && !isWrong(row.cells)));
  $("fix").disabled = !isWrong(row.cells) && !(row.cells.id in fixes);
  $("fix").value = fixes[row.cells.id] || "";
}

function chip(tag, place, on) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `${tag} `;
  button.setAttribute("aria-pressed", String(on));
  if (place < 10) button.append(Object.assign(document.createElement("kbd"), { textContent: String((place + 1) % 10) }));
  button.addEventListener("click", () => toggle(tag));
  return button;
}

function line(first, texts) {
  const tr = document.createElement("tr");
  tr.append(...texts.map((text, place) => Object.assign(document.createElement(place ? "td" : first), { textContent: text })));
  return tr;
}

function showTally(tally) {
  if (!$("lines")) return;
  const percent = (x) => (100 * x).toFixed(1);
  $("lines").replaceChildren(...tally.map((one) => line("th", [
    one.tag, `${one.count} of ${one.n}`,
    `${percent(one.share[0])} % (${percent(one.share[1])} to ${percent(one.share[2])} %)`,
    `${one.points[0].toFixed(1)} (${one.points[1].toFixed(1)} to ${one.points[2].toFixed(1)})`,
  ])));
}

// Saves are sent one after the other. What could not be saved stays on the page and goes with the next attempt.
function save(changes) {
  const row = rows[at];
  Object.assign(row.cells, { reviewer: row.cells.reviewer || "seen" }, changes);
  marks();
  return flush(row);
}

function flush(row) {
  $("status").textContent = "saving ...";
  saving = saving.then(() => send(row));
  return saving;
}

async function send(row) {
  const after = typed(row.cells);
  try {
    const said = await ask("api/save", { id: row.cells.id, before: row.saved, after });
    row.saved = typed(said.cells);
    if (TYPED.every((column) => row.cells[column] === after[column])) Object.assign(row.cells, said.cells);
    if (unsaved && unsaved.row === row) unsaved = null;
    showTally(said.tally);
    $("status").textContent = "saved";
    warn(null);
  } catch (error) {
    unsaved = { row, theirs: error.cells };
    $("status").textContent = "";
    warn(error);
    if (error.cells) $("theirs").textContent = TYPED.map((column) => `${column}: ${error.cells[column]}`).join("\n");
  }
  $("conflict").hidden = !(unsaved && unsaved.theirs);
  marks();
}

function toggle(tag) {
  const tags = tagsOf(rows[at].cells.tags);
  save({ tags: (tags.includes(tag) ? tags.filter((one) => one !== tag) : [...tags, tag]).join("; ") });
}

function addTag() {
  for (const tag of tagsOf($("new-tag").value)) {
    const same = known.find((one) => one.replace(/[\s_-]+/g, " ").toLowerCase() === tag.replace(/[\s_-]+/g, " ").toLowerCase());
    if (!same) known.push(tag);
    if (!tagsOf(rows[at].cells.tags).includes(same || tag)) toggle(same || tag);
  }
  $("new-tag").value = "";
  $("new-tag").blur();
}

async function fix(label) {
  try {
    fixes = (await ask("api/fix", { id: rows[at].cells.id, label })).fixes;
    warn(null);
    $("status").textContent = "saved";
  } catch (error) { warn(error); }
  marks();
}

function keepComment() {
  if ($("comment").value !== rows[at].cells.comment) save({ comment: $("comment").value });
}

function go(place) {
  keepComment();
  if (place < 0 || place >= rows.length) return;
  if (unsaved) { $("status").textContent = `row ${rows.indexOf(unsaved.row) + 1} is not saved yet`; return; }
  at = place;
  show();
}

function done() {
  keepComment();
  save(rows[at].cells.label_is_wrong.trim() ? {} : { label_is_wrong: "no" });
  const here = at;
  saving.then(() => { if (!unsaved && at === here) go(here + 1); });
}

function unseen() {
  const order = [...rows.keys()].map((step) => (at + 1 + step) % rows.length);
  const found = order.find((place) => !lookedAt(rows[place]));
  if (found === undefined) $("status").textContent = "every row was looked at"; else go(found);
}

const setWrong = (wrong) => save({ label_is_wrong: wrong ? "yes" : "no" });
const forget = () => save({ ...Object.fromEntries(TYPED.map((column) => [column, ""])), comment: rows[at].cells.comment });
const KEYS = {
  n: () => go(at + 1), ArrowRight: () => go(at + 1), p: () => go(at - 1), ArrowLeft: () => go(at - 1), Enter: done,
  u: unseen, x: forget, w: () => setWrong(AUDIT || !isWrong(rows[at].cells)), r: () => AUDIT && setWrong(false),
  c: () => $("comment").focus(), t: () => $("new-tag") && $("new-tag").focus(), f: () => !$("fix").disabled && $("fix").focus(),
};

document.addEventListener("keydown", (event) => {
  if (!started || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.closest("input, textarea, select, audio");
  if (field) {
    if (event.key === "Escape") field.blur();
    if (event.key === "Enter" && field === $("new-tag")) { event.preventDefault(); addTag(); }
    if (event.key === "Enter" && field === $("jump")) { go(Number(field.value) - 1); field.blur(); }
    return;
  }
  if (event.key === "Enter" && event.target.closest("button")) return;
  const number = /^[0-9]$/.test(event.key) ? (Number(event.key) + 9) % 10 : -1;
  if (!AUDIT && known[number] !== undefined) { event.preventDefault(); toggle(known[number]); }
  else if (KEYS[event.key]) { event.preventDefault(); KEYS[event.key](); }
});

$("previous").addEventListener("click", () => go(at - 1));
$("next").addEventListener("click", () => go(at + 1));
$("done").addEventListener("click", done);
$("unseen").addEventListener("click", unseen);
$("forget").addEventListener("click", forget);
$("wrong").addEventListener("click", () => setWrong(AUDIT || !isWrong(rows[at].cells)));
if ($("right")) $("right").addEventListener("click", () => setWrong(false));
$("fix").addEventListener("change", () => fix($("fix").value));
$("comment").addEventListener("change", keepComment);
$("image").addEventListener("error", () => {
  $("image").hidden = true;
  ask($("image").src).catch((error) => { $("gone").hidden = false; $("gone").textContent = error.message; });
});
$("again").addEventListener("click", () => flush(unsaved.row));
$("mine").addEventListener("click", () => {
  unsaved.row.saved = typed(unsaved.theirs);
  flush(unsaved.row);
});
$("take").addEventListener("click", () => {
  const { row, theirs } = unsaved;
  Object.assign(row.cells, theirs);
  row.saved = typed(theirs);
  unsaved = null;
  $("conflict").hidden = true;
  warn(null);
  at = rows.indexOf(row);
  show();
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved || (started && $("comment").value !== rows[at].cells.comment)) event.preventDefault();
});
load();
