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

/** What has changed, from the entry's `changes` or `before` and `after`, or else each of its fields. */
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
  if (Array.isArray(fields.changes) && fields.changes.length > 0) {
    return fields.changes.flatMap(changeOf);
  }
  if (!("before" in fields) && !("after" in fields)) {
    return Object.entries(fields).map(([name, value]) => ({ name, after: shown(value) }));
  }
  const { before, after, ...rest } = fields;
  const others = Object.entries(rest).map(([name, value]) => ({ name, after: shown(value) }));
  return [...others, ...differences(before, after)];
}

/** What has changed in one object: `{"object", "key", "before", "after"}`. */
function changeOf(change: unknown): Change[] {
  const { object, key, before, after } = change as Record<string, unknown>;
  const what = [object, key].filter((part) => part !== undefined && part !== null).join(" ");
  return differences(before, after).map((one) => ({ ...one, name: `${what}: ${one.name}` }));
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
    .map((name) => ({ name, before: shown(old[name]), after: shown(now[name]) }))
    .filter((one) => one.before !== one.after);
}
