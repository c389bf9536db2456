// The legend below the map. It tells Python how large the map is, so that the map fills it, and
// stays in sight when the map fills the screen.
const MAP = ".st-key-map [data-testid='stDeckGlJsonChart']";

function entry({ label, users, color }) {
  const item = document.createElement("li");
  const swatch = document.createElement("i");
  swatch.style.background = color;
  const count = document.createElement("b");
  count.textContent = users === undefined ? "" : users.toLocaleString("en-US");
  item.append(swatch, document.createTextNode(label), count);
  return item;
}

export default function ({ data, parentElement, setStateValue }) {
  const legend = parentElement.querySelector(".map-legend");
  legend.querySelector("strong").textContent = data.title;
  legend.querySelector("ul").replaceChildren(...data.entries.map(entry));
  const ramp = legend.querySelector("p");
  ramp.hidden = !data.ramp;
  if (data.ramp) {
    const [low, bar, high] = ["span", "i", "span"].map((tag) => document.createElement(tag));
    low.textContent = data.ramp.low;
    high.textContent = data.ramp.high;
    bar.style.background = `linear-gradient(to right, ${data.ramp.colors.join(", ")})`;
    ramp.replaceChildren(document.createTextNode(`${data.ramp.title}: `), low, bar, high);
  }

  let reported = "";
  const look = () => {
    const map = document.querySelector(MAP);
    if (!map) return;
    const frame = map.closest("[data-testid='stFullScreenFrame']");
    const isFull = frame !== null && getComputedStyle(frame).position === "fixed";
    legend.classList.toggle("map-legend-full", isFull);
    const { width, height } = map.getBoundingClientRect();
    const size = { width: Math.round(width), height: Math.round(height), is_full: isFull };
    const drawn = data.size;
    const differs =
      isFull !== drawn.is_full ||
      Math.abs(size.width - drawn.width) > 4 ||
      Math.abs(size.height - drawn.height) > 4;
    if (width > 0 && differs && reported !== JSON.stringify(size)) {
      reported = JSON.stringify(size);
      setStateValue("size", size);
    }
  };
  // Nothing tells when the map fills the screen, or no longer does.
  const timer = setInterval(look, 150);
  look();
  return () => clearInterval(timer);
}
