// Everything works without this file. It keeps live parts fresh, copies secrets, reads files,
// sends a filter form when a choice changes, and guards against a double click.
"use strict";

const REFRESH_FLOOR_SECONDS = 2;

async function refresh(part) {
  const response = await fetch(part.dataset.liveFrom || location.href, {
    headers: { "X-Fragment": part.dataset.live },
    credentials: "same-origin",
  });
  if (!response.ok || response.redirected) return;
  const fresh = await response.text();
  if (part.contains(document.activeElement) && document.activeElement !== document.body) return;
  if (part.querySelector("details[open]")) return;
  if (part.dataset.last !== fresh) {
    part.innerHTML = fresh;
    part.dataset.last = fresh;
  }
}

function keepFresh(part) {
  const seconds = Math.max(Number(part.dataset.every) || 5, REFRESH_FLOOR_SECONDS);
  setInterval(() => {
    if (document.visibilityState === "visible") refresh(part).catch(() => undefined);
  }, seconds * 1000);
}

function offerCopy(box) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = box.dataset.copyLabel;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(box.querySelector("code").textContent);
    button.textContent = box.dataset.copiedLabel;
  });
  if (navigator.clipboard) box.append(button);
}

document.querySelectorAll("[data-live]").forEach(keepFresh);
document.querySelectorAll("[data-copy-label]").forEach(offerCopy);

document.querySelectorAll("form[data-auto]").forEach((form) => {
  form.addEventListener("change", () => form.requestSubmit());
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || "download" in form.dataset) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});

// A page from the back/forward cache must be able to send its forms again.
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

document.querySelectorAll("[data-stepper]").forEach((box) => {
  const count = box.querySelector("input");
  box.addEventListener("click", (event) => {
    const step = Number(event.target.dataset.step || 0);
    if (!step) return;
    const least = Number(count.min || 0);
    count.value = String(Math.max(least, (Number(count.value) || 0) + step));
  });
});

// A file that is chosen is put where its text may be read and corrected before it is sent.
document.querySelectorAll("input[data-fills]").forEach((chooser) => {
  chooser.closest("[hidden]").hidden = false;
  chooser.addEventListener("change", async () => {
    const [file] = chooser.files;
    if (file) document.getElementById(chooser.dataset.fills).value = await file.text();
  });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll("details.confirm[open], details.menu[open]").forEach((box) => {
    box.open = false;
    box.querySelector("summary").focus();
  });
});
