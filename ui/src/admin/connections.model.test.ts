import { expect, test } from "vitest";
import {
  bodiesIn,
  type Connection,
  extraFields,
  extraText,
  fieldOf,
  fileOf,
  isSecret,
  type Type,
  withExtra,
} from "./connections.model";

const TYPE = {
  connection_type: "warehouse",
  hook_name: "Warehouse",
  package_name: null,
  hidden_fields: ["port"],
  relabeling: { schema: "Database" },
  placeholders: { host: "db.example.org" },
  fields: {
    timeout: { value: 7, schema: { type: "integer" } },
    key: { value: null, schema: { type: ["string", "null"], format: "password" } },
  },
} as unknown as Type;

test("a type hides and renames fields", () => {
  expect(fieldOf(TYPE, "port").isHidden).toBe(true);
  expect(fieldOf(TYPE, "schema").label).toBe("Database");
  expect(fieldOf(TYPE, "host").placeholder).toBe("db.example.org");
  expect(fieldOf(undefined, "login")).toEqual({ isHidden: false, label: "Login" });
});

test("fields of a type live in the extra", () => {
  const [timeout, key] = extraFields(TYPE);
  if (!timeout || !key) throw new Error("there are two");
  expect(extraText("", timeout)).toBe("7");
  const extra = withExtra('{"more": 1}', timeout, "9");
  expect(JSON.parse(extra)).toEqual({ more: 1, timeout: 9 });
  expect(extraText(extra, timeout)).toBe("9");
  expect(withExtra(withExtra("", key, "x"), key, "")).toBe("");
  expect(() => withExtra("", timeout, "soon")).toThrow("not a number");
  expect([isSecret(TYPE, "key"), isSecret(TYPE, "timeout")]).toEqual([true, false]);
});

test("a file has all but passwords, and comes back", () => {
  const connection = {
    connection_id: "db",
    conn_type: "postgres",
    host: "h",
    port: 5432,
    password: "***",
    login: null,
    schema: null,
    description: null,
    team_name: null,
    extra: '{"a": 1}',
  } as Connection;
  const file = fileOf([connection]);
  expect(file).not.toContain("***");
  expect(bodiesIn(file)).toEqual([
    { connection_id: "db", conn_type: "postgres", host: "h", port: 5432, extra: '{"a": 1}' },
  ]);
});

test("whose a connection is stays in the file", () => {
  const connection = { connection_id: "db", conn_type: "http", team_name: "sales" } as Connection;
  expect(bodiesIn(fileOf([connection]))).toEqual([connection]);
});

test("a file that is none is refused in words", () => {
  expect(() => bodiesIn("[]")).toThrow("must be a JSON object");
  expect(() => bodiesIn("{")).toThrow("not JSON");
  expect(() => bodiesIn('{"db": {"host": "h"}}')).toThrow('no "conn_type"');
  expect(bodiesIn('{"db": {"conn_type": "http", "extra": {"a": 1}}}')[0]?.extra).toBe('{"a":1}');
});
