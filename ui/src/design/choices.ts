/** What a person has chosen for this browser, kept in its local storage. */
import { useMemo, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

function read(key: string): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

const cache = new Map<string, string[]>();

function cached(key: string): string[] {
  let found = cache.get(key);
  if (!found) {
    found = read(key);
    cache.set(key, found);
  }
  return found;
}

/** A set of names that the browser remembers, and how to change one of them or all. */
export function useNames(
  key: string,
): readonly [ReadonlySet<string>, (name: string) => void, (names: string[]) => void] {
  const names = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => cached(key),
  );
  const set = (next: string[]) => {
    cache.set(key, next);
    localStorage.setItem(key, JSON.stringify(next));
    for (const listener of listeners) listener();
  };
  const toggle = (name: string) =>
    set(names.includes(name) ? names.filter((one) => one !== name) : [...names, name]);
  const found = useMemo(() => new Set(names), [names]);
  return [found, toggle, set];
}
