/** The app's words in the language that people have chosen. English is in the sources: a text is its
 * own key, so that nothing is looked up for it. Other languages are catalogues, loaded where chosen. */

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;

export type Language = keyof typeof LANGUAGES;

/** `{English text: text}`; a text with forms for one and for many has both, with `|` between them. */
type Catalogue = Readonly<Record<string, string>>;

const KEY = "slipstream.language";

function chosen(): Language {
  if (typeof localStorage === "undefined") return "en";
  const wanted = [localStorage.getItem(KEY), ...navigator.languages.map((one) => one.slice(0, 2))];
  const found = wanted.find((one): one is Language => one !== null && one in LANGUAGES);
  return found ?? "en";
}

export const language = chosen();

let catalogue: Catalogue = {};

/** Have the texts of the chosen language; the app begins after that. A module that it begins with
 * must not ask for a text while it is loaded, only when it is called. */
export async function loadLanguage(): Promise<void> {
  if (language === "de") catalogue = (await import("./de")).GERMAN;
}

if (typeof document !== "undefined") document.documentElement.lang = language;

/** Use another language from now on. The page begins anew. */
export function chooseLanguage(next: Language): void {
  localStorage.setItem(KEY, next);
  window.location.reload();
}

type Values = Readonly<Record<string, string | number>>;

/** The text in the chosen language, with `{name}` replaced by the values. */
export function t(text: string, values?: Values): string {
  return filled(catalogue[text] ?? text, values);
}

/** The form of the text that goes with the count, which is `{count}` in both. */
export function plural(count: number, one: string, many: string, values?: Values): string {
  const known = catalogue[`${one}|${many}`]?.split("|");
  const [single, several] = known ?? [one, many];
  return filled((count === 1 ? single : several) ?? many, { count, ...values });
}

function filled(text: string, values: Values | undefined): string {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
