// What Streamlit leaves to chance when a visitor comes back. After a lost connection its page is alive again, but the
// server may have forgotten the session meanwhile, or have been started anew: the first click would meet a script that
// has never run, and do nothing. So the page asks for a run as soon as the connection is there, with all that its widgets
// hold, and says so.
const SOON = 1500; // ms without a connection before that is told
const READ = 6000; // ms that "reconnected" is shown
const ASLEEP = 60000; // ms out of sight after which a connection may be dead without anybody knowing
const ANSWER = 5000; // ms after which a server that was asked has not heard of it
const PATIENCE = 15000; // ms after which clicks are let through, however long the run takes

export default function ({ parentElement, data, setTriggerValue }) {
  const note = parentElement.querySelector(".note");
  if (note.end) return note.end; // the first call is still at it
  const app = document.querySelector("[data-testid=stApp]");
  const leaving = new AbortController();
  const on = (target, name, does) => target.addEventListener(name, does, { signal: leaving.signal });
  let phase = "here", ran = false, hidden = 0, timer;

  const say = (text) => {
    note.textContent = text;
    note.classList.toggle("shown", text !== "");
  };

  // Streamlit's own word for a lost connection lies over the page and asks whether its developer stopped the server.
  const dialogs = new MutationObserver(() => {
    for (const dialog of document.querySelectorAll("[data-testid=stDialog]"))
      if (dialog.textContent.startsWith("Connection error")) dialog.querySelector("[aria-label=Close]")?.click();
  });

  // here -> away -> returning -> here, or, where the connection only may be lost, here -> asking -> here.
  const enter = (next) => {
    phase = next;
    clearTimeout(timer);
    if (phase === "away") dialogs.observe(document.body, { childList: true, subtree: true });
    else dialogs.disconnect();
    // Until the script has run, a click could do nothing: genlib/ui/look.css holds it off.
    document.documentElement.classList.toggle("coming-back", phase === "returning" || phase === "asking");
  };
  const run = (next) => {
    enter(next);
    ran = false;
    setTriggerValue("back", true);
    timer = setTimeout(done, PATIENCE);
  };
  const done = () => {
    if (phase === "returning") say("Reconnected: go on where you were.");
    enter("here");
    timer = setTimeout(fade, READ);
  };
  const fade = () => document.visibilityState === "visible" && say("");

  const look = (changes) => {
    const connected = app.dataset.testConnectionState === "CONNECTED";
    const running = app.dataset.testScriptState === "running";
    if (!connected && phase !== "away") {
      enter("away");
      timer = setTimeout(say, SOON, "The connection is lost. What you see stays; the page is trying to come back.");
    } else if (connected && phase === "away") {
      run("returning");
    } else if (phase === "returning" || phase === "asking") {
      ran ||= running || changes.some(({ oldValue }) => oldValue === "running");
      if (ran && !running) done();
    }
  };
  const observer = new MutationObserver(look);
  const watched = ["data-test-connection-state", "data-test-script-state"];
  observer.observe(app, { attributeFilter: watched, attributeOldValue: true });

  // A telephone that slept, a network that was gone: the socket may be dead and nobody has told the browser.
  const ask = () => {
    if (phase !== "here") return;
    run("asking");
    setTimeout(() => {
      if (phase === "asking" && !ran) sockets.last?.dispatchEvent(new CloseEvent("close", { code: 1006 }));
    }, ANSWER);
  };
  on(window, "online", ask);
  on(document, "visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      hidden = Date.now();
      shareTheme(data.pages);
    } else {
      if (phase === "here") timer = setTimeout(fade, READ); // what was said meanwhile has not been read
      if (Date.now() - hidden > ASLEEP) ask();
    }
  });
  on(window, "pagehide", () => shareTheme(data.pages));

  note.end = () => {
    leaving.abort();
    observer.disconnect();
    enter("here");
    note.end = undefined;
  };
  return note.end;
}

// The socket that Streamlit sends by. To tell it that this one is dead is the only way to have it connect anew.
const sockets = { last: null };
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (...message) {
  sockets.last = this;
  return send.apply(this, message);
};

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
