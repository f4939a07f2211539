/** Where a plugin comes from, as people read it. */

const ENTRY_POINT = /^(.*): EntryPoint\(name='([^']*)', value='([^']*)'.*\)$/;

/** "module:Class (package==1.0)" where the server names an entry point, else what it says. */
export function sourceOf(source: string): string {
  const found = ENTRY_POINT.exec(source);
  return found ? `${found[3]} (${found[1]})` : source;
}
