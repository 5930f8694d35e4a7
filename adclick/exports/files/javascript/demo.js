/* The page: pick an ad and its context, see the click probability and what would change it. */
"use strict";

const OTHER = "something else";
const MOST_CHOICES = 40;
const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONDAY = Date.UTC(2024, 0, 1) / 1000;
const spec = ClickEncoder.spec;
const state = { request: { ...DEMO.request }, hour: DEMO.hour, weekday: DEMO.weekday, image: null };
let model = null;
let last = null;

const byId = (id) => document.getElementById(id);
const percent = (value) => `${(100 * value).toFixed(2)} %`;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/* A time of the model's format on this weekday, at this hour. */
function timeOf(weekday, hour) {
  const seconds = MONDAY + (weekday * 24 + hour) * 3600;
  if (spec.time_format === "epoch") return seconds;
  const two = (number) => String(number).padStart(2, "0");
  const date = new Date(seconds * 1000);
  const parts = {
    Y: date.getUTCFullYear(), y: two(date.getUTCFullYear() % 100), m: two(date.getUTCMonth() + 1),
    d: two(date.getUTCDate()), H: two(hour), I: two(hour % 12 || 12), M: "00", S: "00", f: "0",
    p: hour < 12 ? "AM" : "PM", B: "January", b: "Jan", z: "+0000", "%": "%",
  };
  if (spec.time_format === "iso") return date.toISOString().slice(0, 19);
  return spec.time_format.replace(/%(.)/g, (_, letter) => parts[letter]);
}

function request(changes = {}, weekday = state.weekday, hour = state.hour) {
  return { ...state.request, [spec.time]: timeOf(weekday, hour), ...changes };
}

function scores(requests) {
  const images = new Map(state.image ? requests.map((_, number) => [number, state.image]) : []);
  return model.predict(requests, images);
}

function choicesOf(column) {
  const values = (column.allowed || column.values).slice(0, MOST_CHOICES);
  return column.allowed ? values : [...values, OTHER];
}

function show() {
  const [now] = scores([request()]);
  byId("probability").textContent = percent(now);
  const change = byId("change");
  change.className = "";
  change.textContent = "";
  if (last !== null && last.score !== now) {
    change.className = now > last.score ? "up" : "down";
    const times = now / last.score;
    change.textContent = `${now > last.score ? "▲" : "▼"} from ${percent(last.score)} (× ${times.toFixed(2)}) by ${last.cause}`;
  }
  last = { score: now, cause: "" };
  showDay(now);
  showOthers(now);
}

function changed(cause) {
  if (last) last.cause = cause;
  show();
}

function showDay(now) {
  const hours = [...Array(24).keys()];
  const found = scores(hours.map((hour) => request({}, state.weekday, hour)));
  const most = Math.max(...found);
  const bar = (score, hour) => {
    const height = Math.max(1, (100 * score) / most);
    const colour = hour === state.hour ? "#1662c4" : "#b9cbe4";
    return `<rect x="${hour * 20 + 2}" y="${108 - height}" width="16" height="${height}" fill="${colour}"><title>${hour}:00 ${percent(score)}</title></rect>`;
  };
  const label = (hour) => `<text x="${hour * 20 + 10}" y="122" text-anchor="middle">${hour}</text>`;
  const ticks = [0, 6, 12, 18, 23].map(label).join("");
  byId("day").innerHTML = `${found.map(bar).join("")}${ticks}<text x="478" y="10" text-anchor="end">${percent(most)}</text>`;
}

function showOthers(now) {
  const columns = spec.text.filter((column) => choicesOf(column).length > 1);
  const asked = columns.flatMap((column) =>
    choicesOf(column).map((value) => ({ column: column.name, value, asked: request({ [column.name]: value }) }))
  );
  const found = scores(asked.map((one) => one.asked)).map((score, number) => ({ ...asked[number], score }));
  const rows = columns.map((column) => {
    const of = found.filter((one) => one.column === column.name).sort((a, b) => a.score - b.score);
    return { name: column.name, low: of[0], high: of[of.length - 1] };
  });
  rows.sort((a, b) => b.high.score - b.low.score - (a.high.score - a.low.score));
  const cell = (one) => {
    const kind = one.score > now ? "up" : one.score < now ? "down" : "";
    return element("td", {}, element("span", { class: `number ${kind}` }, percent(one.score)), ` ${one.value}`);
  };
  const heads = ["", "lowest", "highest"].map((text) => element("th", {}, text));
  byId("others").replaceChildren(
    element("tr", {}, ...heads),
    ...rows.map((row) => element("tr", {}, element("td", {}, row.name), cell(row.low), cell(row.high)))
  );
}

function select(name, choices, chosen, choose) {
  const list = element("select", { id: `field-${name}`, name });
  choices.forEach(([value, text]) => list.append(element("option", { value }, text)));
  list.value = chosen;
  list.addEventListener("change", () => {
    choose(list.value);
    changed(`${name} ${list.selectedOptions[0].textContent}`);
  });
  return element("label", {}, element("span", { title: name }, name), list);
}

function numberField(column) {
  const input = element("input", { type: "number", step: "any", value: state.request[column.name], name: column.name });
  if (column.min !== null) input.min = column.min;
  if (column.max !== null) input.max = column.max;
  input.addEventListener("input", () => {
    if (input.value === "" || !input.validity.valid) return;
    state.request[column.name] = Number(input.value);
    changed(`${column.name} ${input.value}`);
  });
  return element("label", {}, element("span", { title: column.name }, column.name), input);
}

function fields() {
  const hours = [...Array(24).keys()].map((hour) => [hour, `${hour}:00`]);
  const days = WEEKDAYS.map((name, number) => [number, name]);
  const made = [
    select("weekday", days, state.weekday, (value) => (state.weekday = Number(value))),
    select("hour (UTC)", hours, state.hour, (value) => (state.hour = Number(value))),
    ...spec.text.map((column) => {
      const chosen = state.request[column.name] ?? column.default;
      const choices = new Set([...(chosen === null ? [] : [chosen]), ...choicesOf(column)]);
      const pairs = [...choices].map((value) => [value, value]);
      return select(column.name, pairs, chosen, (value) => (state.request[column.name] = value));
    }),
    ...spec.numbers.map(numberField),
  ];
  byId("fields").append(...made);
}

function pixelsOf(picture) {
  const { width, height } = spec.image;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  drawing.imageSmoothingQuality = "high";
  drawing.fillStyle = "#fff";
  drawing.fillRect(0, 0, width, height);
  drawing.drawImage(picture, 0, 0, width, height);
  const { data } = drawing.getImageData(0, 0, width, height);
  return data.filter((_, position) => position % 4 !== 3);
}

/* Not `decode`, which a browser whose clock runs by itself does not wait for. */
function loaded(picture) {
  if (picture.complete) return Promise.resolve();
  return new Promise((done, failed) => {
    picture.addEventListener("load", done);
    picture.addEventListener("error", failed);
  });
}

/* Show the score of this button's ad, its context as it is. */
async function pickAd(button) {
  const picture = button.querySelector("img");
  await loaded(picture);
  document.querySelectorAll("#thumbnails button").forEach((one) => one.setAttribute("aria-pressed", one === button));
  state.image = model.embed(pixelsOf(picture));
  state.request[spec.creative] = null;
  changed(`ad ${picture.alt}`);
}

function thumbnail(source, name) {
  const picture = element("img", { src: source, alt: name, title: name });
  const button = element("button", { type: "button", "aria-pressed": "false" }, picture);
  button.addEventListener("click", () => pickAd(button));
  byId("thumbnails").append(button);
  return button;
}

async function ads() {
  if (!spec.image) {
    byId("ads").remove();
    return;
  }
  const buttons = DEMO.ads.map((ad) => thumbnail(ad.image, ad.id));
  byId("upload").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) thumbnail(URL.createObjectURL(file), file.name).click();
  });
  await pickAd(buttons[0]);
}

/* What the export looks at: golden requests, and the pictures' embeddings beside the model's. */
async function check() {
  const found = model.predict(DEMO.golden);
  let embedding = 0;
  for (const ad of DEMO.ads) {
    const picture = Object.assign(new Image(), { src: ad.image });
    await loaded(picture);
    const made = model.embed(pixelsOf(picture));
    const from = model.rows.get(ad.id) * model.width;
    made.forEach((value, at) => (embedding = Math.max(embedding, Math.abs(value - model.table[from + at]))));
  }
  const shown = [byId("probability").textContent];
  const buttons = document.querySelectorAll("#thumbnails button");
  if (buttons.length > 1) {
    await pickAd(buttons[1]);
    shown.push(byId("probability").textContent, byId("change").textContent);
  }
  byId("check").textContent = JSON.stringify({ scores: found, embedding, shown });
}

async function main() {
  model = await ClickModel.load(tf, ClickEncoder, CLICK_MODEL);
  byId("version").textContent = `model ${spec.version}, computed in this page`;
  fields();
  await ads();
  if (!spec.image) show();
  if (location.hash === "#check") await check();
}

main();
