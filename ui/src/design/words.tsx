/** The server's words for states, and their colours as CSS variables. */
import { createContext, type ReactNode, useContext, useMemo } from "react";
import type { Schemas } from "../api/client";
import { t } from "../language/language";

export type Words = Schemas["WordsResponse"];

const Context = createContext<Words>({ task_states: [], run_states: [], run_types: {} });

/** The server's words in the chosen language. */
function spoken(words: Words): Words {
  const label = <T extends { label: string }>(one: T): T => ({ ...one, label: t(one.label) });
  return {
    task_states: words.task_states.map(label),
    run_states: words.run_states.map(label),
    run_types: Object.fromEntries(
      Object.entries(words.run_types).map(([name, text]) => [name, t(text)]),
    ),
  };
}

export function WordsProvider({ words: said, children }: { words: Words; children: ReactNode }) {
  const words = useMemo(() => spoken(said), [said]);
  const css = useMemo(() => {
    const rules = (shade: "light" | "dark") =>
      words.task_states.map((one) => `--state-${one.state}:${one[shade]};`).join("");
    return `:root{${rules("light")}}[data-mantine-color-scheme="dark"]{${rules("dark")}}`;
  }, [words]);
  return (
    <Context.Provider value={words}>
      <style>{css}</style>
      {children}
    </Context.Provider>
  );
}

export function useWords(): Words {
  return useContext(Context);
}

/** The label of a task's or run's state; null is what nothing was decided of yet. */
export function useStateLabel(): (state: string | null | undefined) => string {
  const words = useWords();
  return useMemo(() => {
    const labels = new Map(words.task_states.map((one) => [one.state, one.label]));
    return (state) => labels.get(state ?? "none") ?? state ?? "";
  }, [words]);
}

/** The colour of a state, as CSS. */
export function colorOf(state: string | null | undefined): string {
  return `var(--state-${state ?? "none"})`;
}
