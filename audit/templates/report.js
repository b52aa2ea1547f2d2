/* Sorting and filtering of the table of languages; the page is whole without it. */
"use strict";
(() => {
  const table = document.querySelector("table[data-sorts]");
  const rows = table ? [...table.tBodies[0].rows] : [];
  const number = (cell) => {
    const text = cell.textContent.replace(/[,%<>]/g, "").replace("\u2212", "-").trim();
    const value = parseFloat(text);
    return Number.isNaN(value) ? null : value;
  };
  const sort = (column, isUp) => {
    const key = (row) => {
      const cell = row.cells[column];
      return cell.classList.contains("num") ? number(cell) : cell.textContent.trim().toLowerCase();
    };
    const keyed = rows.map((row, at) => ({ row, at, key: key(row) }));
    keyed.sort((a, b) => {
      if (a.key === b.key) return a.at - b.at;
      if (a.key === null || a.key === "") return 1;
      if (b.key === null || b.key === "") return -1;
      const order = typeof a.key === "number" ? a.key - b.key : a.key.localeCompare(b.key, "en");
      return isUp ? order : -order;
    });
    table.tBodies[0].append(...keyed.map((entry) => entry.row));
  };
  const sortable = (head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const isText = !head.classList.contains("num");
      const was = head.getAttribute("aria-sort");
      const isUp = was ? was === "descending" : isText;
      for (const other of table.tHead.querySelectorAll("[aria-sort]")) {
        other.removeAttribute("aria-sort");
      }
      head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      sort(head.cellIndex, isUp);
    });
  };
  const filterable = (place) => {
    const label = document.createElement("label");
    label.className = "filter";
    label.append("Filter languages ");
    const input = document.createElement("input");
    input.type = "search";
    input.autocomplete = "off";
    label.append(input);
    const shown = document.createElement("span");
    shown.className = "muted small";
    shown.setAttribute("role", "status");
    place.append(label, shown);
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      let count = 0;
      for (const row of rows) {
        const text = `${row.cells[0].textContent} ${row.dataset.own ?? ""}`.toLowerCase();
        row.hidden = !text.includes(wanted);
        count += row.hidden ? 0 : 1;
      }
      shown.textContent = wanted ? `${count} of ${rows.length}` : "";
    });
  };
  if (table) {
    for (const head of table.tHead.rows[0].cells) {
      if (!head.hasAttribute("data-fixed")) sortable(head);
    }
    filterable(document.getElementById("filter"));
  }

  // A link to a chapter or to pages of a reason opens what they are folded into.
  const open = () => {
    let id = "";
    try {
      id = decodeURIComponent(location.hash.slice(1));
    } catch {
      return;
    }
    const target = id && document.getElementById(id);
    if (!target) return;
    let isOpened = false;
    for (let at = target; at; at = at.parentElement) {
      if (at instanceof HTMLDetailsElement && !at.open) {
        at.open = true;
        isOpened = true;
      }
    }
    if (isOpened) target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  // Browsers without ::details-content print what is open.
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details.language, details.printed")) {
      folded.open = true;
    }
  });
  open();
})();
