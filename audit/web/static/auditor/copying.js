/**
 * A button after each text marked `data-copy` that copies it.
 * @param {Document} page
 */
export function addCopying(page) {
  for (const text of page.querySelectorAll("[data-copy]")) {
    const button = page.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${text.textContent.slice(0, 60)}`);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        said(button, "Copied");
      } catch {
        getSelection().selectAllChildren(text);
        said(button, "Selected: press Ctrl+C");
      }
    });
    text.after(" ", button);
  }
}

/**
 * Say for two seconds what happened.
 * @param {HTMLButtonElement} button
 * @param {string} what
 */
function said(button, what) {
  button.textContent = what;
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2000);
}
