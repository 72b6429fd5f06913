// Two pictures over each other and a divider between them. The divider is a range input that covers the pictures: mouse,
// finger, arrow keys and screen readers all move it as they know how.
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
}
