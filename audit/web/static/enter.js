// The token comes in the fragment, which browsers send to nobody, and goes into a cookie that no
// script can read.

const state = document.getElementById("state");
const token = new URLSearchParams(location.hash.slice(1)).get("token");

if (token) {
  state.textContent = "Opening …";
  try {
    const answer = await fetch("/enter", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Weir": "1" },
      body: JSON.stringify({ token }),
    });
    if (answer.ok) {
      location.replace(location.pathname + location.search);
    } else {
      state.textContent =
        "This token is not that of the server that runs now. Open the address that the terminal printed last.";
    }
  } catch {
    state.textContent = "The server does not answer. Is it still running in its terminal?";
  }
}
