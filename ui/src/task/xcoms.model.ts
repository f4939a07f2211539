/** How a pushed value is best looked at. */

export type Kind =
  | { is: "image"; source: string }
  | { is: "table"; columns: string[]; rows: Record<string, unknown>[] }
  | { is: "text"; text: string }
  | { is: "json"; text: string };

const IMAGE = /^data:image\/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]+$/;
const BASE64_PNG = /^iVBORw0KGgo[A-Za-z0-9+/=\s]+$/;
const MOST_ROWS = 200;
const MOST_COLUMNS = 30;

/** Pictures (as data URLs or base64 PNG), lists of flat objects as tables, text, and JSON. */
export function kindOf(value: unknown): Kind {
  if (typeof value === "string") {
    if (IMAGE.test(value)) return { is: "image", source: value };
    if (BASE64_PNG.test(value)) return { is: "image", source: `data:image/png;base64,${value}` };
    return { is: "text", text: value };
  }
  if (isTable(value)) {
    const rows = value.slice(0, MOST_ROWS);
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, MOST_COLUMNS);
    return { is: "table", columns, rows };
  }
  return { is: "json", text: JSON.stringify(value, null, 2) ?? "null" };
}

function isTable(value: unknown): value is Record<string, unknown>[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (row) =>
        row !== null &&
        typeof row === "object" &&
        !Array.isArray(row) &&
        Object.values(row).every((cell) => cell === null || typeof cell !== "object"),
    )
  );
}
