// What Streamlit leaves to chance when a visitor comes back. After a lost connection its page is alive again, but the
// server may have forgotten the session meanwhile, or have been started anew: the first click would meet a script that
// has never run, and do nothing. So the page asks for a run as soon as the connection is there, with all that its widgets
// hold, and says so.
const SOON = 1500; // ms without a connection before that is told
const READ = 6000; // ms that "back" is shown

export default function ({ parentElement, data, setTriggerValue }) {
  const note = parentElement.querySelector(".note");
  if (note.end) return note.end; // the observer of the first call is still at it
  const app = document.querySelector("[data-testid=stApp]");
  let phase = "here", ran = false, timer;

  const say = (text) => {
    note.textContent = text;
    note.classList.toggle("shown", text !== "");
  };
  // Streamlit's own word for a lost connection lies over the page and asks whether its developer stopped the server.
  const shut = () => {
    for (const dialog of document.querySelectorAll("[data-testid=stDialog]"))
      if (dialog.textContent.startsWith("Connection error")) dialog.querySelector("[aria-label=Close]")?.click();
  };
  const dialogs = new MutationObserver(shut);
  const enter = (next) => {
    phase = next;
    if (phase === "away") dialogs.observe(document.body, { childList: true, subtree: true });
    else dialogs.disconnect();
    clearTimeout(timer);
    // Until the script has run, a click could still do nothing: genlib/ui/look.css holds it off.
    document.documentElement.classList.toggle("coming-back", phase === "returning");
  };

  const look = () => {
    const connected = app.dataset.testConnectionState === "CONNECTED";
    const running = app.dataset.testScriptState === "running";
    if (!connected && phase !== "away") {
      enter("away");
      timer = setTimeout(say, SOON, "The connection is lost. What you see stays; the page is trying to come back.");
    } else if (connected && phase === "away") {
      enter("returning");
      ran = false;
      setTriggerValue("back", true);
    } else if (phase === "returning") {
      ran ||= running;
      if (ran && !running) {
        enter("here");
        say("Reconnected: go on where you were.");
        timer = setTimeout(say, READ, "");
      }
    }
  };
  const observer = new MutationObserver(look);
  observer.observe(app, { attributes: true, attributeFilter: ["data-test-connection-state", "data-test-script-state"] });

  const leave = () => document.visibilityState === "hidden" && shareTheme(data.pages);
  document.addEventListener("visibilitychange", leave);
  window.addEventListener("pagehide", () => shareTheme(data.pages));

  note.end = () => {
    observer.disconnect();
    dialogs.disconnect();
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", leave);
    note.end = undefined;
  };
  return note.end;
}

// Streamlit keeps a theme that was chosen for the address alone at which the page was loaded. It is meant for all pages.
function shareTheme(pages) {
  try {
    const { pathname } = new URL(performance.getEntriesByType("navigation")[0].name);
    const last = pathname.slice(pathname.lastIndexOf("/") + 1);
    const base = pages.includes(last) ? pathname.slice(0, pathname.length - last.length) : `${pathname}/`;
    const versions = new Set(Object.keys(localStorage).map((key) => key.match(/^stActiveTheme-.*(-v\d+)$/)?.[1]));
    for (const version of versions) {
      if (!version) continue;
      const theme = localStorage.getItem(`stActiveTheme-${pathname}${version}`);
      for (const page of pages) {
        const key = `stActiveTheme-${base}${page}${version}`;
        if (theme === null) localStorage.removeItem(key);
        else localStorage.setItem(key, theme);
      }
    }
  } catch {} // the visitor's browser keeps nothing
}
