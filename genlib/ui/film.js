// Pictures that come to be, step by step, from one sprite sheet. All happens here: the server hears of nothing.
const THUMB = 16; // px of the slider's, as in bar.css
const REST = 1500; // ms on the finished pictures, before they begin again

export default function ({ parentElement, data }) {
  const film = parentElement.querySelector(".film");
  const { sheet, across, width, height, pictures, labels, fps, start, trace } = data;
  const [wall, previous, play, next, slider, label] = ["wall", "previous", "play", "next", "bar input", "label"].map(
    (name) => film.querySelector(`.${name}`),
  );
  const last = labels.length - 1;
  const chart = film.querySelector(".trace"), [named, numbers] = trace ?? ["", []];
  const [what, unit] = named.split(", ");
  // What the first steps have is often far from all the rest, which would be one flat line.
  const usual = numbers.flatMap((line) => line.slice(Math.floor(0.05 * line.length)));
  const low = Math.min(...usual), high = Math.max(...usual);
  const said = (number) => number.toFixed(Math.abs(number) < 1000 ? 1 : 0).replace("-", "−");
  const mean = (t) => numbers.reduce((sum, line) => sum + line[t], 0) / numbers.length;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  // Streamlit calls this again whenever the script has run, in the same elements; what was running has to end, and
  // where the film is has to stay.
  film.end?.();
  const state = (film.state ??= { sheet: null, bitmap: null, at: 0, playing: false });
  let frame = 0, due = 0, current = true;

  film.style.setProperty("--pictures", pictures);
  film.style.setProperty("--half", pictures > 3 ? Math.ceil(pictures / 2) : pictures);
  film.style.setProperty("--shape", `${width} / ${height}`);
  film.classList.toggle("still", last === 0);
  while (wall.children.length > pictures) wall.lastElementChild.remove();
  while (wall.children.length < pictures) wall.append(document.createElement("canvas"));
  slider.max = last;
  chart.hidden = !trace;
  if (trace) [high, low].forEach((number, i) => (chart.children[i].textContent = said(number)));

  const plot = () => {
    const canvas = chart.querySelector("canvas"), scale = window.devicePixelRatio;
    const width = Math.round(canvas.clientWidth * scale), height = Math.round(canvas.clientHeight * scale);
    if (!trace || !width) return;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const pen = canvas.getContext("2d"), style = getComputedStyle(film);
    const edge = (THUMB / 2) * scale, top = 4 * scale;
    const x = (t) => edge + (last ? t / last : 1) * (width - 2 * edge);
    const y = (number) => top + ((high - number) / (high - low || 1)) * (height - 2 * top);
    const line = (value, colour, thick, alpha) => {
      Object.assign(pen, { strokeStyle: colour, lineWidth: thick * scale, globalAlpha: alpha });
      pen.beginPath();
      for (let t = 0; t <= last; t++) pen.lineTo(x(t), y(value(t)));
      pen.stroke();
    };
    pen.clearRect(0, 0, width, height);
    const accent = style.getPropertyValue("--st-primary-color");
    for (const of of numbers) line((t) => of[t], style.color, 1, numbers.length > 1 ? 0.3 : 0);
    line(mean, accent, 2, 1);
    pen.fillStyle = accent;
    pen.globalAlpha = 0.4;
    pen.fillRect(x(state.at) - scale / 2, 0, scale, height);
    pen.globalAlpha = 1;
    pen.beginPath();
    pen.arc(x(state.at), Math.min(Math.max(y(mean(state.at)), top), height - top), 4 * scale, 0, 2 * Math.PI);
    pen.fill();
  };

  const draw = () => {
    plot();
    if (!state.bitmap) return; // on its way; until then the old pictures stay
    [...wall.children].forEach((canvas, b) => {
      // Enlarged by a whole factor, nearest neighbour, to more than is shown, as in the gallery.
      const scale = Math.max(1, Math.ceil((1.5 * canvas.clientWidth * window.devicePixelRatio) / width));
      if (canvas.width !== width * scale) canvas.width = width * scale;
      if (canvas.height !== height * scale) canvas.height = height * scale;
      const pen = canvas.getContext("2d");
      pen.imageSmoothingEnabled = false;
      const place = b * labels.length + state.at;
      const x = (place % across) * width, y = Math.floor(place / across) * height;
      pen.drawImage(state.bitmap, x, y, width, height, 0, 0, canvas.width, canvas.height);
    });
  };

  const show = (at) => {
    state.at = Math.min(Math.max(at, 0), last);
    const number = trace ? ` · ${what}: ${said(mean(state.at))} ${unit}${pictures > 1 ? " on average" : ""}` : "";
    const name = labels[state.at] + number;
    slider.value = state.at;
    slider.style.setProperty("--part", `${last ? (100 * state.at) / last : 100}%`);
    slider.setAttribute("aria-valuetext", name);
    wall.setAttribute("aria-label", `${pictures === 1 ? "Picture" : `${pictures} pictures`}, ${name}`);
    // Read out when stopped; the slider reads out its own text when it is the one that moves.
    label.setAttribute("aria-live", state.playing || slider.matches(":focus") ? "off" : "polite");
    label.textContent = name;
    previous.setAttribute("aria-disabled", state.at === 0);
    next.setAttribute("aria-disabled", state.at === last);
    play.setAttribute("aria-label", state.playing ? "Pause" : "Play");
    film.classList.toggle("playing", state.playing);
    draw();
  };

  const tick = (now) => {
    if (now >= due) {
      const at = (state.at + 1) % labels.length;
      due = Math.max(now, due + (at < last ? 1000 / fps : REST));
      // Who wants little motion gets no loop.
      if (at === last && calm.matches) state.playing = false;
      show(at);
    }
    if (state.playing) frame = requestAnimationFrame(tick);
  };

  const run = () => {
    due = performance.now() + 1000 / fps;
    frame = requestAnimationFrame(tick);
  };

  const toggle = () => {
    cancelAnimationFrame(frame);
    state.playing = !state.playing && last > 0;
    show(state.playing && state.at === last ? 0 : state.at);
    if (state.playing) run();
  };

  const go = (at) => {
    cancelAnimationFrame(frame);
    state.playing = false;
    show(at);
  };

  play.onclick = toggle;
  previous.onclick = () => go(state.at - 1);
  next.onclick = () => go(state.at + 1);
  slider.oninput = () => go(slider.valueAsNumber);
  wall.onclick = () => {
    play.focus({ preventScroll: true }); // so that the keys work from here on
    toggle();
  };
  film.onkeydown = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const to = { ArrowLeft: state.at - 1, ArrowRight: state.at + 1, Home: 0, End: last }[event.key];
    if (to !== undefined) go(to);
    else if (event.key === " " && !event.target.closest("button")) toggle(); // a button is pressed by it
    else return;
    event.preventDefault();
  };

  if (state.sheet !== sheet) {
    Object.assign(state, { sheet, at: start, playing: false });
    state.bitmap?.close();
    state.bitmap = null;
  }
  if (!state.bitmap) {
    // Decoded once: of an image the browser might forget the pixels between two steps.
    const image = new Image();
    image.onload = async () => {
      const bitmap = await createImageBitmap(image);
      if (!current) return bitmap.close();
      state.bitmap = bitmap;
      draw();
    };
    image.src = sheet;
  }
  show(state.at);
  if (state.playing) run();

  // Hidden at first, in a tab of the page or a closed expander, the pictures have no size yet; a phone is turned.
  const observer = new ResizeObserver(draw);
  observer.observe(wall);

  film.end = () => {
    current = false;
    cancelAnimationFrame(frame);
    observer.disconnect();
  };
  return film.end;
}
