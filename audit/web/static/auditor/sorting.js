/**
 * Tables marked `data-sort` are sorted by the column whose head is pressed.
 * @param {Document} page
 */
export function addSorting(page) {
  for (const table of page.querySelectorAll("table[data-sort]")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (head.querySelector(".hidden, .ticks")) return;
      const button = page.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, heads, column));
    });
  }
}

/**
 * @param {HTMLTableElement} table
 * @param {HTMLTableCellElement[]} heads
 * @param {number} column
 */
function sort(table, heads, column) {
  const isNumber = heads[column].classList.contains("num");
  const wasUp = heads[column].getAttribute("aria-sort") === "ascending";
  const wasDown = heads[column].getAttribute("aria-sort") === "descending";
  const isUp = isNumber ? wasDown : !wasUp;
  for (const head of heads) head.removeAttribute("aria-sort");
  heads[column].setAttribute("aria-sort", isUp ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, key: key(row.cells[column], isNumber) }));
  rows.sort((a, b) => (isUp ? 1 : -1) * compared(a.key, b.key));
  body.append(...rows.map(({ row }) => row));
}

/**
 * What a cell is sorted by; numbers that are not there come last in descending order.
 * @param {HTMLTableCellElement} cell
 * @param {boolean} isNumber
 */
function key(cell, isNumber) {
  const text = cell.textContent.trim();
  if (!isNumber) return text;
  const value = Number.parseFloat(text.replace(/[,\s]/g, "").replace("−", "-").replace(/^[<>]/, ""));
  return Number.isNaN(value) ? -Infinity : value;
}

function compared(a, b) {
  if (typeof a === "string") return a.localeCompare(b, "en", { numeric: true });
  return a === b ? 0 : a < b ? -1 : 1;
}
