// Tiles for the pictures of one sprite sheet. A click reports the picture's seed, as a trigger: the same tile can be
// clicked again.
export default function ({ parentElement, data, setTriggerValue }) {
  const wall = parentElement.querySelector(".wall");
  const { sheet, across, width, height, seeds, labels } = data;
  wall.style.setProperty("--columns", across);
  wall.style.setProperty("--shape", `${width} / ${height}`);

  // The tiles first, so that the page has its height before the picture is decoded.
  while (wall.children.length > seeds.length) wall.lastElementChild.remove();
  while (wall.children.length < seeds.length) {
    const tile = wall.appendChild(document.createElement("button"));
    tile.type = "button";
    tile.append(document.createElement("canvas"));
  }

  const image = new Image();
  let current = true;
  image.onload = () => {
    if (!current) return; // newer pictures are on their way
    // Enlarged by a whole factor, nearest neighbour, to more than the tile; the browser shrinks that to fit. Pixels
    // stay sharp and, at any size of the tile, equally large.
    const shown = wall.firstElementChild.clientWidth * window.devicePixelRatio;
    const scale = Math.max(1, Math.ceil((1.5 * shown) / width));
    seeds.forEach((seed, i) => {
      const tile = wall.children[i];
      tile.setAttribute("aria-label", labels[i]);
      tile.title = labels[i].replace("picture with ", "");
      tile.onclick = () => setTriggerValue("picked", seed);
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
