// Of the palette beside the paper (canvas.js): its colours, and a pipette.
function swatch(value, label, className = "") {
  const made = Object.assign(document.createElement("input"), { type: "radio", name: "colour", value, className });
  made.ariaLabel = made.title = label;
  made.style.setProperty("--colour", value);
  return made;
}

// "#rrggbb" of what somebody typed, or null.
function asHex(text) {
  const found = /^\s*#?([0-9a-f]{3}|[0-9a-f]{6})\s*$/i.exec(text)?.[1].toLowerCase();
  if (!found) return null;
  return `#${found.length === 3 ? found.replace(/./g, "$&$&") : found}`;
}

// Takes a colour from any picture of the page: the answer, the drawing, the examples.
// After pipette() the next click takes one and gives found("#rrggbb"); Escape, or a click beside all pictures, null.
function pipette(found) {
  const root = document.documentElement;
  const stop = new AbortController();
  const always = { capture: true, signal: stop.signal };
  const end = (colour) => {
    stop.abort();
    root.style.cursor = "";
    shade.remove();
    found(colour);
  };
  // Over all of the page, so that the click does nothing else.
  const shade = document.createElement("div");
  shade.className = "genlib-pipette";
  Object.assign(shade.style, { position: "fixed", inset: 0, zIndex: 1e6, cursor: "crosshair" });
  document.body.append(shade);
  shade.onclick = ({ clientX, clientY }) => {
    shade.style.pointerEvents = "none";
    end(colourAt(document, clientX, clientY));
  };
  addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      end(null);
    },
    always,
  );
}

// The colour of the uppermost picture that is opaque at a point of the window.
function colourAt(root, x, y) {
  for (const each of root.elementsFromPoint(x, y)) {
    const within = each.shadowRoot && each.shadowRoot !== root && colourAt(each.shadowRoot, x, y);
    const found = within || sample(each.picture ?? each, each.getBoundingClientRect(), x, y);
    if (found) return found;
  }
  return null;
}

function sample(picture, box, x, y) {
  const width = picture.naturalWidth ?? (picture instanceof HTMLCanvasElement ? picture.width : 0);
  const height = picture.naturalHeight ?? picture.height;
  if (!width || !height || !box.width) return null;
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  const [left, top] = [((x - box.left) / box.width) * width, ((y - box.top) / box.height) * height].map(Math.floor);
  try {
    pen.drawImage(picture, left, top, 1, 1, 0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    return alpha < 128 ? null : "#" + [red, green, blue].map((n) => n.toString(16).padStart(2, "0")).join("");
  } catch {
    return null; // a picture from elsewhere, which scripts may not read
  }
}

