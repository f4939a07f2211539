/** From a DAG's params to the fields of a form, and from what was typed back to a run's conf. */

import { t } from "../language/language";

export interface Field {
  name: string;
  label: string;
  about: string | null;
  kind:
    | "text"
    | "long"
    | "number"
    | "whole"
    | "flag"
    | "choice"
    | "choices"
    | "lines"
    | "fixed"
    | "json"
    | "date"
    | "time"
    | "moment";
  choices: string[];
  /** What people read for a choice, where it is not the choice itself. */
  display: Readonly<Record<string, string>>;
  section: string;
  isRequired: boolean;
  least?: number;
  most?: number;
  value: unknown;
  /** What the value must be like. */
  schema: Readonly<Record<string, unknown>>;
}

export interface Param {
  value?: unknown;
  description?: string | null;
  schema?: Record<string, unknown> | null;
}

export const FIRST_SECTION = "Parameters";

const KINDS: Record<string, Field["kind"]> = {
  date: "date",
  time: "time",
  "date-time": "moment",
  multiline: "long",
};

/** The form's fields, in the order of the params. */
export function fieldsOf(params: Record<string, Param>): Field[] {
  return Object.entries(params).map(([name, param]) => {
    const schema = param.schema ?? {};
    const types = [schema.type].flat().filter((one): one is string => typeof one === "string");
    const enumeration = Array.isArray(schema.enum) ? schema.enum : null;
    return {
      name,
      label: typeof schema.title === "string" ? schema.title : name,
      about:
        param.description ?? textOf(schema.description) ?? textOf(schema.description_md) ?? null,
      kind: kindOf(types, schema, enumeration, param.value),
      choices: choicesOf(schema, enumeration),
      display: (schema.values_display ?? {}) as Record<string, string>,
      section: typeof schema.section === "string" ? schema.section : FIRST_SECTION,
      isRequired: !types.includes("null") && types.length > 0,
      least: typeof schema.minimum === "number" ? schema.minimum : undefined,
      most: typeof schema.maximum === "number" ? schema.maximum : undefined,
      value: param.value ?? null,
      schema,
    };
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function kindOf(
  types: string[],
  schema: Record<string, unknown>,
  enumeration: unknown[] | null,
  value: unknown,
): Field["kind"] {
  if (schema.const !== undefined) return "fixed";
  if (enumeration) return "choice";
  const type = types.find((one) => one !== "null") ?? typeOf(value);
  switch (type) {
    case "boolean":
      return "flag";
    case "integer":
      return "whole";
    case "number":
      return "number";
    case "string":
      return KINDS[String(schema.format)] ?? "text";
    case "array":
      if (Array.isArray(schema.examples)) return "choices";
      return (schema.items as { type?: unknown } | undefined)?.type === "string" ? "lines" : "json";
    default:
      return "json";
  }
}

function typeOf(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  if (typeof value === "boolean" || typeof value === "string") return typeof value;
  return "object";
}

function choicesOf(schema: Record<string, unknown>, enumeration: unknown[] | null): string[] {
  const given = enumeration ?? (Array.isArray(schema.examples) ? schema.examples : []);
  return given.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
}

/** What a field shows for a value. */
export function shown(field: Field, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (field.kind === "lines" && Array.isArray(value)) return value.join("\n");
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The value behind what was typed. Throws an `Error` that says what is wrong with it. */
export function parsed(field: Field, text: string): unknown {
  if (text === "") return field.isRequired && field.kind === "text" ? "" : null;
  switch (field.kind) {
    case "number":
    case "whole": {
      const number = Number(text);
      if (!Number.isFinite(number)) throw new Error(t("“{text}” is not a number", { text }));
      if (field.kind === "whole" && !Number.isInteger(number)) {
        throw new Error(t("{text} is not a whole number", { text }));
      }
      return number;
    }
    case "flag":
      return text === "true";
    case "lines":
      return text.split("\n").filter((line) => line !== "");
    case "fixed":
      return field.schema.const;
    case "json":
    case "choices":
      try {
        return JSON.parse(text);
      } catch (error) {
        throw new Error(t("This is not JSON: {why}", { why: (error as Error).message }));
      }
    case "choice": {
      const known = field.choices.indexOf(text);
      if (known < 0) return text;
      try {
        return typeof field.value === "string" ? text : JSON.parse(text);
      } catch {
        return text;
      }
    }
    default:
      return text;
  }
}

/** The value behind what was typed, if it is what the param's schema wants. Throws an `Error` that
 * says what is wrong. The server looks at it once more, and by the whole schema. */
export function checked(field: Field, text: string): unknown {
  const value = parsed(field, text);
  const { minLength, maxLength, pattern, exclusiveMinimum, exclusiveMaximum } = field.schema;
  if (value === null || (value === "" && (field.value === null || field.value === undefined))) {
    if (field.isRequired) throw new Error(t("Give a value: this param has to have one"));
    return value;
  }
  if (typeof value === "string") {
    if (typeof minLength === "number" && value.length < minLength) {
      throw new Error(t("At least {count} characters", { count: minLength }));
    }
    if (typeof maxLength === "number" && value.length > maxLength) {
      throw new Error(t("At most {count} characters", { count: maxLength }));
    }
    if (typeof pattern === "string" && !isLike(value, pattern)) {
      throw new Error(t("This must be like {pattern}", { pattern }));
    }
  }
  if (typeof value === "number") {
    if (field.least !== undefined && value < field.least) {
      throw new Error(t("At least {count}", { count: field.least }));
    }
    if (field.most !== undefined && value > field.most) {
      throw new Error(t("At most {count}", { count: field.most }));
    }
    if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) {
      throw new Error(t("More than {count}", { count: exclusiveMinimum }));
    }
    if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum) {
      throw new Error(t("Less than {count}", { count: exclusiveMaximum }));
    }
  }
  return value;
}

/** Whether a text is like a pattern; one that this language does not know is left to the server. */
function isLike(text: string, pattern: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}

/** The conf to send: what differs from the defaults. */
export function confOf(fields: Field[], values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    fields
      .filter((field) => JSON.stringify(values[field.name]) !== JSON.stringify(field.value))
      .map((field) => [field.name, values[field.name]]),
  );
}

/** What a run was started with besides the form's fields. */
export function restOf(fields: Field[], conf: Record<string, unknown>): Record<string, unknown> {
  const names = new Set(fields.map((field) => field.name));
  return Object.fromEntries(Object.entries(conf).filter(([name]) => !names.has(name)));
}
