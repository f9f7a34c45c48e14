// Answers the messages "<client id> <session>" of the page around this frame with unchanged, changed or error.
"use strict";
const origins = document.documentElement.dataset.origins.split(" ").concat(location.origin);

function sessionOfBrowser() {
  const entry = document.cookie.split("; ").find((pair) => pair.startsWith("CIVIC_OS_SESSION_STATE="));
  return entry ? entry.slice(entry.indexOf("=") + 1) : "";
}

addEventListener("message", (event) => {
  if (!origins.includes(event.origin) || event.source !== parent) return;
  if (typeof event.data !== "string") return;
  const space = event.data.indexOf(" ");
  const answer = space < 1 ? "error" : event.data.slice(space + 1) === sessionOfBrowser() ? "unchanged" : "changed";
  parent.postMessage(answer, event.origin);
});
