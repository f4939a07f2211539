/** What an entry of the audit log says, as lines that people can read. */

export interface Change {
  name: string;
  /** Undefined where the entry does not say what it was. */
  before?: string;
  after: string;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What has changed, from `{"before": {…}, "after": {…}}`, or else each of the entry's fields. */
export function changesIn(extra: string | null | undefined): Change[] {
  if (!extra) return [];
  let found: unknown;
  try {
    found = JSON.parse(extra);
  } catch {
    return [{ name: "", after: extra }];
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    return [{ name: "", after: shown(found) }];
  }
  const fields = found as Record<string, unknown>;
  if (!("before" in fields) && !("after" in fields)) {
    return Object.entries(fields).map(([name, value]) => ({ name, after: shown(value) }));
  }
  const { before, after, ...rest } = fields;
  const others = Object.entries(rest).map(([name, value]) => ({ name, after: shown(value) }));
  return [...others, ...differences(before, after)];
}

function differences(before: unknown, after: unknown): Change[] {
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap(before) && !isMap(after)) {
    return [{ name: "value", before: shown(before), after: shown(after) }];
  }
  const old = isMap(before) ? before : {};
  const now = isMap(after) ? after : {};
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]))
    .map((name) => ({ name, before: shown(old[name]), after: shown(now[name]) }));
}
