// The family tree as nested lists. A model that can be opened reports its checkpoint, as a trigger; any other name shows
// or hides what it means.
export default function ({ parentElement, data, setTriggerValue }) {
  const tree = parentElement.querySelector(".tree");
  const told = JSON.stringify(data.rows);
  if (tree.told === told) return; // what was unfolded stays so when the script runs again
  tree.told = told;
  tree.replaceChildren();
  const items = [];
  for (const row of data.rows) {
    const item = document.createElement("li");
    item.className = row.kind;
    if (row.kind === "examples") item.textContent = row.name;
    else item.append(...named(row, setTriggerValue));
    const parent = items[row.parent];
    const list = parent ? (parent.querySelector(":scope > ul") ?? parent.appendChild(document.createElement("ul"))) : tree;
    list.append(item);
    items.push(item);
  }
}

function named(row, setTriggerValue) {
  const name = document.createElement("button");
  name.type = "button";
  name.textContent = row.name;
  name.title = row.gloss;
  const parts = [name];
  if (row.aside) parts.push(said("aside", row.aside));
  if (row.opens) {
    name.className = "opens";
    name.onclick = () => setTriggerValue("opened", row.opens);
  } else {
    const gloss = said("gloss", row.gloss);
    gloss.hidden = true;
    name.ariaExpanded = "false";
    name.onclick = () => {
      gloss.hidden = !gloss.hidden;
      name.ariaExpanded = String(!gloss.hidden);
    };
    parts.push(gloss);
  }
  return parts;
}

function said(kind, text) {
  const element = document.createElement("div");
  element.className = kind;
  element.textContent = text;
  return element;
}
