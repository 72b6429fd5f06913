// What every page needs of the browser beside what Streamlit does. Set up once.
export default function () {
  if (window.genlib) return;
  window.genlib = true;

  // Tables and code that are wider than the page slide; the arrow keys slide them when the Tab key can reach them.
  const slide = () => {
    for (const e of document.querySelectorAll(".stMarkdown table, .stCode pre")) {
      if (e.scrollWidth > e.clientWidth) e.tabIndex = 0;
      else e.removeAttribute("tabindex");
    }
  };
  slide();
  // Whatever comes or changes its size may make one wider than its room: all are looked at, once a frame at most.
  let frame = 0;
  const soon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(slide);
  };
  window.addEventListener("resize", soon);
  document.fonts.addEventListener("loadingdone", soon);
  new ResizeObserver(soon).observe(document.querySelector("[data-testid=stMain]") ?? document.body);

  // A browser that translates the page takes texts out and puts <font> elements in their places. React, which draws
  // the page, goes on writing its next words into the texts that it knows, where nobody sees them, and may ask for
  // their removal. So what stands in for a text is remembered: it makes way when the text changes or is to go.
  const standIns = new WeakMap();
  const changes = new MutationObserver((records) => {
    for (const { target } of records) makeWay(target);
  });
  const makeWay = (text) => {
    const standIn = standIns.get(text);
    standIns.delete(text);
    if (standIn?.isConnected && !text.isConnected) standIn.replaceWith(text);
  };
  const isFont = (node) => node?.nodeName === "FONT";
  new MutationObserver((records) => {
    soon();
    for (const { removedNodes, addedNodes, previousSibling, nextSibling } of records) {
      const standIn = [...addedNodes, previousSibling, nextSibling].find(isFont);
      for (const node of standIn ? removedNodes : []) {
        if (node.nodeType !== Node.TEXT_NODE || node.isConnected) continue;
        standIns.set(node, standIn);
        changes.observe(node, { characterData: true });
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
  for (const name of ["removeChild", "insertBefore"]) {
    const plain = Node.prototype[name];
    Node.prototype[name] = function (node, before) {
      for (const text of [node, before]) if (text && text.parentNode !== this) makeWay(text);
      return plain.call(this, node, before);
    };
  }
}
