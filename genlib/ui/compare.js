// Two pictures over each other and a divider between them. The divider is a range input, for arrow keys and screen readers;
// mouse and finger move it from here.
const SIDEWAYS = 12; // px that a finger goes before it takes the divider

export default function ({ parentElement, data }) {
  const pair = parentElement.querySelector(".pair");
  const slider = pair.querySelector("input");
  const { before, after, labels, shape, width, crisp } = data;
  pair.style.setProperty("--shape", `${shape[0]} / ${shape[1]}`);
  pair.style.setProperty("--width", `${width}px`);
  pair.classList.toggle("crisp", crisp);

  [["before", before], ["after", after]].forEach(([side, source], i) => {
    const image = pair.querySelector(`img.${side}`);
    image.alt = labels[i];
    if (image.src !== source) image.src = source;
    pair.querySelector(`.name.${side}`).textContent = labels[i];
  });

  const move = () => {
    pair.style.setProperty("--at", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${Math.round(slider.value)} % ${labels[0]}`);
  };
  slider.setAttribute("aria-label", `Divider between ${labels[0]} and ${labels[1]}`);
  slider.oninput = move;
  move();

  // A mouse takes the divider at once. A finger may be about to scroll the page: it takes the divider when it has gone
  // sideways, and gives it back if the browser scrolls after all.
  let grip = null;
  const follow = (event) => {
    const box = pair.getBoundingClientRect();
    slider.value = (100 * (event.clientX - box.left)) / box.width;
    move();
  };
  pair.onpointerdown = (event) => {
    if (event.button || !event.isPrimary) return;
    const mouse = event.pointerType === "mouse";
    grip = { x: event.clientX, y: event.clientY, was: slider.value, held: mouse };
    pair.setPointerCapture(event.pointerId);
    if (!mouse) return;
    event.preventDefault(); // no dragging of images, no selecting of text
    slider.focus({ preventScroll: true });
    follow(event);
  };
  pair.onpointermove = (event) => {
    if (!grip) return;
    const across = Math.abs(event.clientX - grip.x), down = Math.abs(event.clientY - grip.y);
    grip.held ||= across > SIDEWAYS && across > 2 * down;
    if (grip.held) follow(event);
  };
  pair.onpointerup = () => {
    grip = null;
  };
  pair.onpointercancel = () => {
    if (grip) slider.value = grip.was;
    move();
    grip = null;
  };
}
