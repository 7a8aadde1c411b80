/* The study's page: asks the server where this person is, shows that, sends what is answered.
 * Everything works by keyboard; nothing is kept here but how long each version was played. */
"use strict";

const sections = ["loading", "welcome", "question", "done"];
const invite = new URLSearchParams(location.search).get("invite");
const get = (id) => document.getElementById(id);
let question = null; /* {place, n, listen_s, versions}, as the server sent it */
let players = []; /* [{video, radio, heard, label, box, played_s, at_s}] */
let isSending = false;

/* ---- the server ------------------------------------------------------------------------ */

async function ask(name, body) {
  const url = `/api/${name}` + (invite ? `?invite=${encodeURIComponent(invite)}` : "");
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(url, options);
  const state = await response.json();
  if (!response.ok) throw Object.assign(new Error(state.error), { status: response.status });
  return state;
}

function show(state) {
  for (const id of sections) get(id).hidden = id !== state.stage;
  if (state.stage === "welcome") showWelcome(state);
  if (state.stage === "question") showQuestion(state);
  if (state.stage === "done") players.forEach((p) => p.video.pause());
  get(state.stage).querySelector("h1").focus();
}

async function load() {
  get("trouble").className = "calm";
  try {
    show(await ask("state"));
  } catch (error) {
    get("trouble").className = "";
    get("trouble").textContent = "The study cannot be reached. Please reload the page.";
  }
}

/* ---- the questions about a person --------------------------------------------------------- */

function showWelcome(state) {
  get("count").textContent = state.n === 1 ? "1 video" : `${state.n} videos`;
  if (state.needs_invite && !invite)
    get("refused").textContent = "Please open the link that you were invited with.";
}

get("profile").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  try {
    show(await ask("begin", { theory: form.get("theory") === "yes", habit: Number(form.get("habit")) }));
  } catch (error) {
    get("refused").textContent = `This did not work: ${error.message}.`;
  }
});

/* ---- a question ---------------------------------------------------------------------------- */

function element(name, properties, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

function makePlayer(url, index) {
  const radio = element("input", { type: "radio", name: "choice", value: String(index) });
  const video = element("video", { src: url, preload: "auto", controls: true, playsInline: true });
  const heard = element("span", { className: "heard" });
  const label = element("label", {}, radio, element("kbd", { textContent: String(index + 1) }),
    ` Version ${index + 1}`);
  const box = element("div", { className: "version" }, label, video, heard);
  const player = { video, radio, heard, box, played_s: 0, at_s: 0 };
  video.setAttribute("aria-label", `Version ${index + 1}`);
  video.tabIndex = -1; /* one stop for all versions: their radio buttons */
  video.addEventListener("play", () => onPlay(player));
  video.addEventListener("seeking", () => { player.at_s = video.currentTime; });
  video.addEventListener("timeupdate", () => onTime(player));
  video.addEventListener("ended", () => onTime(player));
  return player;
}

function showQuestion(state) {
  question = state;
  players.forEach((p) => { p.video.pause(); p.video.removeAttribute("src"); p.video.load(); });
  players = state.versions.map(makePlayer);
  get("versions").replaceChildren(...players.map((p) => p.box));
  get("answer").reset();
  get("progress").max = state.n;
  get("progress").value = state.place - 1;
  get("place").textContent = `Video ${state.place} of ${state.n}`;
  get("last-key").textContent = String(state.versions.length);
  refresh();
}

/* One version plays at a time. The event may come late, when another was chosen meanwhile. */
function onPlay(player) {
  if (player.video.paused) return;
  for (const p of players) if (p !== player) p.video.pause();
  player.at_s = player.video.currentTime;
}

/* What was played, not what was skipped. */
function onTime(player) {
  const step = player.video.currentTime - player.at_s;
  if (step > 0 && step < 2) player.played_s += step;
  player.at_s = player.video.currentTime;
  refresh();
}

function missing(player) {
  return Math.max(0, question.listen_s - player.played_s);
}

function chosen() {
  const radio = get("answer").querySelector("input[name=choice]:checked");
  return radio ? Number(radio.value) : null;
}

/* What still is to be done before the answer can be sent. */
function todo() {
  const unheard = players.map((p, i) => (missing(p) > 0 ? i + 1 : 0)).filter(Boolean);
  if (unheard.length)
    return `Listen to version ${unheard.join(", ")} first, ${Math.ceil(question.listen_s)} s each.`;
  return chosen() === null ? "Choose a version, or no preference." : "";
}

function refresh() {
  players.forEach((p, i) => {
    p.box.classList.toggle("chosen", chosen() === i);
    p.heard.textContent = missing(p) > 0 ? `${Math.ceil(missing(p))} s to listen` : "heard";
  });
  const status = todo();
  if (get("status").textContent !== status) get("status").textContent = status;
  get("answer").querySelector("button").setAttribute("aria-disabled", String(status !== ""));
}

async function sendAnswer() {
  if (isSending || todo()) return;
  isSending = true;
  try {
    show(await ask("answer", {
      place: question.place,
      choice: chosen(),
      played_s: players.map((p) => p.played_s),
    }));
  } catch (error) {
    if (error.status === 409 || error.status === 401) await load(); /* answered in another window */
    else get("status").textContent = "The answer could not be sent. Please try again.";
  } finally {
    isSending = false;
  }
}

get("answer").addEventListener("submit", (event) => {
  event.preventDefault();
  sendAnswer();
});
get("answer").addEventListener("change", refresh);

/* ---- keys ----------------------------------------------------------------------------------- */

function choose(index) {
  const radio = get("answer").querySelector(`input[name=choice][value="${index}"]`);
  if (!radio) return;
  radio.checked = true;
  radio.focus();
  players.forEach((p, i) => { if (i !== index) p.video.pause(); });
  if (index >= 0) players[index].video.play().catch(() => {});
  refresh();
}

function step(by) {
  const n = players.length, at = chosen();
  choose(at === null || at < 0 ? (by > 0 ? 0 : n - 1) : (at + by + n) % n);
}

function togglePlay() {
  const playing = players.find((p) => !p.video.paused);
  if (playing) playing.video.pause();
  else if (chosen() !== null && chosen() >= 0) players[chosen()].video.play().catch(() => {});
  else choose(0);
}

const keys = {
  ArrowRight: () => step(1),
  ArrowDown: () => step(1),
  ArrowLeft: () => step(-1),
  ArrowUp: () => step(-1),
  " ": togglePlay,
  Enter: sendAnswer,
};

/* Keys that mean something where the focus is stay there: a player's own, a button's space. */
function isTaken(event) {
  const name = event.target.nodeName;
  return (name === "VIDEO" && !/^[0-9]$/.test(event.key)) || (name === "BUTTON" && event.key === " ");
}

document.addEventListener("keydown", (event) => {
  if (get("question").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
  if (isTaken(event)) return;
  const digit = /^[0-9]$/.test(event.key) && Number(event.key);
  const act = digit !== false ? () => choose(digit - 1) : keys[event.key];
  if (!act || (event.key === "Enter" && event.repeat)) return;
  event.preventDefault();
  act();
});

load();
