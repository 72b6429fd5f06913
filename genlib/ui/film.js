// Pictures that come to be, step by step, from one sprite sheet. All happens here: the server hears of nothing.
const REST = 1500; // ms on the finished pictures, before they begin again

export default function ({ parentElement, data }) {
  const film = parentElement.querySelector(".film");
  const { sheet, across, width, height, pictures, labels, fps, start } = data;
  const [wall, previous, play, next, slider, label] = ["wall", "previous", "play", "next", "bar input", "label"].map(
    (name) => film.querySelector(`.${name}`),
  );
  const last = labels.length - 1;
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

  const draw = () => {
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
    const name = labels[state.at];
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
