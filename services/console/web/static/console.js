// Keeps the warnings of an open page fresh: the server says that something has changed, and the list is asked for anew. Everything else works without.
"use strict";

const AGAIN_MS = 2000;
const list = document.getElementById("warning-rows");

// Whether the list is fresh now; a server that is away for a moment is asked again.
async function refresh() {
  const answer = await fetch(window.location.href, { headers: { "X-Medaid-Fragment": "warnings" } });
  if (answer.status === 401) window.location.reload();
  if (!answer.ok) return answer.status === 401;
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  list.replaceChildren(...fresh.body.childNodes);
  if (focused !== null) {
    for (const link of list.querySelectorAll("a")) {
      if (link.getAttribute("href") === focused) { link.focus({ preventScroll: true }); break; }
    }
  }
  return true;
}

// A policy that is being tried: the page is asked for again until it is done.
const running = document.getElementById("reform-running");
if (running !== null) {
  const look = async () => {
    const answer = await fetch(window.location.href).catch(() => null);
    if (answer !== null && answer.ok && (await answer.text()).includes('id="reform-running"')) setTimeout(look, AGAIN_MS);
    else if (answer !== null) window.location.assign(window.location.href);
    else setTimeout(look, AGAIN_MS);
  };
  setTimeout(look, AGAIN_MS);
}

if (list !== null && "EventSource" in window) {
  let pending = false, again = false;
  const stream = new EventSource("/live");
  stream.onmessage = async () => {
    again = true;
    if (pending) return;
    pending = true;
    try {
      while (again) {
        again = false;
        if (!await refresh().catch(() => false)) {
          again = true;
          await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        }
      }
    } finally { pending = false; }
  };
  window.addEventListener("pagehide", () => stream.close());
}
