/** Values as trees. */

export function isBranch(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** `[name, value]` of what is in it. */
export function branchesOf(value: object): [string, unknown][] {
  return Array.isArray(value) ? value.map((one, at) => [String(at), one]) : Object.entries(value);
}

const MOST_SHOWN = 4;

/** What a closed branch shows: "[3] 1, 2, 3" or "{2} name, rows". */
export function gistOf(value: object): string {
  const branches = branchesOf(value);
  const isList = Array.isArray(value);
  const parts = branches
    .slice(0, MOST_SHOWN)
    .map(([key, inner]) => (isList ? (isBranch(inner) ? "…" : brief(inner)) : key));
  const more = branches.length > MOST_SHOWN ? ", …" : "";
  return `${isList ? `[${branches.length}]` : `{${branches.length}}`} ${parts.join(", ")}${more}`;
}

const MOST_LETTERS = 24;

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  return text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text;
}
