/* Draws the pictures, and brings the table of all rows to life. */
"use strict";
for (const one of document.querySelectorAll("data")) {
  const text = grouped(one.value.replace("-", ""));
  const sign = one.value.startsWith("-") ? "\u2212" : /[1-9]/.test(one.value) ? "+" : "\u00b1";
  if (one.value) one.textContent = one.classList.contains("signed") ? sign + text : grouped(one.value);
}
const headline = document.querySelector(".amount data");
const point = headline.textContent.lastIndexOf(POINT);
if (point > 0) {
  const small = document.createElement("small");
  small.textContent = headline.textContent.slice(point);
  headline.textContent = headline.textContent.slice(0, point);
  headline.append(small);
}

const facts = JSON.parse(document.getElementById("pictures-data").textContent);
const pictures = [];
const dark = matchMedia("(prefers-color-scheme: dark)"), calm = matchMedia("(prefers-reduced-motion: reduce)");
const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
/* Rounded for the pictures; the minus is a minus, as in the tables. */
const short = (value, decimals = 0) => new Intl.NumberFormat(navigator.language || "en",
  { notation: "compact", minimumFractionDigits: decimals, maximumFractionDigits: 1 }).format(value).replace("-", "\u2212");
const FONT = getComputedStyle(document.body).fontFamily;
const narrow = () => innerWidth < 600;

function draw(id, make) {
  const place = document.getElementById(id);
  if (!place) return;
  place.hidden = false;
  const chart = echarts.init(place, null, { renderer: "svg" });
  const fill = () => chart.setOption({
    animation: false, textStyle: { fontFamily: FONT, color: colour("ink") },
    tooltip: { renderMode: "richText", confine: true, backgroundColor: colour("paper"),
      borderColor: colour("rule"), textStyle: { color: colour("ink") } }, ...make() }, true);
  fill();
  pictures.push({ chart, fill });
}
const axis = more => ({ axisLine: { show: false }, axisTick: { show: false }, axisLabel: { color: colour("soft") },
  splitLine: { lineStyle: { color: colour("rule") } }, ...more });
const names = (list, width = 176) => axis({ type: "category", inverse: true, data: list, splitLine: { show: false },
  axisLabel: { color: colour("ink"), width: narrow() ? Math.min(width, 110) : width, overflow: "truncate" } });
const beside = (width, right) => ({ left: (narrow() ? Math.min(width, 110) : width) + 12, right, top: 4, bottom: 4 });
const point2d = one => ({ value: [one.day, Number(one.usd)], name: one.date, exact: one.usd });

draw("moved", () => {
  const [now, before] = facts.moved;
  const line = (of, name, more) => ({ type: "line", name: of.name, data: of.points.map(point2d), symbolSize: 7,
    endLabel: { show: true, formatter: narrow() ? name.slice(0, 3) : name, color: colour(more.ink), fontWeight: 600 },
    labelLayout: { moveOverlap: "shiftY" },
    lineStyle: { color: colour(more.ink), width: more.width, type: more.type }, itemStyle: { color: colour(more.ink) } });
  return {
    grid: { left: 56, right: narrow() ? 44 : 120, top: 16, bottom: 36 },
    xAxis: axis({ type: "value", min: 1, max: 35, interval: 7, splitLine: { show: false },
      axisLabel: { color: colour("soft"), margin: 14, formatter: day => narrow() && day > 1 ? day : "day " + day } }),
    yAxis: axis({ type: "value", scale: true, axisLabel: { color: colour("soft"), formatter: value => short(value) } }),
    tooltip: { renderMode: "richText", confine: true, trigger: "item", formatter: one => one.data.name + "\n" + grouped(one.data.exact) + " USD" },
    series: [line(before, before.name, { ink: "grey", width: 2, type: "dashed" }),
      line(now, now.name, { ink: "blue", width: 3, type: "solid" })].filter(one => one.data.length) };
});

const bars = (list, ink) => ({
  grid: beside(176, 64),
  xAxis: { type: "value", show: false }, yAxis: names(list.map(one => one[0])),
  tooltip: { renderMode: "richText", confine: true, formatter: one => list[one.dataIndex][0] + "\n" + grouped(list[one.dataIndex][1]) + " USD" },
  series: [{ type: "bar", barWidth: "62%", data: list.map(one => ({ value: Number(one[1]), itemStyle: { color: colour(ink(one[1])) },
    label: { position: Number(one[1]) < 0 ? "left" : "right" } })),
    label: { show: true, color: colour("ink"), formatter: one => short(one.value, 1) } }] });
draw("customers", () => bars(facts.customers, () => "blue"));
for (const [key, list] of Object.entries(facts.changes)) {
  draw("changes-" + key, () => {
    const made = bars(list, text => text.startsWith("-") ? "down" : "up");
    const reach = Math.max(...list.map(one => Math.abs(Number(one[1])))) * (narrow() ? 1.5 : 1.25);
    made.xAxis = { type: "value", show: false, min: list.some(one => one[1].startsWith("-")) ? -reach : 0, max: reach };
    made.yAxis.axisLine.onZero = false;
    made.grid = beside(176, 8);
    return made;
  });
}
draw("kinds", () => ({
  grid: { ...beside(48, 24), top: narrow() ? 72 : 44, bottom: 28 },
  legend: { top: 0, left: 0, textStyle: { color: colour("ink"), fontFamily: FONT }, itemWidth: 14, itemGap: 20 },
  aria: { enabled: true, decal: { show: true } },
  xAxis: axis({ type: "value", axisLabel: { color: colour("soft"), formatter: value => short(value) } }), yAxis: names(facts.currencies.map(one => one[0]), 48),
  tooltip: { renderMode: "richText", confine: true, formatter: one => one.name + ", " + one.seriesName + "\n" + short(one.value) + " USD" },
  series: facts.kinds.map((kind, place) => ({ type: "bar", stack: "all", name: kind, barWidth: 22,
    color: colour(["blue", "ochre", "teal", "plum"][place]), data: facts.currencies.map(one => Number(one[1][place])) })) }));

addEventListener("resize", () => pictures.forEach(one => { one.chart.resize(); one.fill(); }));
dark.addEventListener("change", () => pictures.forEach(one => one.fill()));
addEventListener("beforeprint", () => pictures.forEach(one => one.chart.resize({ width: 660 })));
addEventListener("afterprint", () => pictures.forEach(one => one.chart.resize({ width: "auto" })));

async function bringToLife() {
  const table = new RowTable(await unpack(document.getElementById("rows-data").textContent));
  const filter = document.getElementById("filter"), currency = document.getElementById("currency");
  for (const name of [...new Set(table.columns.currency)].sort()) currency.add(new Option(name, name));
  const show = () => {
    table.filter(filter.value, currency.value);
    const { usd, currencies } = table.sums();
    document.getElementById("sums").textContent = grouped(String(table.shown.length)) + " of "
      + grouped(String(table.length)) + " rows: " + grouped(usd) + " USD"
      + currencies.map(([name, sum]) => "; " + name + " " + grouped(sum)).join("");
  };
  const heads = document.querySelectorAll("#all thead th");
  const sort = (head, down) => {
    heads.forEach(one => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    table.sort(head.dataset.column, down);
    show();
  };
  heads.forEach(head => head.firstChild.addEventListener("click", () =>
    sort(head, head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : head.dataset.column in NUMBERS)));
  filter.addEventListener("input", show);
  currency.addEventListener("change", show);
  document.querySelector(".tools").addEventListener("submit", event => event.preventDefault());
  document.getElementById("csv").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(table.csv());
    link.download = "customer-invoice-summary-" + facts.month + ".csv";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  document.getElementById("rows-live").hidden = false;
  sort(document.querySelector('#all th[data-column="total_charge_usd"]'), true);
  document.documentElement.dataset.ready = "yes";
}
if ("DecompressionStream" in window) bringToLife();
else document.getElementById("rows-missing").hidden = false;
