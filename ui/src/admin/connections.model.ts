/** Connections as forms and files have them. */
import type { Schemas } from "../api/client";
import { t } from "../language/language";
import { type Field, fieldsOf, type Param, parsed, shown } from "../trigger/params.model";

export type Connection = Schemas["ConnectionResponse"];
export type Body = Schemas["ConnectionBody"];
export type Type = Schemas["ConnectionTypePayload"];

const STANDARD = {
  host: t("Host"),
  port: t("Port"),
  login: t("Login"),
  password: t("Password"),
  schema: t("Schema"),
  extra: t("Extra"),
  description: t("Description"),
};

export type Standard = keyof typeof STANDARD;

/** What a field is called in the form of that type, or that it is not in it. */
export function fieldOf(type: Type | undefined, name: Standard) {
  return {
    isHidden: type?.hidden_fields.includes(name) ?? false,
    label: type?.relabeling[name] ?? STANDARD[name],
    placeholder: type?.placeholders[name],
  };
}

/** The fields of the extra that the type has. */
export function extraFields(type: Type | undefined): Field[] {
  return fieldsOf((type?.fields ?? {}) as Record<string, Param>);
}

export function isSecret(type: Type | undefined, name: string): boolean {
  const field = (type?.fields as Record<string, Param> | undefined)?.[name];
  return field?.schema?.format === "password";
}

function objectIn(extra: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(extra || "{}");
    return typeof found === "object" && found !== null && !Array.isArray(found)
      ? (found as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

/** What a field of the extra shows. */
export function extraText(extra: string, field: Field): string {
  const value = objectIn(extra)[field.name];
  return value === undefined ? shown(field, field.value) : shown(field, value);
}

/** The extra after somebody has typed into one of its fields; what was emptied is left out. Throws
 * an `Error` that says what is wrong with the text. */
export function withExtra(extra: string, field: Field, text: string): string {
  const { [field.name]: _, ...rest } = objectIn(extra);
  const value = text === "" ? undefined : parsed(field, text);
  const next = value === undefined ? rest : { ...rest, [field.name]: value };
  return Object.keys(next).length === 0 ? "" : JSON.stringify(next, null, 2);
}

/** A file for `slipstream connections import`, and for the one here. Passwords are not in it: the
 * server gives them to nobody. */
export function fileOf(connections: readonly Connection[]): string {
  const kept = Object.fromEntries(
    connections.map(({ connection_id, password: _password, ...rest }) => [
      connection_id,
      Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)),
    ]),
  );
  return `${JSON.stringify(kept, null, 2)}\n`;
}

/** The connections in such a file: `{id: {conn_type, host, …}}`. Throws an `Error`. */
export function bodiesIn(text: string): Body[] {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new Error(t("The file is not JSON: {why}", { why: (error as Error).message }));
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw new Error(t('The file must be a JSON object: {"my_db": {"conn_type": "postgres", …}}'));
  }
  return Object.entries(found).map(([connection_id, given]) => {
    const { conn_type, extra, ...rest } = given as Record<string, unknown>;
    if (typeof conn_type !== "string") {
      throw new Error(
        t('The connection {id} has no "conn_type"; give it one.', { id: connection_id }),
      );
    }
    const known = Object.entries(rest).filter(([name]) => name in STANDARD || name === "team_name");
    return {
      ...Object.fromEntries(known),
      connection_id,
      conn_type,
      extra: extra === undefined || typeof extra === "string" ? extra : JSON.stringify(extra),
    } as Body;
  });
}
