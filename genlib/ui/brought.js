// A picture that a visitor brought. The server has it in memory only, and for this session; the browser keeps it for its
// tab, and gives it to a new session that does not know it.
const pictures = new Map(); // name -> data URL
const STORE = "genlib.picture ";

export default function ({ parentElement, data, setTriggerValue }) {
  const image = parentElement.querySelector("img");
  const { name, picture, removed, small, session } = data;
  image.classList.toggle("small", small);
  if (picture) keep(name, picture);
  if (removed) forget(name);
  const shown = picture ?? load(name);
  image.hidden = !shown;
  if (shown && image.src !== shown) image.src = shown;
  if (!picture && shown && image.told !== session) {
    image.told = session;
    setTriggerValue("picture", shown);
  }
}

function load(name) {
  if (!pictures.has(name)) {
    try {
      pictures.set(name, sessionStorage.getItem(STORE + name));
    } catch {} // the visitor's browser keeps nothing
  }
  return pictures.get(name);
}

function keep(name, picture) {
  if (pictures.get(name) === picture) return;
  pictures.set(name, picture);
  try {
    sessionStorage.setItem(STORE + name, picture);
  } catch {
    forgetStored(name); // too large: not the one before, either
  }
}

function forget(name) {
  pictures.set(name, null);
  forgetStored(name);
}

function forgetStored(name) {
  try {
    sessionStorage.removeItem(STORE + name);
  } catch {}
}
