// What models make of the plane or the line, painted anew at each moment that the server sends: one model, or several
// side by side, with one legend and one cursor. What is shown, and the values under the cursor, are the browser's business.
const chosen = new Map(); // place on the page -> what is hidden, which map is shown, and where the cursor is
const TINT = 0.62; // of a colour over the paper, where a map is most sure

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".arena");
  const fields = root.querySelector(".fields"), legend = root.querySelector(".legend");
  // What somebody chose to see stays, also where a slider that comes above the figure has Streamlit build it anew.
  if (!chosen.has(data.place)) chosen.set(data.place, { hidden: new Set(["pushes"]), map: undefined, at: null });
  const state = chosen.get(data.place);
  const [low, high] = data.view, dims = low.length, runs = data.runs;
  root.classList.toggle("line", dims === 1);
  while (fields.children.length > runs.length) fields.lastChild.remove();
  while (fields.children.length < runs.length) fields.append(field());
  const figures = runs.map((run, i) => {
    const figure = fields.children[i], [caption, canvas, readout] = ["figcaption", "canvas", ".readout"].map((s) => figure.querySelector(s));
    caption.textContent = run.called;
    caption.hidden = !run.called;
    canvas.setAttribute("aria-label", run.alt);
    return { run, canvas, readout };
  });
  const real = floats(data.real);

  // Of each run one map at a time, or none: the one that was chosen, or where it has none of that kind its first.
  const mapped = ({ maps }) => (state.map === null ? undefined : (maps.find(({ key }) => key === state.map) ?? maps[0]));

  const [samples, points, net, push] = data.words;
  const maps = new Map(runs.flatMap((run) => run.maps.map((map) => [map.key, map])));
  const items = [
    { key: "made", sign: "dot", text: samples, on: () => !state.hidden.has("made") },
    { key: "data", sign: "cross", text: points, on: () => !state.hidden.has("data") },
    ...(runs.some((run) => run.lattice) ? [{ key: "lattice", sign: "net", text: net, on: () => !state.hidden.has("lattice") }] : []),
    ...(runs.some((run) => run.pushes) ? [{ key: "pushes", sign: "arrow", text: push, on: () => !state.hidden.has("pushes") }] : []),
    ...[...maps.values()].map((map) => ({
      key: map.key, map: true, sign: map.two ? "both" : "one", text: map.text, on: () => runs.some((run) => mapped(run)?.key === map.key),
    })),
  ];
  const built = JSON.stringify(items.map(({ key, text }) => [key, text]));
  if (root.dataset.built !== built) {
    root.dataset.built = built;
    legend.replaceChildren(
      ...items.map(({ key, sign, text }) => {
        const button = Object.assign(document.createElement("button"), { type: "button" });
        button.dataset.key = key;
        button.append(Object.assign(document.createElement("i"), { className: sign }), document.createElement("span"));
        button.lastChild.textContent = text;
        return button;
      }),
    );
  }
  const press = () => items.forEach(({ on }, i) => legend.children[i].setAttribute("aria-pressed", on()));
  items.forEach(({ key, map, on }, i) => {
    legend.children[i].onclick = () => {
      if (map) state.map = state.map === key || (state.map === undefined && on()) ? null : key;
      else state.hidden.has(key) ? state.hidden.delete(key) : state.hidden.add(key);
      press();
      paint();
      tell();
    };
  });
  press();

  const ink = (name) => getComputedStyle(root.querySelector(`.ink.${name}`)).color;
  const shows = (key) => !state.hidden.has(key);
  const paint = () => {
    for (const { run, canvas } of figures) {
      const ratio = window.devicePixelRatio, width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
      if (!width || !height) continue;
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      const pen = canvas.getContext("2d"), made = floats(run.made), lattice = run.lattice && floats(run.lattice[0]);
      pen.clearRect(0, 0, width, height);
      const scene = { pen, width, height, ratio, map: mapped(run), ink, low, high, made, real, lattice, run, data, shows };
      (dims === 2 ? plane : line)(scene);
    }
  };

  const tell = () => {
    for (const { run, readout } of figures) readout.textContent = state.at ? said(run, state.at) : "";
  };
  const said = (run, [u, v]) => {
    const where = [low[0] + u * (high[0] - low[0]), ...(dims === 2 ? [low[1] + v * (high[1] - low[1])] : [])];
    const at = `at ${where.map((x) => x.toFixed(2)).join(", ")}`, map = mapped(run);
    if (!map) return at;
    const side = map.side, column = Math.min(side - 1, Math.round(u * (side - 1))), row = dims === 2 ? Math.round(v * (side - 1)) : 0;
    return `${at} · ${map.short} ${floats(map.values)[Math.min(side - 1, row) * side * (dims - 1) + column].toPrecision(3)}`;
  };
  for (const { canvas } of figures) {
    canvas.onpointermove = (event) => {
      const box = canvas.getBoundingClientRect(), share = (x) => Math.min(1, Math.max(0, x));
      state.at = [share((event.clientX - box.left) / box.width), share(1 - (event.clientY - box.top) / box.height)];
      tell();
    };
    canvas.onpointerleave = () => {
      state.at = null;
      tell();
    };
  }

  paint();
  tell();
  root.observer?.disconnect();
  root.observer = new ResizeObserver(paint);
  figures.forEach(({ canvas }) => root.observer.observe(canvas));
  return () => root.observer?.disconnect();
}

function field() {
  const figure = document.createElement("figure"), readout = Object.assign(document.createElement("div"), { className: "readout" });
  const paper = Object.assign(document.createElement("div"), { className: "field" }), canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  readout.setAttribute("aria-hidden", "true");
  paper.append(canvas);
  figure.append(document.createElement("figcaption"), paper, readout);
  return figure;
}

const decoded = new Map(); // the data of the last few messages: most of it comes again
function floats(text) {
  if (!decoded.has(text)) {
    if (decoded.size > 48) decoded.delete(decoded.keys().next().value);
    decoded.set(text, new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer));
  }
  return decoded.get(text);
}

const numbers = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);

function tinted({ values, side, low, high, two }, rows, ink) {
  const cells = new OffscreenCanvas(side, rows), pen = cells.getContext("2d"), image = pen.createImageData(side, rows);
  const paper = numbers(ink("paper")), made = numbers(ink("made")), data = numbers(ink("data")), dense = numbers(ink("dense"));
  const x = floats(values);
  for (let i = 0; i < side * rows; i++) {
    const share = Math.min(1, Math.max(0, (x[i] - low) / (high - low || 1)));
    const colour = two ? (share < 0.5 ? made : data) : dense;
    const tint = TINT * (two ? Math.abs(2 * share - 1) : Math.sqrt(share)); // a root: what is faint is seen, too
    const to = 4 * ((rows - 1 - Math.floor(i / side)) * side + (i % side)); // the first row is the lowest
    for (let c = 0; c < 3; c++) image.data[to + c] = paper[c] + tint * (colour[c] - paper[c]);
    image.data[to + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
  return cells;
}

function plane({ pen, width, height, ratio, map, ink, low, high, made, real, lattice, run, data, shows }) {
  const x = (at) => ((at - low[0]) / (high[0] - low[0])) * width;
  const y = (at) => (1 - (at - low[1]) / (high[1] - low[1])) * height;
  if (map) {
    const cell = width / (map.side - 1); // the outer places lie on the edges
    pen.drawImage(tinted(map, map.side, ink), -cell / 2, -cell / 2, width + cell, height + cell);
  }
  ticks(pen, ink, ratio, low, high, x, y, width, height);
  if (lattice && shows("lattice")) {
    const [, rows, columns] = run.lattice;
    pen.strokeStyle = ink("text");
    pen.globalAlpha = 0.34;
    pen.lineWidth = 0.8 * ratio;
    pen.beginPath();
    const go = (i, first) => pen[first ? "moveTo" : "lineTo"](x(lattice[2 * i]), y(lattice[2 * i + 1]));
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) go(r * columns + c, c === 0);
    if (rows > 1) for (let c = 0; c < columns; c++) for (let r = 0; r < rows; r++) go(r * columns + c, r === 0);
    pen.stroke();
  }
  pen.globalAlpha = 0.75;
  if (shows("data")) {
    pen.strokeStyle = ink("data");
    pen.lineWidth = ratio;
    pen.beginPath();
    const arm = 2 * ratio;
    for (let i = 0; i < real.length; i += 2) {
      const a = x(real[i]), b = y(real[i + 1]);
      pen.moveTo(a - arm, b - arm), pen.lineTo(a + arm, b + arm), pen.moveTo(a - arm, b + arm), pen.lineTo(a + arm, b - arm);
    }
    pen.stroke();
    pen.strokeStyle = ink("text");
    pen.globalAlpha = 0.45;
    for (const [a, b, radius] of data.modes) {
      pen.beginPath();
      pen.arc(x(a), y(b), Math.max(9 * ratio, (radius * width) / (high[0] - low[0])), 0, 2 * Math.PI);
      pen.stroke();
    }
  }
  if (shows("made")) {
    pen.globalAlpha = 0.72;
    pen.fillStyle = ink("made");
    for (let i = 0; i < made.length; i += 2) {
      pen.beginPath();
      pen.arc(x(made[i]), y(made[i + 1]), 2.1 * ratio, 0, 2 * Math.PI);
      pen.fill();
    }
  }
  if (run.pushes && shows("pushes")) arrows(pen, ink("text"), ratio, width, made, floats(run.pushes), x, y);
  pen.globalAlpha = 1;
}

// From each of the first samples, where its judge's value rises. Lengths are relative: a root, so that what is faint is
// seen, too.
function arrows(pen, colour, ratio, width, made, pushes, x, y) {
  let most = 1e-12;
  for (let i = 0; i < pushes.length; i += 2) most = Math.max(most, Math.hypot(pushes[i], pushes[i + 1]));
  pen.strokeStyle = colour;
  pen.globalAlpha = 0.8;
  pen.lineWidth = 1.2 * ratio;
  pen.beginPath();
  for (let i = 0; i < pushes.length; i += 2) {
    const size = Math.hypot(pushes[i], pushes[i + 1]), long = 0.075 * width * Math.sqrt(size / most);
    if (!(long > ratio)) continue;
    const dx = pushes[i] / size, dy = -pushes[i + 1] / size, head = Math.min(4 * ratio, long / 2);
    const a = x(made[i]), b = y(made[i + 1]), u = a + dx * long, v = b + dy * long;
    pen.moveTo(a, b), pen.lineTo(u, v);
    pen.moveTo(u - head * (dx - 0.6 * dy), v - head * (dy + 0.6 * dx)), pen.lineTo(u, v);
    pen.lineTo(u - head * (dx + 0.6 * dy), v - head * (dy - 0.6 * dx));
  }
  pen.stroke();
}

// On a line: samples as a histogram, the data's density as a curve, and a map as a curve with a scale of its own.
function line({ pen, width, height, ratio, map, ink, low, high, made, lattice, run, data, shows }) {
  const x = (at) => ((at - low[0]) / (high[0] - low[0])) * width;
  const law = floats(data.law), bins = 72, counts = new Array(bins).fill(0);
  for (const at of made) {
    const bin = Math.floor(((at - low[0]) / (high[0] - low[0])) * bins);
    if (bin >= 0 && bin < bins) counts[bin]++;
  }
  const each = (high[0] - low[0]) / bins, heights = counts.map((n) => n / made.length / each);
  const top = 1.15 * Math.max(...law, 1e-9) * 1.3, y = (density) => height * (1 - Math.min(1, density / top));
  ticks(pen, ink, ratio, low, high, x, null, width, height);
  if (shows("made")) {
    pen.fillStyle = ink("made");
    pen.globalAlpha = 0.55;
    heights.forEach((h, i) => pen.fillRect(x(low[0] + i * each) + 0.5, y(h), width / bins - 1, height - y(h)));
  }
  const curve = (values, at, colour, dash) => {
    pen.globalAlpha = 0.95;
    pen.strokeStyle = colour;
    pen.lineWidth = 2 * ratio;
    pen.setLineDash(dash.map((d) => d * ratio));
    pen.beginPath();
    values.forEach((value, i) => pen[i ? "lineTo" : "moveTo"]((i / (values.length - 1)) * width, at(value)));
    pen.stroke();
    pen.setLineDash([]);
  };
  if (shows("data")) curve([...law], y, ink("data"), []);
  if (map) curve([...floats(map.values)], (v) => height * (0.98 - 0.96 * Math.min(1, Math.max(0, (v - map.low) / (map.high - map.low || 1)))), ink("text"), [6, 4]);
  pen.globalAlpha = 1;
}

function ticks(pen, ink, ratio, low, high, x, y, width, height) {
  const wide = high[0] - low[0], step = [0.5, 1, 2, 5].find((s) => wide / s <= 7) ?? 10;
  pen.globalAlpha = 0.55;
  pen.fillStyle = ink("text");
  pen.font = `${11 * ratio}px sans-serif`;
  for (let at = Math.ceil(low[0] / step) * step; at < high[0]; at += step) {
    pen.textAlign = "center";
    if (x(at) > 14 * ratio && x(at) < width - 14 * ratio) pen.fillText(+at.toFixed(2), x(at), height - 5 * ratio);
  }
  if (y)
    for (let at = Math.ceil(low[1] / step) * step; at < high[1]; at += step) {
      pen.textAlign = "left";
      if (y(at) > 14 * ratio && y(at) < height - 20 * ratio) pen.fillText(+at.toFixed(2), 5 * ratio, y(at) + 4 * ratio);
    }
  pen.globalAlpha = 1;
}
