/** How a pushed value is best looked at. */

import type { Line } from "../design/plot.model";

export type Kind =
  | { is: "image"; source: string }
  | { is: "table"; columns: string[]; rows: unknown[][]; total: number }
  | { is: "plot"; title: string | null; lines: Line[]; isTime: boolean }
  | { is: "text"; text: string }
  | { is: "json" };

const IMAGE = /^data:image\/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]+$/;
const BASE64_PNG = /^iVBORw0KGgo[A-Za-z0-9+/=\s]+$/;
const SVG = /^\s*(<\?xml[^>]*>\s*)?<svg[\s>]/;
const MOST_ROWS = 200;
const MOST_COLUMNS = 30;
const LEAST_POINTS = 4;

/** Pictures (data URLs, base64 PNG, SVG), figures of Plotly and lists of numbers as plots, what has
 * rows and columns as tables, text, and everything else as a tree. */
export function kindOf(value: unknown): Kind {
  if (typeof value === "string") {
    if (IMAGE.test(value)) return { is: "image", source: value };
    if (BASE64_PNG.test(value)) return { is: "image", source: `data:image/png;base64,${value}` };
    // As a picture, it runs no scripts and loads nothing.
    if (SVG.test(value)) {
      return { is: "image", source: `data:image/svg+xml,${encodeURIComponent(value)}` };
    }
    return { is: "text", text: value };
  }
  return figureIn(value) ?? numbersIn(value) ?? tableIn(value) ?? { is: "json" };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areNumbers(value: unknown): value is (number | null)[] {
  return (
    Array.isArray(value) &&
    value.some((one) => typeof one === "number") &&
    value.every((one) => typeof one === "number" || one === null)
  );
}

function numbersIn(value: unknown): Kind | null {
  if (!areNumbers(value) || value.length < LEAST_POINTS) return null;
  const line = { name: "value", x: value.map((_, at) => at), y: value };
  return { is: "plot", title: null, lines: [line], isTime: false };
}

/** A figure as Plotly writes it: `{data: [{x, y, name}], layout: {title}}`. */
function figureIn(value: unknown): Kind | null {
  if (!isObject(value) || !Array.isArray(value.data) || !isObject(value.layout)) return null;
  const lines: Line[] = [];
  let isTime = false;
  for (const [at, trace] of value.data.entries()) {
    if (!isObject(trace) || !areNumbers(trace.y)) return null;
    const x = placesIn(trace.x, trace.y.length);
    if (!x) return null;
    isTime ||= x.isTime;
    lines.push({ name: String(trace.name ?? `trace ${at}`), x: x.places, y: trace.y });
  }
  if (lines.length === 0) return null;
  const { title } = value.layout;
  const text = isObject(title) ? title.text : title;
  return { is: "plot", title: typeof text === "string" ? text : null, lines, isTime };
}

function placesIn(x: unknown, count: number): { places: number[]; isTime: boolean } | null {
  if (x === undefined)
    return { places: Array.from({ length: count }, (_, at) => at), isTime: false };
  if (!Array.isArray(x) || x.length !== count) return null;
  if (x.every((one) => typeof one === "number")) return { places: x, isTime: false };
  const moments = x.map((one) => Date.parse(String(one)) / 1000);
  return moments.some(Number.isNaN) ? null : { places: moments, isTime: true };
}

function isCell(value: unknown): boolean {
  return value === null || typeof value !== "object";
}

/** Lists of flat objects, lists of equally long lists, and `{column: list}`. */
function tableIn(value: unknown): Kind | null {
  if (isObject(value)) {
    const columns = Object.entries(value);
    const [first] = columns;
    if (!first || !Array.isArray(first[1]) || first[1].length < 2) return null;
    const count = first[1].length;
    const isWhole = columns.every(
      ([, one]) => Array.isArray(one) && one.length === count && one.every(isCell),
    );
    if (!isWhole) return null;
    const shown = columns.slice(0, MOST_COLUMNS) as [string, unknown[]][];
    const rows = Array.from({ length: Math.min(count, MOST_ROWS) }, (_, at) =>
      shown.map(([, column]) => column[at]),
    );
    return { is: "table", columns: shown.map(([name]) => name), rows, total: count };
  }
  if (!Array.isArray(value) || value.length === 0) return null;
  const total = value.length;
  const part = value.slice(0, MOST_ROWS);
  if (value.every((row) => isObject(row) && Object.values(row).every(isCell))) {
    const columns = [...new Set(part.flatMap((row) => Object.keys(row)))].slice(0, MOST_COLUMNS);
    return { is: "table", columns, rows: part.map((row) => columns.map((one) => row[one])), total };
  }
  const width = Array.isArray(value[0]) ? value[0].length : 0;
  if (width < 2) return null;
  if (!value.every((row) => Array.isArray(row) && row.length === width && row.every(isCell))) {
    return null;
  }
  const columns = Array.from({ length: Math.min(width, MOST_COLUMNS) }, (_, at) => String(at));
  return { is: "table", columns, rows: part.map((row) => row.slice(0, MOST_COLUMNS)), total };
}
