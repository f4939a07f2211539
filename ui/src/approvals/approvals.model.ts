/** What people are asked, and whether and how somebody may answer. */
import type { Schemas } from "../api/client";
import { checked, fieldsOf, type Param } from "../trigger/params.model";

export type Asked = Schemas["HITLDetail"];

/** A task waits for the answer in one of these. */
export const WAITS = ["awaiting_input", "deferred"];

export function isWaiting(asked: Asked): boolean {
  return !asked.response_received && WAITS.includes(asked.task_instance.state ?? "");
}

/** Whether that person is among those who are asked. */
export function isFor(asked: Asked, userName: string): boolean {
  const people = asked.assigned_users ?? [];
  return people.length === 0 || people.some((person) => person.id === userName);
}

/** The options that a link has chosen: their list as Python or JSON writes it, or one by itself. */
export function optionsIn(given: unknown, options: readonly string[]): string[] {
  if (Array.isArray(given)) return options.filter((option) => given.includes(option));
  const text = String(given ?? "");
  return options.filter(
    (option) => text === option || text.includes(`'${option}'`) || text.includes(`"${option}"`),
  );
}

/** The form's fields; one without a value must be filled in. */
export function fieldsAsked(asked: Asked) {
  return fieldsOf((asked.params ?? {}) as Record<string, Param>);
}

export interface Typed {
  /** All values of the form. */
  values: Record<string, unknown>;
  /** `{field: what is wrong with it}`. */
  wrong: Record<string, string>;
}

/** What was typed into the form as values. */
export function typedInto(asked: Asked, texts: Record<string, string>): Typed {
  const typed: Typed = { values: {}, wrong: {} };
  for (const field of fieldsAsked(asked)) {
    try {
      const text = texts[field.name];
      typed.values[field.name] = text === undefined ? field.value : checked(field, text);
    } catch (error) {
      typed.wrong[field.name] = (error as Error).message;
    }
  }
  return typed;
}
