/* The table of all rows: only the rows in sight are in the page. Amounts are texts and BigInt, never floats. */
"use strict";
const ROW_HEIGHT = 30, SPARE = 12;
const NUMBERS = { billable_subs: 0, source_rows: 0, subscription_charge: 4, overage_charge: 4, service_charge: 4,
  register_charge: 4, total_charge: 4, conversion_rate: 8, total_charge_usd: 4 };
const parts = new Intl.NumberFormat(navigator.language || "en", { minimumFractionDigits: 1 }).formatToParts(1.5);
const POINT = (parts.find(part => part.type === "decimal") || { value: "." }).value;
const WHOLE = new Intl.NumberFormat(navigator.language || "en");

/* A number in plain digits, in the reader's grouping, every decimal kept. */
function grouped(text) {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) return text;
  const whole = WHOLE.format(BigInt(match[2]));
  return (match[1] ? "\u2212" : "") + whole + (match[3] ? POINT + match[3] : "");
}

/* A number in plain digits as a whole number of its last decimal. */
const scaled = text => text === "" ? 0n : BigInt(text.replace(".", ""));

function unscaled(value, decimals) {
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, "0");
  const text = decimals ? digits.slice(0, -decimals) + "." + digits.slice(-decimals) : digits;
  return (value < 0n ? "-" : "") + text;
}

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

class RowTable {
  constructor(columns) {
    this.columns = columns;
    this.names = Object.keys(columns);
    this.onScreen = [...document.querySelectorAll("#all th")].map(head => head.dataset.column);
    this.length = columns.org_id.length;
    this.numbers = {};
    const texts = this.names.filter(name => !(name in NUMBERS));
    this.search = Array.from({ length: this.length }, (_, row) =>
      texts.map(name => columns[name][row]).join("\n").toLowerCase());
    this.order = Array.from({ length: this.length }, (_, row) => row);
    this.shown = this.order;
    this.body = document.querySelector("#all tbody");
    this.viewport = document.getElementById("viewport");
    this.viewport.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()));
    window.addEventListener("resize", () => this.draw());
  }

  values(name) {
    return this.numbers[name] ||= this.columns[name].map(scaled);
  }

  sort(name, down) {
    const values = name in NUMBERS ? this.values(name) : this.columns[name];
    const sign = down ? -1 : 1;
    this.order.sort((a, b) => values[a] < values[b] ? -sign : values[a] > values[b] ? sign : a - b);
  }

  filter(text, currency) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    this.shown = this.order.filter(row => (!currency || this.columns.currency[row] === currency)
      && words.every(word => this.search[row].includes(word)));
    this.viewport.scrollTop = 0;
    document.getElementById("all").setAttribute("aria-rowcount", this.shown.length + 1);
    this.first = -1;
    this.draw();
  }

  /* By currency and in US dollars, exact. */
  sums() {
    const found = new Map(), totals = this.values("total_charge"), dollars = this.values("total_charge_usd");
    let usd = 0n;
    for (const row of this.shown) {
      const currency = this.columns.currency[row];
      found.set(currency, (found.get(currency) || 0n) + totals[row]);
      usd += dollars[row];
    }
    return { usd: unscaled(usd, 4), currencies: [...found].sort().map(([name, sum]) => [name, unscaled(sum, 4)]) };
  }

  draw() {
    const height = this.viewport.clientHeight;
    const first = Math.max(0, Math.floor(this.viewport.scrollTop / ROW_HEIGHT) - SPARE);
    const last = Math.min(this.shown.length, first + Math.ceil(height / ROW_HEIGHT) + 2 * SPARE);
    if (first === this.first && last === this.last) return;
    [this.first, this.last] = [first, last];
    const rows = [this.gap(first)];
    for (let place = first; place < last; place++) rows.push(this.row(place));
    rows.push(this.gap(this.shown.length - last));
    this.body.replaceChildren(...rows);
  }

  gap(rows) {
    const line = document.createElement("tr"), cell = line.insertCell();
    line.className = "gap";
    line.setAttribute("aria-hidden", "true");
    cell.colSpan = this.names.length;
    cell.style.height = rows * ROW_HEIGHT + "px";
    return line;
  }

  row(place) {
    const line = document.createElement("tr");
    line.setAttribute("aria-rowindex", place + 2);
    for (const name of this.onScreen) {
      const cell = line.insertCell(), text = this.columns[name][this.shown[place]];
      cell.textContent = name in NUMBERS ? grouped(text) : text;
      if (name in NUMBERS) cell.className = "right";
    }
    return line;
  }

  csv() {
    const quoted = text => '"' + text.replaceAll('"', '""') + '"';
    const lines = [this.names.map(quoted).join(",")];
    for (const row of this.shown) lines.push(this.names.map(name => quoted(this.columns[name][row])).join(","));
    return new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv;charset=utf-8" });
  }
}
