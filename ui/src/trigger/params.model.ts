/** From a DAG's params to the fields of a form, and from what was typed back to a run's conf. */

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
    | "json"
    | "date"
    | "time"
    | "moment";
  choices: string[];
  section: string;
  isRequired: boolean;
  least?: number;
  most?: number;
  value: unknown;
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
        param.description ?? (typeof schema.description === "string" ? schema.description : null),
      kind: kindOf(types, schema, enumeration, param.value),
      choices: choicesOf(schema, enumeration),
      section: typeof schema.section === "string" ? schema.section : FIRST_SECTION,
      isRequired: !types.includes("null") && types.length > 0,
      least: typeof schema.minimum === "number" ? schema.minimum : undefined,
      most: typeof schema.maximum === "number" ? schema.maximum : undefined,
      value: param.value ?? null,
    };
  });
}

function kindOf(
  types: string[],
  schema: Record<string, unknown>,
  enumeration: unknown[] | null,
  value: unknown,
): Field["kind"] {
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
      return Array.isArray(schema.examples) ? "choices" : "json";
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
      if (!Number.isFinite(number)) throw new Error(`"${text}" is not a number`);
      if (field.kind === "whole" && !Number.isInteger(number)) {
        throw new Error(`${text} is not a whole number`);
      }
      return number;
    }
    case "flag":
      return text === "true";
    case "json":
    case "choices":
      try {
        return JSON.parse(text);
      } catch (error) {
        throw new Error(`This is not JSON: ${(error as Error).message}`);
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
