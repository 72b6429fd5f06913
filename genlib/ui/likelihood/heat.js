// A picture's surprise, pixel by pixel, with what was known before each and what was expected there. All of it is here:
// the server only hears where the cursor rests.
const COLOURS = ["#000004", "#420a68", "#932667", "#dd513a", "#fca50a", "#fcffa4"]; // inferno
const MOST = 7; // nats: what surprises by more, one in a thousand, has the same colour, or all else would be dark
const RGB = COLOURS.map((c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16)));

function colour(share) {
  const at = Math.min(Math.max(share, 0), 1) * (RGB.length - 1), i = Math.min(Math.floor(at), RGB.length - 2);
  return RGB[i].map((low, c) => Math.round(low + (at - i) * (RGB[i + 1][c] - low)));
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".heat");
  const { side, read, greys, nats, law, labels } = data, [pixel, version] = data.start;
  const [heat, before] = root.querySelectorAll(".field");
  const words = root.querySelector(".words"), bars = root.querySelector(".law");
  const highest = Math.max(1, ...nats), most = Math.min(highest, MOST);

  // Streamlit calls this again whenever the script has run, in the same elements: where the cursor is has to stay,
  // unless the server puts it elsewhere.
  const state = (root.state ??= { version: null, pixel: 0 });
  if (state.version !== version) Object.assign(state, { version, pixel });
  state.pixel = Math.min(state.pixel, side * side - 1);

  const paint = (canvas, of) => {
    canvas.width = canvas.height = side;
    const pen = canvas.getContext("2d"), image = pen.createImageData(side, side);
    for (let i = 0; i < side * side; i++) image.data.set([...of(i), 255], 4 * i);
    pen.putImageData(image, 0, 0);
  };
  const grey = (i) => {
    const level = Math.round(255 * greys[read[i]]);
    return [level, level, level];
  };
  // Not yet known: a chequered ground, which no picture has.
  const unknown = (i) => ((i % side) + Math.floor(i / side)) % 2 ? [128, 104, 96] : [104, 84, 78];

  const show = () => {
    const i = state.pixel, row = Math.floor(i / side), column = i % side, percent = 100 / side;
    for (const field of [heat, before]) {
      const cursor = field.querySelector("i");
      Object.assign(cursor.style, {
        left: `${column * percent}%`, top: `${row * percent}%`, width: `${percent}%`, height: `${percent}%`,
      });
    }
    const canvas = before.querySelector("canvas");
    paint(canvas, (j) => (j < i ? grey(j) : unknown(j)));
    canvas.setAttribute("aria-label", `The ${i} pixels before row ${row + 1}, column ${column + 1}`);
    const p = Math.exp(-nats[i]);
    const likely = p >= 0.995 ? "nearly certain" : p < 0.005 ? "nearly impossible" : `${Math.round(100 * p)} % likely`;
    const what = labels.length ? labels[read[i]] : `grey ${Math.round(255 * greys[read[i]])} of 255`;
    words.textContent =
      `Row ${row + 1}, column ${column + 1} is ${what}, which the model held for ${likely}: ` +
      `a surprise of ${nats[i].toFixed(nats[i] < 0.1 ? 3 : 2)} nats.`;
    heat.setAttribute("aria-valuenow", i + 1);
    heat.setAttribute("aria-valuetext", words.textContent);
    const groups = law[i].length, its = Math.floor((read[i] * groups) / greys.length);
    bars.setAttribute(
      "aria-label",
      "What the model expected there: " +
        law[i].map((q, g) => `${labels[g] ?? `shade ${g + 1}`} ${Math.round(100 * q)} %`).join(", "),
    );
    while (bars.children.length > groups) bars.lastElementChild.remove();
    while (bars.children.length < groups) {
      const bar = bars.appendChild(document.createElement("div"));
      bar.innerHTML = "<span></span><u></u><s></s><span></span>";
    }
    [...bars.children].forEach((bar, g) => {
      const [said, height, swatch, name] = bar.children, level = Math.round((255 * g) / Math.max(groups - 1, 1));
      bar.classList.toggle("is", g === its);
      said.textContent = groups <= 8 ? `${Math.round(100 * law[i][g])} %` : "";
      height.style.height = `${5 * law[i][g]}rem`;
      swatch.style.background = `rgb(${level} ${level} ${level})`;
      name.textContent = (labels[g] ?? "") + (g === its && labels.length ? " ✓" : "");
    });
  };

  const move = (pixel, rest) => {
    state.pixel = Math.min(Math.max(pixel, 0), side * side - 1);
    show();
    if (rest) setStateValue("place", { pixel: state.pixel });
  };
  const at = (event) => {
    const box = heat.getBoundingClientRect();
    const place = (offset, length) => Math.min(Math.max(Math.floor((offset / length) * side), 0), side - 1);
    return place(event.clientY - box.top, box.height) * side + place(event.clientX - box.left, box.width);
  };
  heat.onpointerdown = (event) => {
    if (event.button) return;
    heat.setPointerCapture(event.pointerId);
    heat.focus({ preventScroll: true });
    move(at(event), false);
  };
  heat.onpointermove = (event) => heat.hasPointerCapture(event.pointerId) && move(at(event), false);
  heat.onpointerup = (event) => heat.hasPointerCapture(event.pointerId) && move(at(event), true);
  heat.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -side, ArrowDown: side }[event.key];
    if (!step) return;
    event.preventDefault();
    const to = state.pixel + step;
    if (to >= 0 && to < side * side) move(to, false);
  };
  heat.onkeyup = (event) => event.key.startsWith("Arrow") && move(state.pixel, true);

  heat.setAttribute("aria-label", "Pixel that is looked at: click, or use the arrow keys");
  heat.setAttribute("aria-valuemax", side * side);
  root.querySelector(".most").textContent = `${most.toFixed(1)} nats${highest > most ? " or more" : ""}`;
  root.querySelector(".legend b").style.background = `linear-gradient(to right, ${COLOURS.join(", ")})`;
  paint(heat.querySelector("canvas"), (i) => colour(nats[i] / most));
  show();
}
