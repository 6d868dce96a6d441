// Keeps an open page up to date and shows times in the reader's zone. Without it every page still works.

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const hour = new Intl.DateTimeFormat(undefined, { hour: "numeric" }); // six stand side by side below a chart, also as "12 PM"

// ago writes how long something has lasted.
function ago(from) {
  const s = Math.max(0, Math.round((Date.now() - from) / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

// localise writes the times below an element in the reader's zone; today's without their date.
function localise(root) {
  for (const e of root.querySelectorAll("time[datetime]")) {
    const at = new Date(e.dateTime);
    e.title = full.format(at);
    if ("since" in e.dataset) e.textContent = ago(at);
    else if (at.toDateString() === new Date().toDateString()) e.textContent = clock.format(at);
    else e.textContent = `${day.format(at)}${at.getFullYear() === new Date().getFullYear() ? "" : " " + at.getFullYear()}, ${clock.format(at)}`;
  }
  for (const e of root.querySelectorAll("[data-time]")) {
    e.textContent = (e.dataset.form === "hour" ? hour : day).format(new Date(e.dataset.time));
  }
}

// element makes the element of a piece that the server rendered.
function element(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  localise(template.content);
  return template.content.firstElementChild;
}

// keep carries over what the reader did to an element: what is folded open, and what is ticked.
function keep(old, fresh) {
  for (const d of old.querySelectorAll("details[id]")) {
    const now = fresh.querySelector(`#${CSS.escape(d.id)}`);
    if (now) now.open = d.open;
  }
  for (const box of old.querySelectorAll("input[id]")) {
    const now = fresh.querySelector(`#${CSS.escape(box.id)}`);
    if (now && box.type === "checkbox") now.checked = box.checked;
  }
}

const stops = "a[href], button, input, select, textarea, summary, [tabindex]";

// heir is the element in a fresh piece that takes the focus over from the old one; undefined when the focus is elsewhere.
function heir(old, fresh) {
  const has = document.activeElement;
  if (!old.contains(has)) return undefined;
  if (has === old) return fresh;
  const same = has.id && fresh.querySelector(`#${CSS.escape(has.id)}`);
  return same || fresh.querySelectorAll(stops)[[...old.querySelectorAll(stops)].indexOf(has)];
}

// apply brings a region to the state that the server tells. What stays as it is is not touched, so that it keeps the focus.
function apply(id, { order, items }) {
  const region = document.getElementById(id);
  if (!region) return;
  const log = region.closest(".log");
  const atEnd = log && log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const had = new Map([...region.children].map((e) => [e.dataset.key || e.id, e]));
  const stay = new Set(order);
  for (const [key, e] of had) if (!stay.has(key)) e.remove();
  order.forEach((key, place) => {
    const old = had.get(key);
    let e = old;
    if (key in items) {
      e = element(items[key]);
      e.dataset.key = key;
      if (old) {
        keep(old, e);
        const focus = heir(old, e);
        old.replaceWith(e);
        focus?.focus({ preventScroll: true });
      } else e.classList.add("new");
    }
    if (e && region.children[place] !== e) region.insertBefore(e, region.children[place] ?? null);
  });
  if (atEnd) log.scrollTop = log.scrollHeight;
  for (const e of document.querySelectorAll(`[data-until-filled="${id}"]`)) e.hidden = region.childElementCount > 0;
}

// status says whether the page is kept up to date.
function status(text, state) {
  const e = document.getElementById("live");
  if (!e) return;
  e.hidden = false;
  e.className = `live ${state}`;
  if (e.textContent !== text) e.textContent = text;
}

let source; // the stream of updates, while there is one

function follow() {
  const address = new URL(location.href);
  address.hash = "";
  address.searchParams.set("live", document.body.dataset.live);
  const mine = (source = new EventSource(address));
  source.onopen = () => status("Live", "on");
  source.onerror = () => {
    if (mine.readyState === EventSource.CLOSED) {
      // The bot answered, but not with a stream: it was busy starting, or the session is over.
      status("Not live. Reload the page.", "off");
      setTimeout(() => { if (source === mine) follow(); }, 5000);
    } else status("Connection lost, trying again…", "off");
  };
  source.onmessage = (event) => {
    document.body.dataset.live = event.lastEventId;
    for (const [id, change] of Object.entries(JSON.parse(event.data).regions)) apply(id, change);
  };
}

// The server marks items by their key only when it sends them; those in the page are marked by place.
for (const region of document.querySelectorAll("[data-region]")) {
  for (const e of region.children) if (!e.dataset.key) e.dataset.key = e.id;
}
localise(document);
for (const log of document.querySelectorAll(".log")) log.scrollTop = log.scrollHeight;
setInterval(() => {
  for (const e of document.querySelectorAll("time[data-since]")) e.textContent = ago(new Date(e.dateTime));
}, 1000);
// A page that nobody sees lets go of its stream: a browser has few connections to one server over HTTP/1.1, and the pages
// of a handful of tabs would take them all. It catches up when it is seen again.
function attend() {
  if (!document.hidden) {
    if (!source) follow();
  } else if (source) {
    source.close();
    source = undefined;
    status("Paused", "");
  }
}

if (document.body.dataset.live !== undefined) {
  document.addEventListener("visibilitychange", attend);
  attend();
}
