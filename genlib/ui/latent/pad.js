// A mosaic of decoded pictures with codes over it, and one cursor in all of them. The server hears where it is.
const EVERY = 90; // ms between two messages while it is dragged
const STEP = 0.04; // of half the side, for an arrow key

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".pads");
  const row = root.querySelector(".row"), legend = root.querySelector(".legend");
  const { pads, marks, names, colours } = data, [x, y, version] = data.start;

  // Streamlit calls this again whenever the script has run, in the same elements: where the cursor is has to stay,
  // unless the server puts it elsewhere.
  const state = (root.state ??= { start: null, x: 0, y: 0, hidden: new Set(), sent: 0, later: 0 });
  if (state.start !== version) Object.assign(state, { start: version, x, y });

  const send = (rest) => {
    clearTimeout(state.later);
    const wait = state.sent + EVERY - performance.now();
    if (!rest && wait > 0) {
      state.later = setTimeout(() => send(false), wait); // the last of many is never lost
      return;
    }
    state.sent = performance.now();
    setStateValue("place", { x: +state.x.toFixed(4), y: +state.y.toFixed(4), rest });
  };

  const move = (x, y, rest) => {
    state.x = Math.min(Math.max(x, -1), 1);
    state.y = Math.min(Math.max(y, -1), 1);
    show();
    send(rest);
  };

  const show = () => {
    marks.forEach((place, i) => {
      const mark = row.children[i].querySelector(".mark");
      mark.hidden = !place;
      if (!place) return;
      const [x, y] = place.map((at) => Math.min(Math.max(at, -0.97), 0.97)); // beyond the edge: at the edge
      mark.style.left = `${50 + 50 * x}%`;
      mark.style.top = `${50 - 50 * y}%`;
    });
    for (const pad of row.children) {
      const cursor = pad.querySelector(".cursor");
      cursor.style.left = `${50 + 50 * state.x}%`;
      cursor.style.top = `${50 - 50 * state.y}%`;
      const field = pad.querySelector(".field");
      field.setAttribute("aria-valuetext", `${state.x.toFixed(2)} across, ${state.y.toFixed(2)} up`);
      field.setAttribute("aria-valuenow", Math.round(100 * state.x));
    }
  };

  const dots = (canvas, points) => {
    const side = canvas.clientWidth * window.devicePixelRatio;
    if (!side) return;
    canvas.width = canvas.height = side;
    const pen = canvas.getContext("2d"), r = Math.max(1.6, side / 260);
    points.forEach(([x, y, label]) => {
      if (state.hidden.has(label)) return;
      pen.beginPath();
      pen.arc(side * (0.5 + x / 2), side * (0.5 - y / 2), r, 0, 2 * Math.PI);
      pen.fillStyle = colours[label % colours.length];
      pen.fill();
      pen.lineWidth = r / 3;
      pen.strokeStyle = "rgb(255 255 255 / 0.9)"; // visible on dark pictures and on light ones
      pen.stroke();
    });
  };

  // Built anew only where the planes are other ones.
  const built = JSON.stringify(pads.map((pad) => pad.version));
  if (root.dataset.built !== built) {
    root.dataset.built = built;
    state.hidden.clear();
    row.replaceChildren(
      ...pads.map((pad) => {
        const figure = document.createElement("figure");
        figure.innerHTML =
          '<div class="field" role="slider" tabindex="0" aria-valuemin="-100" aria-valuemax="100">' +
          '<img alt="" draggable="false"><canvas aria-hidden="true"></canvas><span class="mark" role="img" aria-label="Your picture" title="Your picture"></span><span class="cursor"></span></div>' +
          "<figcaption></figcaption>";
        figure.querySelector("img").src = pad.mosaic;
        figure.querySelector("figcaption").textContent = pad.title;
        const field = figure.querySelector(".field");
        field.setAttribute("aria-label", `Place in the plane of ${pad.title}: drag, or use the arrow keys`);
        return figure;
      }),
    );
    legend.replaceChildren(
      ...names.map((name, i) => {
        const button = document.createElement("button");
        button.type = "button";
        button.innerHTML = "<i></i><span></span>";
        button.querySelector("i").style.background = colours[i % colours.length];
        button.querySelector("span").textContent = name;
        return button;
      }),
    );
  }

  const paint = () => pads.forEach((pad, i) => dots(row.children[i].querySelector("canvas"), pad.points));

  [...row.children].forEach((figure) => {
    const field = figure.querySelector(".field");
    const at = (event, rest) => {
      const box = field.getBoundingClientRect();
      move((2 * (event.clientX - box.left)) / box.width - 1, 1 - (2 * (event.clientY - box.top)) / box.height, rest);
    };
    field.onpointerdown = (event) => {
      if (event.button) return;
      field.setPointerCapture(event.pointerId);
      field.focus({ preventScroll: true });
      at(event, false);
    };
    field.onpointermove = (event) => field.hasPointerCapture(event.pointerId) && at(event, false);
    field.onpointerup = (event) => field.hasPointerCapture(event.pointerId) && at(event, true);
    field.onkeydown = (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const step = event.shiftKey ? STEP / 4 : STEP;
      const to = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
      if (!to) return;
      event.preventDefault();
      move(state.x + to[0], state.y + to[1], false);
    };
    field.onkeyup = (event) => event.key.startsWith("Arrow") && send(true);
  });
  [...legend.children].forEach((button, i) => {
    button.setAttribute("aria-pressed", !state.hidden.has(i));
    button.onclick = () => {
      state.hidden.has(i) ? state.hidden.delete(i) : state.hidden.add(i);
      button.setAttribute("aria-pressed", !state.hidden.has(i));
      paint();
    };
  });
  legend.hidden = names.length < 2;

  show();
  paint();
  root.observer?.disconnect();
  root.observer = new ResizeObserver(paint); // in a hidden tab nothing has a size yet; a phone is turned
  root.observer.observe(row);
  return () => {
    clearTimeout(state.later);
    root.observer?.disconnect();
  };
}
