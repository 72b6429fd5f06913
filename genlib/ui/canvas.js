// Paper to draw on, with its tools. The drawing is the browser's own: undo, redo and the tools ask nobody, and the server
// is told what is on the paper after each change. It outlives the component (other pages and modes), a new session of the
// server (a lost connection) and a reload of the page, within its tab.
const WIDTHS = { pen: [3, 6, 12], eraser: [12, 28, 64], brush: [10, 22, 48], fill: [16, 16, 16] }; // thin, medium, thick; pixels of the paper
const RECENT = 4; // colours of the visitor's own that are offered again
const PACE = 12; // pixels of the paper that an arrow key goes
const FINE = 2; // pixels of the canvas for one of the paper
const FOLLOW = 150; // ms after the last undo or redo of a quick row, when the server is told
const CLEAR = "clear"; // stands among the strokes, so that it can be undone as they can
const STORE = "genlib.paper ";

const drawings = new Map(); // name and sheet -> {done, undone, version}
const taken = new Set(); // versions that were brought back
const choices = new Map(); // name -> {tool, width, colour}

export default function ({ parentElement, data, setStateValue }) {
  const easel = parentElement.querySelector(".easel");
  easel.paper ??= new Paper(easel);
  easel.paper.show(data, setStateValue);
  return () => easel.paper.close();
}

class Paper {
  constructor(easel) {
    this.easel = easel;
    this.sheet = easel.querySelector(".sheet");
    [this.colours, this.lines, this.drops] = [...easel.querySelectorAll("canvas")].map((canvas) => canvas.getContext("2d"));
    [this.undo, this.redo, this.clear] = ["undo", "redo", "clear"].map((name) => {
      const button = easel.querySelector(`.${name}`);
      button.onclick = () => this.does(name);
      return button;
    });
    easel.querySelector(".bar").onchange = ({ target }) => this.choose({ [target.name]: target.value });
    const palette = easel.querySelector(".palette");
    palette.oninput = ({ target }) => target.type !== "text" && this.take(target.value);
    palette.onchange = ({ target }) => {
      const hex = target.type === "text" ? asHex(target.value) : target.type === "color" && target.value;
      if (hex) this.take(hex, true);
      else if (target.type === "text") this.choose({});
    };
    palette.querySelector(".pipette").onclick = () => pipette((hex) => hex && this.take(hex, true));
    this.sheet.onpointerdown = (event) => this.begin(event);
    this.sheet.onpointermove = (event) => this.go(event);
    this.sheet.onpointerup = this.sheet.onpointercancel = (event) => this.end(event);
    this.sheet.onkeydown = (event) => this.steer(event);
    this.sheet.onblur = () => this.point(null);
    this.keys = (event) => this.key(event);
    document.addEventListener("keydown", this.keys);
  }

  // What the server says: which paper, with which tools, and which version of the drawing it has.
  show(data, tell) {
    this.data = data;
    this.tell = tell;
    const { name, sheet, side, background, brush, fill, swatches } = data;
    this.easel.classList.toggle("painting", brush);
    this.easel.classList.toggle("filling", fill);
    this.sheet.setAttribute("role", fill ? "application" : "img"); // for a screen reader: the arrow keys are the paper's
    if (fill) this.sheet.tabIndex = 0;
    else this.sheet.removeAttribute("tabindex");
    this.easel.classList.toggle("over", background !== null);
    // For the pipette, which can't look at the background of an element.
    this.sheet.picture = background === null ? undefined : Object.assign(this.sheet.picture ?? new Image(), { src: background });
    this.sheet.style.backgroundImage = background === null ? "" : `url(${background})`;
    const palette = this.easel.querySelector(".palette");
    const offered = [...palette.querySelectorAll(".fixed")];
    if (offered.map(({ value }) => value).join() !== swatches.map(([value]) => value).join()) {
      offered.forEach((each) => each.remove());
      palette.querySelector("input").before(...swatches.map(([value, label]) => swatch(value, label, "fixed")));
    }
    const place = `${name} ${sheet}`;
    if (this.place !== place || this.side !== side) {
      this.end();
      if (this.waiting) this.send(); // of the sheet before
      Object.assign(this, { place, side, drawing: load(place) });
      for (const pen of [this.colours, this.lines, this.drops]) pen.canvas.width = pen.canvas.height = side * FINE;
      this.repaint();
    }
    // From a file that the visitor brought: once, in the place of what is on the paper.
    if (data.back && !taken.has(data.back.version)) {
      taken.add(data.back.version);
      Object.assign(this.drawing, { done: data.back.objects, undone: [], version: data.back.version });
      write(place, this.drawing);
      this.repaint();
    }
    this.choose({});
    // Told once in each session: an answer may be on its way while an older one arrives.
    if (data.version !== this.drawing.version && this.told !== `${data.session} ${this.drawing.version}`) this.send();
  }

  close() {
    this.end();
    clearTimeout(this.waiting);
    document.removeEventListener("keydown", this.keys);
  }

  choose(change) {
    const { name, brush, fill, background, swatches } = this.data;
    const first = { tool: "pen", width: 1, colour: swatches[0][0], recent: [] };
    const chosen = { ...first, ...(choices.get(name) ?? read(name)), ...change };
    choices.set(name, chosen);
    write(name, chosen);
    // A tool that is not there for now is not forgotten.
    let { tool } = chosen;
    if (tool === "fill" && !fill) tool = "brush";
    if (tool === "brush" && !brush) tool = "pen";
    if (tool === "pen" && background !== null) tool = fill ? "fill" : "brush";
    const widths = (tool === "pen" && this.data.pens) || WIDTHS[tool];
    this.chosen = { tool, width: widths[chosen.width], colour: chosen.colour };
    this.easel.classList.toggle("dropping", tool === "fill");
    const other = this.easel.querySelector("[type=color]");
    const recent = chosen.recent.filter((colour) => !swatches.some(([value]) => value === colour));
    const offered = [...this.easel.querySelectorAll(".recent")];
    if (offered.map(({ value }) => value).join() !== recent.join()) {
      offered.forEach((each) => each.remove());
      other.before(...recent.map((value) => swatch(value, value, "recent")));
    }
    const is = { tool, width: String(chosen.width), colour: chosen.colour };
    for (const input of this.easel.querySelectorAll("[type=radio]")) input.checked = is[input.name] === input.value;
    other.value = chosen.colour;
    this.easel.querySelector("[type=text]").value = chosen.colour;
  }

  // A colour of the palette. To choose one is to take a tool that uses it.
  take(colour, own = false) {
    const { name, fill, background } = this.data;
    const { tool } = this.chosen;
    const { recent = [] } = choices.get(name) ?? {};
    this.choose({
      colour,
      tool: ["brush", "fill"].includes(tool) ? tool : fill && background !== null ? "fill" : "brush",
      ...(own && { recent: [colour, ...recent.filter((each) => each !== colour)].slice(0, RECENT) }),
    });
  }

  // --- Drawing ---

  at({ clientX, clientY }) {
    const box = this.lines.canvas.getBoundingClientRect();
    const scaled = (at, from, length) => Math.round(((at - from) / length) * this.side * 10) / 10;
    return [scaled(clientX, box.left, box.width), scaled(clientY, box.top, box.height)];
  }

  begin(event) {
    if (this.stroke || !event.isPrimary || event.button > 0) return;
    event.preventDefault();
    if (this.chosen.tool === "fill") return this.drop(this.at(event));
    this.sheet.setPointerCapture(event.pointerId);
    const { tool, width, colour } = this.chosen;
    const { ink, paper, seeThrough } = this.data;
    this.last = this.at(event);
    this.stroke = {
      path: [["M", ...this.last]],
      stroke: { pen: ink, eraser: paper, brush: colour + seeThrough }[tool],
      strokeWidth: width,
    };
    this.paint(this.stroke);
  }

  go(event) {
    if (!this.stroke || !event.isPrimary) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) {
      const [x, y] = this.at(each);
      const [a, b] = this.last;
      if (Math.hypot(x - a, y - b) < 1) continue;
      const from = this.stroke.path.length - 1;
      // Curves through the middles between two points.
      this.stroke.path.push(["Q", a, b, (a + x) / 2, (b + y) / 2]);
      this.last = [x, y];
      this.paint(this.stroke, from);
    }
  }

  end(event) {
    if (!this.stroke || (event && !event.isPrimary)) return;
    const { stroke } = this;
    this.stroke = null;
    stroke.path.push(["L", ...this.last]);
    this.paint(stroke, stroke.path.length - 2);
    this.add(stroke);
  }

  add(stroke) {
    this.drawing.done.push(stroke);
    this.drawing.undone = [];
    this.mark();
    this.changed();
  }

  // --- A colour for a whole area ---

  drop([x, y]) {
    const { colour, width } = this.chosen;
    this.add({ path: [["M", x, y]], stroke: colour + this.data.fillMark, strokeWidth: width });
  }

  isDrop({ stroke }) {
    return stroke.length === 9 && stroke.endsWith(this.data.fillMark);
  }

  // The drops that no eraser went over, each a dot of its colour.
  mark() {
    const pen = this.drops;
    pen.setTransform(FINE, 0, 0, FINE, 0, 0);
    pen.clearRect(0, 0, this.side, this.side);
    let left = [];
    for (const stroke of this.shown) {
      if (this.isDrop(stroke)) left.push(stroke);
      else if (stroke.stroke === this.data.paper) left = left.filter((drop) => !touches(stroke, drop.path[0].slice(1)));
    }
    for (const { path, stroke } of left)
      for (const [radius, colour] of [[7, "#0008"], [6, "#fff"], [4, stroke.slice(0, 7)]]) {
        pen.beginPath();
        pen.arc(path[0][1], path[0][2], radius, 0, 2 * Math.PI);
        pen.fillStyle = colour;
        pen.fill();
      }
  }

  // By keys: arrows lead a cross over the paper, Enter and the space bar drop the colour there.
  steer(event) {
    if (!this.data.fill || event.ctrlKey || event.metaKey || event.altKey) return;
    const [x, y] = this.cursor ?? [this.side / 2, this.side / 2];
    const pace = event.shiftKey ? 1 : PACE;
    const to = { ArrowLeft: [-pace, 0], ArrowRight: [pace, 0], ArrowUp: [0, -pace], ArrowDown: [0, pace] }[event.key];
    const drops = event.key === "Enter" || event.key === " ";
    if (!to && !drops) return;
    event.preventDefault();
    if (to) this.point([x + to[0], y + to[1]].map((at) => Math.min(this.side - 1, Math.max(0, at))));
    else if (this.cursor) this.drop(this.cursor);
    else this.point([x, y]);
  }

  point(at) {
    this.cursor = at;
    const cross = this.easel.querySelector(".cross");
    cross.hidden = !at;
    if (at) Object.assign(cross.style, { left: `${(100 * at[0]) / this.side}%`, top: `${(100 * at[1]) / this.side}%` });
  }

  // --- Undo ---

  does(name) {
    const { done, undone } = this.drawing;
    if (this.stroke || this[name].disabled) return;
    if (name === "undo") undone.push(done.pop());
    if (name === "redo") done.push(undone.pop());
    if (name === "clear") {
      done.push(CLEAR);
      this.drawing.undone = [];
    }
    this.repaint();
    this.changed(name === "clear" ? 0 : FOLLOW);
  }

  key(event) {
    const { key, target } = event;
    if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("[role=dialog]")) return;
    // A field of text has an undo of its own.
    if (target.closest?.("input:not([type=radio], [type=checkbox], [type=color]), textarea, [contenteditable=true]")) return;
    const wanted = key.toLowerCase() === "z" ? (event.shiftKey ? "redo" : "undo") : key.toLowerCase() === "y" && "redo";
    if (!wanted) return;
    event.preventDefault();
    this.does(wanted);
  }

  // --- What is shown, kept and told ---

  get shown() {
    const { done } = this.drawing;
    return done.slice(done.lastIndexOf(CLEAR) + 1);
  }

  repaint() {
    for (const pen of [this.colours, this.lines]) pen.clearRect(0, 0, pen.canvas.width, pen.canvas.height);
    for (const stroke of this.shown) if (!this.isDrop(stroke)) this.paint(stroke);
    this.mark();
    this.label();
  }

  // A stroke, or what came to it after the command `from` of its path.
  paint({ path, stroke, strokeWidth }, from = 0) {
    const { ink, paper } = this.data;
    for (const pen of stroke === ink ? [this.lines] : stroke === paper ? [this.lines, this.colours] : [this.colours]) {
      pen.setTransform(FINE, 0, 0, FINE, 0, 0);
      pen.globalCompositeOperation = stroke === paper ? "destination-out" : "source-over";
      Object.assign(pen, { lineCap: "round", lineJoin: "round", lineWidth: strokeWidth, strokeStyle: stroke.slice(0, 7) });
      pen.beginPath();
      const [x, y] = path[from].slice(-2);
      pen.moveTo(x, y);
      pen.lineTo(x + 0.01, y); // a dot, where nothing follows
      for (const [command, ...numbers] of path.slice(from + 1))
        command === "Q" ? pen.quadraticCurveTo(...numbers) : pen.lineTo(...numbers);
      pen.stroke();
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.globalCompositeOperation = "source-over";
    }
  }

  label() {
    const { done, undone } = this.drawing;
    const count = this.shown.length;
    this.undo.disabled = !done.length;
    this.redo.disabled = !undone.length;
    this.clear.disabled = !count;
    this.sheet.ariaLabel = `Paper to draw on, with ${count === 1 ? "1 stroke" : `${count} strokes`}`;
  }

  changed(later = 0) {
    this.drawing.version = Math.random().toString(36).slice(2);
    write(this.place, this.drawing);
    this.label();
    clearTimeout(this.waiting);
    if (later) this.waiting = setTimeout(() => this.send(), later);
    else this.send();
  }

  send() {
    clearTimeout(this.waiting);
    this.waiting = null;
    const [{ session }, { version }] = [this.data, this.drawing];
    this.told = `${session} ${version}`;
    this.tell("drawing", { place: this.place, version, objects: this.shown });
  }
}

// Whether a stroke goes over a point.
function touches({ path, strokeWidth }, [x, y]) {
  let [a, b] = path[0].slice(-2);
  return path.some((command) => {
    const [c, d] = command.slice(-2);
    const [u, v] = [c - a, d - b];
    const share = Math.min(1, Math.max(0, ((x - a) * u + (y - b) * v) / (u * u + v * v || 1)));
    const near = Math.hypot(x - a - share * u, y - b - share * v) <= strokeWidth / 2;
    [a, b] = [c, d];
    return near;
  });
}

// --- What this tab of the browser keeps ---

function load(place) {
  if (!drawings.has(place)) {
    const { done, undone, version } = read(place) ?? {};
    const whole = Array.isArray(done) && Array.isArray(undone);
    drawings.set(place, whole ? { done, undone, version } : { done: [], undone: [], version: "" });
  }
  return drawings.get(place);
}

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(STORE + name));
  } catch {
    return null; // the visitor's browser keeps nothing
  }
}

function write(name, value) {
  const text = JSON.stringify(value);
  try {
    sessionStorage.setItem(STORE + name, text);
  } catch {
    // Full, or not allowed: the older drawings go, and if that is not enough, this one lives as long as the page.
    try {
      Object.keys(sessionStorage).filter((key) => key.startsWith(STORE)).forEach((key) => sessionStorage.removeItem(key));
      sessionStorage.setItem(STORE + name, text);
    } catch {}
  }
}
