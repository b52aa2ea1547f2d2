/**
 * Forms marked `data-original` ask for a record's archived bytes and show them as text.
 * @param {Document} page
 */
export function addOriginals(page) {
  for (const form of page.querySelectorAll("form[data-original]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const shown = place(page, form);
      shown.textContent = "Reading …";
      shown.textContent = await asked(form);
    });
  }
}

/** The element after a form that its answer is shown in. */
function place(page, form) {
  const next = form.nextElementSibling;
  if (next?.classList.contains("original")) return next;
  const made = page.createElement("pre");
  made.className = "original";
  made.tabIndex = 0;
  made.dir = "auto";
  made.setAttribute("role", "region");
  made.setAttribute("aria-label", "Original bytes");
  made.setAttribute("aria-live", "polite");
  form.after(made);
  return made;
}

async function asked(form) {
  const body = { run: form.dataset.run, doc_id: form.dataset.doc, why: form.elements.why.value };
  try {
    const answer = await fetch("/api/original", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Weir": "1" },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    if (!answer.ok) return `${said.error} ${said.next ?? ""}`;
    const cut = said.is_cut ? `\n\n(Only the first ${said.bytes.toLocaleString("en")} bytes are shown.)` : "";
    return said.text + cut;
  } catch {
    return "The server does not answer. Is it still running in its terminal? Nothing was shown.";
  }
}
