// Tiles for the pictures of one sprite sheet. A click reports the picture's seed, as a trigger: the same tile can be
// clicked again.
export default function ({ parentElement, data, setTriggerValue }) {
  const wall = parentElement.querySelector(".wall");
  const { name, sheet, across, width, height, seeds, labels, chosen, still, slides, rows, reveals } = data;
  const first = !wall.children.length;
  wall.setAttribute("aria-label", name);
  wall.classList.toggle("slides", slides);
  wall.classList.toggle("rows", rows);
  wall.style.setProperty("--columns", across);
  wall.style.setProperty("--shape", `${width} / ${height}`);

  // The tiles first, so that the page has its height before the picture is decoded.
  while (wall.children.length > seeds.length) wall.lastElementChild.remove();
  while (wall.children.length < seeds.length) {
    const tile = wall.appendChild(document.createElement(still ? "div" : "button"));
    if (still) tile.setAttribute("role", "img");
    else tile.type = "button";
    tile.append(document.createElement("canvas"));
  }
  const tiles = [...wall.children];
  tiles.forEach((tile, i) => {
    tile.setAttribute("aria-label", labels[i]);
    tile.title = labels[i].replace("picture with ", "");
    if (still) return;
    if (chosen !== null) tile.setAttribute("aria-pressed", seeds[i] === chosen);
    tile.onclick = () => {
      setTriggerValue("picked", seeds[i]);
      giveFocusBack(wall, tile);
      reveal(reveals);
    };
  });

  if (!still) {
    // The tiles are one stop of the Tab key; the arrow keys go from tile to tile.
    const stopAt = (at) => tiles.forEach((tile, i) => (tile.tabIndex = i === at ? 0 : -1));
    const held = tiles.findIndex((tile) => tile.tabIndex === 0);
    stopAt(chosen === null ? (first || held < 0 ? 0 : held) : Math.max(seeds.indexOf(chosen), 0));
    wall.onfocusin = (event) => stopAt(tiles.indexOf(event.target));
    wall.onkeydown = (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      const at = tiles.indexOf(event.target), row = getComputedStyle(wall).gridTemplateColumns.split(" ").length;
      const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -at, End: tiles.length - 1 - at };
      if (!(event.key in steps)) return;
      event.preventDefault();
      tiles[at + steps[event.key]]?.focus();
    };
    const tile = tiles[seeds.indexOf(chosen)];
    if (first && tile) wall.scrollLeft = tile.offsetLeft - (wall.clientWidth - tile.offsetWidth) / 2;
  }

  const image = new Image();
  let current = true;
  image.onload = () => {
    if (!current) return; // newer pictures are on their way
    // Enlarged by a whole factor, nearest neighbour, to more than the tile; the browser shrinks that to fit. Pixels
    // stay sharp and, at any size of the tile, equally large.
    const shown = wall.firstElementChild.clientWidth * window.devicePixelRatio;
    const scale = Math.max(1, Math.ceil((1.5 * shown) / width));
    tiles.forEach((tile, i) => {
      const canvas = tile.firstElementChild;
      canvas.width = width * scale;
      canvas.height = height * scale;
      const pen = canvas.getContext("2d");
      pen.imageSmoothingEnabled = false;
      const x = (i % across) * width, y = Math.floor(i / across) * height;
      pen.drawImage(image, x, y, width, height, 0, 0, canvas.width, canvas.height);
    });
  };
  image.src = sheet;
  return () => {
    current = false;
  };
}

// Where the click opens a dialog, its end gives the focus back to the tile. Streamlit tries to, but knows only the
// component as a whole, which can't have it.
function giveFocusBack(wall, tile) {
  wall.watch?.disconnect();
  let opened = false;
  wall.watch = new MutationObserver(() => {
    const open = document.querySelector("[role=dialog]");
    if (opened && !open) {
      wall.watch.disconnect();
      tile.focus({ preventScroll: true });
    }
    opened ||= Boolean(open);
  });
  wall.watch.observe(document.body, { childList: true, subtree: true });
}

// On a phone, what a tile changes may lie below or above the screen.
function reveal(key) {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const place = key && document.querySelector(`.st-key-${key}`);
  if (place) place.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}
