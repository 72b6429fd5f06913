// A grid on the plane on its way through invertible layers, coloured by how much space was stretched there by then.
// All of it is here: the server hears of nothing.
const LESS = [47, 97, 160], MORE = [206, 92, 24]; // squeezed, stretched: told apart by every eye
const MOVE = 350; // ms from layer to layer
const HOLD = 900; // ms at each while it plays
const EVERY = 4; // lines of the mesh: as many cells apart

const floats = ([text, unit]) =>
  Float32Array.from(new Int16Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer), (value) => value * unit);
const number = (value, digits = 2) => value.toFixed(digits).replace("-", "−");
const rounded = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(2)).replace(/\.0$/, "");

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".flow");
  const { id, rows, columns, layers, views, most, nodes, stretch, points, density } = data;
  const [input, label, words, where] = ["input", ".label", ".words", ".where"].map((name) => root.querySelector(name));
  const [previous, play, next] = ["previous", "play", "next"].map((name) => root.querySelector(`.${name}`));
  const field = root.querySelector(".data");
  const [plain, bent] = root.querySelectorAll("canvas");
  const count = rows * columns, last = layers.length - 1;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  // Streamlit calls this again whenever the script has run, in the same elements; where it is has to stay.
  root.end?.();
  const state = (root.state ??= { id: null });
  if (state.id !== id) {
    Object.assign(state, {
      id, at: 0, from: 0, to: 0, since: 0, playing: false, pixel: data.start,
      nodes: floats(nodes), stretch: floats(stretch), points: floats(points),
    });
  }
  let frame = 0;
  root.style.setProperty("--shape", `${views[0][2]} / ${views[0][3]}`);
  input.max = last;

  // What lies between two layers is only there to be followed by the eye.
  const between = (values, length) => {
    const low = Math.floor(state.at), share = state.at - low, high = Math.min(low + 1, last);
    const a = values.subarray(low * length, (low + 1) * length);
    if (!share) return a;
    const b = values.subarray(high * length, (high + 1) * length);
    return a.map((value, i) => value + share * (b[i] - value));
  };

  const shade = (stretched, ground) => {
    const share = Math.min(Math.abs(stretched) / most, 1) , to = stretched < 0 ? LESS : MORE;
    return `rgb(${ground.map((low, c) => Math.round(low + 0.9 * share * (to[c] - low))).join(" ")})`;
  };

  const draw = () => {
    const style = getComputedStyle(root), ink = style.color, accent = style.getPropertyValue("--st-primary-color");
    const hex = style.getPropertyValue("--st-background-color").trim().slice(1);
    const ground = [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
    const grown = between(state.stretch, count);
    const view = [0, 1, 2, 3].map((i) => between(Float64Array.from(views.flat()), 4)[i]);
    for (const [canvas, at, dots, [x, y, width, height]] of [
      [plain, state.nodes.subarray(0, 2 * count), state.points.subarray(0, state.points.length / layers.length), views[0]],
      [bent, between(state.nodes, 2 * count), between(state.points, state.points.length / layers.length), view],
    ]) {
      const scale = window.devicePixelRatio, wide = canvas.clientWidth * scale, high = canvas.clientHeight * scale;
      if (!wide) continue;
      if (canvas.width !== Math.round(wide)) canvas.width = Math.round(wide);
      if (canvas.height !== Math.round(high)) canvas.height = Math.round(high);
      const pen = canvas.getContext("2d");
      pen.clearRect(0, 0, wide, high);
      const zoom = wide / width, px = (u) => (u - x + width / 2) * zoom, py = (v) => (height / 2 - v + y) * zoom;
      const node = (i) => [px(at[2 * i]), py(at[2 * i + 1])];
      pen.lineWidth = 0.7;
      for (let r = 0; r + 1 < rows; r++) {
        for (let c = 0; c + 1 < columns; c++) {
          const corners = [r * columns + c, r * columns + c + 1, (r + 1) * columns + c + 1, (r + 1) * columns + c];
          pen.fillStyle = pen.strokeStyle = shade(corners.reduce((sum, i) => sum + grown[i], 0) / 4, ground);
          pen.beginPath();
          corners.forEach((i) => pen.lineTo(...node(i)));
          pen.closePath();
          pen.fill();
          pen.stroke();
        }
      }
      pen.strokeStyle = ink;
      pen.globalAlpha = 0.35;
      pen.lineWidth = scale;
      const line = (indices) => {
        pen.beginPath();
        indices.forEach((i) => pen.lineTo(...node(i)));
        pen.stroke();
      };
      for (let r = 0; r < rows; r += EVERY) line(Array.from({ length: columns }, (_, c) => r * columns + c));
      for (let c = 0; c < columns; c += EVERY) line(Array.from({ length: rows }, (_, r) => r * columns + c));
      pen.globalAlpha = 1;
      if (canvas === bent && state.at === last) {
        // Of a bell curve: one, two and three standard deviations.
        pen.setLineDash([4 * scale, 4 * scale]);
        for (const sigma of [1, 2, 3]) {
          pen.beginPath();
          pen.arc(px(0), py(0), sigma * zoom, 0, 2 * Math.PI);
          pen.stroke();
        }
        pen.setLineDash([]);
      }
      pen.fillStyle = ink;
      for (let i = 0; i < dots.length; i += 2) {
        pen.beginPath();
        pen.arc(px(dots[i]), py(dots[i + 1]), 1.6 * scale, 0, 2 * Math.PI);
        pen.fill();
      }
      const [u, v] = node(state.pixel);
      for (const [radius, colour, thick] of [[8, hex ? `#${hex}` : "white", 5], [8, accent, 3]]) {
        pen.strokeStyle = colour;
        pen.lineWidth = thick * scale;
        pen.beginPath();
        pen.arc(u, v, radius * scale, 0, 2 * Math.PI);
        pen.stroke();
      }
    }
  };

  const show = () => {
    const step = state.to, i = state.pixel;
    const place = (t) => [0, 1].map((d) => number(state.nodes[2 * (t * count + i) + d])).join(", ");
    input.value = step;
    input.style.setProperty("--part", `${(100 * step) / last}%`);
    input.setAttribute("aria-valuetext", layers[step]);
    label.textContent = layers[step];
    label.setAttribute("aria-live", state.playing || input.matches(":focus") ? "off" : "polite");
    where.textContent = step === last ? "z, the noise; rings at one, two and three standard deviations."
      : step ? "Where the layers so far have taken it." : "No layer has moved anything yet.";
    bent.setAttribute("aria-label", `The plane, ${layers[step]}`);
    previous.setAttribute("aria-disabled", step === 0);
    next.setAttribute("aria-disabled", step === last);
    play.setAttribute("aria-label", state.playing ? "Pause" : "Play");
    root.classList.toggle("playing", state.playing);
    const by = Math.exp(state.stretch[step * count + i]), whole = Math.exp(state.stretch[last * count + i]);
    const p = Math.exp(density[i]), noise = p / whole;
    const grown = (times) => (times >= 1 ? `${rounded(times)} times as large` : `${rounded(1 / times)} times smaller`);
    words.textContent =
      `A speck at x = (${place(0)}) is now at (${place(step)})` + (step ? `, and ${grown(by)}. ` : ". ") +
      `At the end it is at z = (${place(last)}), where the noise has density ${noise.toPrecision(3)}; ` +
      `times ${whole.toPrecision(3)}, by which it grew, that is the density of x: ${p.toPrecision(3)} ` +
      `(log ${number(density[i])} nats).`;
    field.setAttribute("aria-valuenow", i + 1);
    field.setAttribute("aria-valuetext", words.textContent);
  };

  const tick = (now) => {
    const share = Math.min((now - state.since) / MOVE, 1);
    state.at = state.from + (share < 1 ? share * share * (3 - 2 * share) : 1) * (state.to - state.from);
    if (share === 1) state.at = state.to;
    draw();
    if (share === 1 && state.playing && now - state.since > MOVE + HOLD) {
      if (state.to === last) state.playing = false;
      else head(state.to + 1, now);
      show();
    }
    frame = share < 1 || state.playing ? requestAnimationFrame(tick) : 0;
  };
  const head = (to, now) => Object.assign(state, { from: state.at, to, since: calm.matches ? now - MOVE : now });
  const run = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(tick);
  };
  const go = (to) => {
    state.playing = false;
    head(Math.min(Math.max(to, 0), last), performance.now());
    show();
    run();
  };
  previous.onclick = () => go(state.to - 1);
  next.onclick = () => go(state.to + 1);
  input.oninput = () => go(input.valueAsNumber);
  play.onclick = () => {
    state.playing = !state.playing;
    if (state.playing) head(state.to === last ? 0 : state.to + 1, performance.now());
    show();
    run();
  };

  const move = (pixel) => {
    state.pixel = pixel;
    show();
    draw();
  };
  const at = (event) => {
    const box = field.getBoundingClientRect();
    const cell = (share, length) => Math.min(Math.max(Math.round(share * (length - 1)), 0), length - 1);
    return cell((box.bottom - event.clientY) / box.height, rows) * columns + cell((event.clientX - box.left) / box.width, columns);
  };
  field.onpointerdown = (event) => {
    if (event.button) return;
    field.setPointerCapture(event.pointerId);
    field.focus({ preventScroll: true });
    move(at(event));
  };
  field.onpointermove = (event) => field.hasPointerCapture(event.pointerId) && move(at(event));
  field.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: columns, ArrowDown: -columns }[event.key];
    if (!step) return;
    event.preventDefault();
    const to = state.pixel + step;
    if (to >= 0 && to < count) move(to);
  };

  field.setAttribute("aria-label", "Place that is looked at: click, or use the arrow keys");
  field.setAttribute("aria-valuemax", count);
  const [small, bar, large] = root.querySelector(".legend").children;
  small.textContent = `${rounded(Math.exp(most))} times smaller`;
  large.textContent = `${rounded(Math.exp(most))} times larger, or more`;
  const css = (rgb) => `rgb(${rgb.join(" ")})`;
  bar.style.background = `linear-gradient(to right, ${css(LESS)}, var(--st-background-color), ${css(MORE)})`;
  show();
  run();

  const observer = new ResizeObserver(draw);
  observer.observe(plain);
  root.end = () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
  };
  return root.end;
}
