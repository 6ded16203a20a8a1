// Keeps the warnings of an open page fresh: the server says that something has changed, and the list is asked for anew. Everything else works without.
"use strict";

const list = document.getElementById("warning-rows");

async function refresh() {
  const answer = await fetch(window.location.href, { headers: { "X-Medaid-Fragment": "warnings" } });
  if (answer.status === 401) window.location.reload();
  if (!answer.ok) return;
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  list.replaceChildren(...fresh.body.childNodes);
  if (focused !== null) {
    for (const link of list.querySelectorAll("a")) {
      if (link.getAttribute("href") === focused) { link.focus({ preventScroll: true }); break; }
    }
  }
}

if (list !== null && "EventSource" in window) {
  let pending = false, again = false;
  const stream = new EventSource("/live");
  stream.onmessage = async () => {
    again = true;
    if (pending) return;
    pending = true;
    try {
      while (again) { again = false; await refresh(); }
    } finally { pending = false; }
  };
  window.addEventListener("pagehide", () => stream.close());
}
