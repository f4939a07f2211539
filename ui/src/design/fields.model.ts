/** How the server's names of fields are written for people. */

const WORDS: Readonly<Record<string, string>> = { dag: "DAG", dagrun: "DAG run", pid: "PID" };

/** "Max active runs" for `max_active_runs`; the text is a key of the catalogues. */
export function labelOf(name: string): string {
  const words = name.split("_").map((word) => WORDS[word] ?? word);
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
