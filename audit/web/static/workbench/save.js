// Saving: the difference first, then a reason, then the file, unless it changed meanwhile.

import { Refusal, get, post } from "./api.js";
import { byId, make } from "./dom.js";
import { moves, query, session, state } from "./state.js";

const LEAST = 10;

/** Open the dialog. @param {() => void} onSaved */
export async function open(onSaved) {
  const dialog = byId("save-dialog");
  dialog.replaceChildren(make("h2", { id: "save-title", text: "Save thresholds" }), make("p", { text: "Comparing …" }));
  if (!dialog.open) dialog.showModal();
  try {
    form(dialog, await get(`/api/proposal?${query()}`), onSaved);
  } catch (error) {
    dialog.replaceChildren(make("h2", { id: "save-title", text: "Nothing can be saved" }), refused(error), closing(dialog));
  }
}

function refused(error) {
  return make("div", { class: "banner error", role: "alert" }, make("p", { text: error.message }), error.next ? make("p", { text: error.next }) : null);
}

const closing = (dialog) => make("p", { class: "buttons" }, make("button", { type: "button", text: "Close", on: { click: () => dialog.close() } }));

function difference(text) {
  const kinds = { "+": "added", "-": "removed", "@": "place" };
  const lines = text.split("\n").filter((line, n, all) => line || n < all.length - 1);
  return make("pre", { class: "difference", tabindex: "0", role: "region", "aria-label": "Difference of the file" },
    ...lines.map((line) => make("span", { class: /^(\+\+\+|---)/.test(line) ? "place" : kinds[line[0]] ?? "same", text: `${line}\n` })));
}

function form(dialog, found, onSaved) {
  const problem = make("div", {});
  const why = make("textarea", { id: "rationale", rows: 4, required: true, minlength: LEAST, maxlength: 4000, "aria-describedby": "rationale-hint" });
  const author = make("input", { id: "author", type: "text", required: true, maxlength: 64, autocomplete: "name" });
  author.value = session.annotator;
  const button = make("button", { type: "submit", class: "primary", text: "Save" });
  const check = () => { button.disabled = why.value.trim().length < LEAST || !author.value.trim(); };
  why.addEventListener("input", check);
  author.addEventListener("input", check);
  check();
  const submitted = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const saved = await post("/api/save", { lang: state.lang, moved: moves(), token: found.token, author: author.value, rationale: why.value });
      dialog.replaceChildren(make("h2", { id: "save-title", text: "Saved" }),
        make("p", {}, make("code", { text: saved.file })),
        make("p", {}, "Why: ", make("code", { text: saved.decision })),
        make("p", { class: "muted", text: "The run is as it was. Decide again with:" }), make("pre", { text: saved.command }), closing(dialog));
      onSaved();
    } catch (error) {
      problem.replaceChildren(refused(error));
      if (error instanceof Refusal && error.status === 409) {
        problem.append(make("p", { class: "buttons" }, make("button", { type: "button", text: "Show the new difference", on: { click: () => open(onSaved) } })));
      } else check();
    }
  };
  dialog.replaceChildren(
    make("h2", { id: "save-title", text: "Save thresholds" }),
    make("p", {}, found.is_new ? "A new file: " : "Into ", make("code", { text: found.path })),
    found.note ? make("p", { class: "muted small", text: found.note }) : null,
    difference(found.difference),
    make("form", { on: { submit: submitted } },
      make("label", { for: "rationale", text: "Why" }), why,
      make("p", { id: "rationale-hint", class: "muted small", text: `At least ${LEAST} characters: what you read, and what it showed. It goes into a decision record beside the file.` }),
      make("label", { for: "author", text: "Who" }), author,
      problem,
      make("p", { class: "buttons" }, button, " ", make("button", { type: "button", text: "Cancel", on: { click: () => dialog.close() } }))),
  );
  why.focus();
}
