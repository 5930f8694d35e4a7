/* Turns a prediction request into what the exported network takes. Needs nothing else.
 *
 * Made by adclick from the specification SPEC, and proven equal to its encoder. In a page it is
 * `ClickEncoder`, in Node what `require` gives.
 */
(function (root) {
  "use strict";

  const SPEC = /*SPECIFICATION*/ null;

  const HOUR = 3600;
  const DAY = 24 * HOUR;
  const FIRST_TIME = -62135596800; // of the year 1, in seconds
  const END_OF_TIMES = 253402300800; // of the year 10,000
  const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
  const AROUND = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");
  const NUMBER = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/;
  const ISO =
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;
  const MONTHS = [
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
  ];
  // what a strptime directive matches, in the words of Python's own
  const DIRECTIVES = {
    Y: "(?<Y>\\d{4})",
    y: "(?<y>\\d{2})",
    m: "(?<m>1[0-2]|0[1-9]|[1-9])",
    d: "(?<d>3[01]|[12]\\d|0[1-9]|[1-9]| [1-9])",
    H: "(?<H>2[0-3]|[01]\\d|\\d)",
    I: "(?<I>1[0-2]|0[1-9]|[1-9]| [1-9])",
    M: "(?<M>[0-5]\\d|\\d)",
    S: "(?<S>6[01]|[0-5]\\d|\\d)",
    f: "(?<f>\\d{1,6})",
    p: "(?<p>am|pm)",
    B: `(?<B>${MONTHS.join("|")})`,
    b: `(?<b>${MONTHS.map((name) => name.slice(0, 3)).join("|")})`,
    z: "(?<z>[+-]\\d{2}:?[0-5]\\d(?::?[0-5]\\d(?:\\.\\d{1,6})?)?|Z)",
    "%": "%",
  };

  class RequestError extends Error {}

  function refuse(name, what) {
    throw new RequestError(`column '${name}' ${what}`);
  }

  function trimmed(text) {
    return text.replace(AROUND, "");
  }

  /* Seconds since 1970, in UTC; NaN for what is no such time. */
  function secondsOf(year, month, day, hour, minute, second, offset) {
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || year < 1) return NaN;
    if (hour > 23 || minute > 59 || second > 59) return NaN;
    return date.getTime() / 1000 + hour * HOUR + minute * 60 + second - offset;
  }

  function offsetOf(zone) {
    if (!zone || zone === "Z" || zone === "z") return 0;
    const digits = zone.slice(1).replace(/:/g, "").split(".")[0];
    const [hours, minutes, seconds] = [0, 2, 4].map((at) => Number(digits.slice(at, at + 2) || 0));
    if (hours > 23 || minutes > 59) return NaN;
    return (zone[0] === "-" ? -1 : 1) * (hours * HOUR + minutes * 60 + seconds);
  }

  function isoSeconds(text) {
    const found = ISO.exec(text);
    if (!found) return NaN;
    const [year, month, day, hour, minute, second] = found.slice(1, 7).map((cell) => Number(cell || 0));
    return secondsOf(year, month, day, hour, minute, second, offsetOf(found[7]));
  }

  function patternOf(format) {
    const parts = format.split(/(%.|[\s]+)/s).filter((part) => part);
    const pattern = parts.map((part) => {
      if (part[0] === "%" && part.length > 1) return DIRECTIVES[part[1]];
      if (/^\s+$/.test(part)) return "\\s+";
      return part.replace(/[.*+?^${}()|[\]\\\/-]/g, "\\$&");
    });
    return new RegExp(`^${pattern.join("")}$`, "i");
  }

  const PATTERN = SPEC && !["iso", "epoch"].includes(SPEC.time_format) ? patternOf(SPEC.time_format) : null;

  function patternSeconds(text) {
    const found = PATTERN.exec(text);
    if (!found) return NaN;
    const of = found.groups || {};
    let year = of.Y === undefined ? Number(of.y) : Number(of.Y);
    if (of.Y === undefined) year += year <= 68 ? 2000 : 1900;
    let month = of.m === undefined ? NaN : Number(of.m);
    if (of.B !== undefined) month = MONTHS.indexOf(of.B.toLowerCase()) + 1;
    if (of.b !== undefined) month = MONTHS.findIndex((name) => name.startsWith(of.b.toLowerCase())) + 1;
    let hour = Number(of.H || 0);
    if (of.I !== undefined) hour = (Number(of.I) % 12) + ((of.p || "").toLowerCase() === "pm" ? 12 : 0);
    const day = of.d === undefined ? 1 : Number(of.d);
    return secondsOf(year, month, day, hour, Number(of.M || 0), Number(of.S || 0), offsetOf(of.z));
  }

  function epochSeconds(value) {
    if (typeof value === "string" && NUMBER.test(trimmed(value))) value = Number(trimmed(value));
    if (typeof value !== "number" || !(value >= 0 && value < END_OF_TIMES)) return NaN;
    return Math.round(value * 1e6) / 1e6;
  }

  function secondsIn(value) {
    const format = SPEC.time_format;
    if (value === null || value === undefined) refuse(SPEC.time, "is missing");
    let seconds = NaN;
    if (format === "epoch") seconds = epochSeconds(value);
    else if (typeof value === "string") {
      seconds = format === "iso" ? isoSeconds(trimmed(value)) : patternSeconds(trimmed(value));
    }
    if (!(seconds >= FIRST_TIME && seconds < END_OF_TIMES)) {
      refuse(SPEC.time, `is no time of the format '${format}'`);
    }
    return seconds;
  }

  function isText(value) {
    return typeof value === "string" && value.isWellFormed();
  }

  function bearable(text, name) {
    if ([...text].length > SPEC.longest) {
      refuse(name, `is longer than ${SPEC.longest.toLocaleString("en-US")} characters`);
    }
    return text;
  }

  /* A creative's id, or null. */
  function creativeIn(value, name) {
    if (value === null || value === undefined) return null;
    if (!isText(value) || !trimmed(value)) refuse(name, "is no creative id (text)");
    return bearable(trimmed(value), name);
  }

  function categoryIn(value, column) {
    const name = column.name;
    if (column.optional) return creativeIn(value, name);
    if (Number.isInteger(value)) value = BigInt(value).toString();
    if (value === undefined) value = null;
    if (value !== null && !isText(value)) refuse(name, "is no text");
    value = value === null || !trimmed(value) ? column.default : trimmed(value);
    if (value === null) refuse(name, "is missing");
    if (column.allowed !== null && !column.allowed.includes(value)) {
      refuse(name, `is none of ${column.allowed.join(", ")}`);
    }
    return bearable(value, name);
  }

  function numberIn(value, column) {
    const name = column.name;
    if (value === null || value === undefined) {
      value = column.default;
      if (value === null) refuse(name, "is missing");
    }
    if (typeof value !== "number") refuse(name, "is no number");
    if (!Number.isFinite(value)) refuse(name, "is not finite");
    if (Math.abs(value) > SPEC.largest) refuse(name, "is too large a number");
    if (column.min !== null && value < column.min) refuse(name, `is below ${column.min}`);
    if (column.max !== null && value > column.max) refuse(name, `is above ${column.max}`);
    return value;
  }

  /* How many of the edges are not above the value. */
  function slotOf(edges, value) {
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value < edges[middle]) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  function remainder(value, divisor) {
    return ((value % divisor) + divisor) % divisor;
  }

  const SLOTS = new Map(
    (SPEC ? SPEC.text : []).map((column) => [
      column.name,
      new Map(column.values.map((value, position) => [value, position + 1])),
    ])
  );

  function encodeRow(request) {
    for (const name of Object.keys(request)) {
      if (!SPEC.features.includes(name)) throw new RequestError(`unknown column '${name}'`);
    }
    const seconds = secondsIn(request[SPEC.time]);
    const creative = SPEC.image ? creativeIn(request[SPEC.creative], SPEC.creative) : null;
    const slots = SPEC.text.map((column) => {
      const value = categoryIn(request[column.name], column);
      return SLOTS.get(column.name).get(value) || 0;
    });
    const numbers = SPEC.numbers.map((column) => {
      const value = numberIn(request[column.name], column);
      slots.push(slotOf(column.edges, value));
      return ((column.log ? Math.log1p(value) : value) - column.mean) / column.scale;
    });
    const hours = Math.floor(seconds / HOUR);
    slots.push(remainder(hours, 24), remainder(Math.floor(seconds / DAY) + 3, 7));
    return { slots, numbers, creative };
  }

  /* Slots (Int32Array, n x slotColumns), numbers (Float32Array, n x numberColumns) and creatives'
   * ids of requests. Throws a RequestError that names row and column for one that cannot be scored.
   */
  function encode(requests) {
    const rows = requests.map((request, number) => {
      try {
        return encodeRow(request);
      } catch (error) {
        if (error instanceof RequestError) error.message = `row ${number}: ${error.message}`;
        throw error;
      }
    });
    return {
      count: rows.length,
      slots: Int32Array.from(rows.flatMap((row) => row.slots)),
      numbers: Float32Array.from(rows.flatMap((row) => row.numbers)),
      creatives: rows.map((row) => row.creative),
    };
  }

  /* Click probabilities of the network's logits. */
  function probabilities(logits) {
    const { slope, intercept, logits: points, probabilities: at } = SPEC.calibration;
    if (!points.length) {
      return Array.from(logits, (logit) => 1 / (1 + Math.exp(-(slope * logit + intercept))));
    }
    return Array.from(logits, (logit) => {
      const next = slotOf(points, logit);
      if (next === 0) return at[0];
      if (next === points.length) return at[next - 1];
      const [low, high] = [points[next - 1], points[next]];
      return at[next - 1] + ((at[next] - at[next - 1]) * (logit - low)) / (high - low);
    });
  }

  const encoder = {
    spec: SPEC,
    slotColumns: SPEC ? SPEC.text.length + SPEC.numbers.length + 2 : 0,
    numberColumns: SPEC ? SPEC.numbers.length : 0,
    encode,
    probabilities,
    RequestError,
  };
  if (typeof module === "object" && module.exports) module.exports = encoder;
  else root.ClickEncoder = encoder;
})(typeof self === "undefined" ? this : self);
