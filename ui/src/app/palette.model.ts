/** What the palette offers, and what of it goes with the letters that were typed. */

export interface Entry {
  id: string;
  kind: "action" | "place" | "dag" | "run" | "task";
  label: string;
  detail?: string;
  state?: string | null;
  open: () => void;
}

const wordsOf = (text: string) => text.toLowerCase().split(/\s+/).filter(Boolean);

/** Whether each word of the text stands somewhere in the name. */
export function goesWith(text: string, name: string): boolean {
  const found = name.toLowerCase();
  return wordsOf(text).every((word) => found.includes(word));
}

/** The text without the words that begin one of these: "trigger orders" asks for "orders". */
export function withoutVerbs(text: string, verbs: readonly string[]): string {
  const known = verbs.flatMap(wordsOf);
  return wordsOf(text)
    .filter((word) => word.length < 3 || !known.some((verb) => verb.startsWith(word)))
    .join(" ");
}
