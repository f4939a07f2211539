import { Group, JsonInput, NumberInput, PasswordInput, TextInput } from "@mantine/core";
import { answer, client, type Schemas } from "../api/client";
import { useSession } from "../session/SessionGate";
import { type Kind, Records } from "./Records";

type Connection = Schemas["ConnectionResponse"];

interface Form {
  connection_id: string;
  conn_type: string;
  host: string;
  port: number | "";
  schema: string;
  login: string;
  /** Empty leaves the one that is kept. */
  password: string;
  extra: string;
  description: string;
}

/** Where tasks connect to. Passwords go in and never come back. */
export function Connections() {
  const { may } = useSession();
  const kind: Kind<Connection, Form> = {
    title: "Connections",
    one: "connection",
    nothing: "Operators and hooks find hosts and passwords by the name of a connection.",
    queryKey: ["connections"],
    list: async (find) => {
      const query = { limit: 100, connection_id_pattern: find ? `%${find}%` : undefined };
      const found = await answer(client.GET("/api/v2/connections", { params: { query } }));
      return { records: found.connections, total: found.total_entries };
    },
    idOf: (one) => one.connection_id,
    columns: [
      { title: "Connection", show: (one) => one.connection_id },
      { title: "Type", show: (one) => one.conn_type },
      { title: "Host", show: (one) => (one.port ? `${one.host ?? ""}:${one.port}` : one.host) },
      { title: "Login", show: (one) => one.login },
      { title: "Description", show: (one) => one.description },
    ],
    formOf: (one) => ({
      connection_id: one?.connection_id ?? "",
      conn_type: one?.conn_type ?? "",
      host: one?.host ?? "",
      port: one?.port ?? "",
      schema: one?.schema ?? "",
      login: one?.login ?? "",
      password: "",
      extra: one?.extra ?? "",
      description: one?.description ?? "",
    }),
    Form: ({ form, change, isNew }) => (
      <>
        <Group grow>
          <TextInput
            label="Id"
            required
            disabled={!isNew}
            value={form.connection_id}
            onChange={(event) => change({ connection_id: event.currentTarget.value })}
          />
          <TextInput
            label="Type"
            placeholder="postgres, http, aws …"
            required
            value={form.conn_type}
            onChange={(event) => change({ conn_type: event.currentTarget.value })}
          />
        </Group>
        <Group grow>
          <TextInput
            label="Host"
            value={form.host}
            onChange={(event) => change({ host: event.currentTarget.value })}
          />
          <NumberInput
            label="Port"
            min={0}
            max={65_535}
            allowDecimal={false}
            value={form.port}
            onChange={(value) => change({ port: value === "" ? "" : Number(value) })}
          />
        </Group>
        <Group grow>
          <TextInput
            label="Login"
            autoComplete="off"
            value={form.login}
            onChange={(event) => change({ login: event.currentTarget.value })}
          />
          <PasswordInput
            label="Password"
            description={isNew ? undefined : "Empty keeps the present one"}
            autoComplete="new-password"
            value={form.password}
            onChange={(event) => change({ password: event.currentTarget.value })}
          />
        </Group>
        <TextInput
          label="Schema"
          value={form.schema}
          onChange={(event) => change({ schema: event.currentTarget.value })}
        />
        <JsonInput
          label="Extra"
          description="A JSON object"
          autosize
          minRows={3}
          value={form.extra}
          onChange={(extra) => change({ extra })}
        />
        <TextInput
          label="Description"
          value={form.description}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
      </>
    ),
    save: (form, isNew) => {
      const { password, port, ...rest } = form;
      const texts = Object.fromEntries(
        Object.entries(rest).map(([name, value]) => [name, value === "" ? null : value]),
      ) as Record<keyof typeof rest, string | null>;
      const body = {
        ...texts,
        connection_id: form.connection_id,
        conn_type: form.conn_type,
        port: port === "" ? null : port,
      };
      if (isNew) {
        return answer(
          client.POST("/api/v2/connections", { body: { ...body, password: password || null } }),
        );
      }
      const changed = Object.keys(body).filter((name) => name !== "connection_id");
      return answer(
        client.PATCH("/api/v2/connections/{connection_id}", {
          params: {
            path: { connection_id: form.connection_id },
            query: { update_mask: password ? [...changed, "password"] : changed },
          },
          body: password ? { ...body, password } : body,
        }),
      );
    },
    remove: (id) =>
      answer(
        client.DELETE("/api/v2/connections/{connection_id}", {
          params: { path: { connection_id: id } },
        }),
      ),
    mayCreate: may("create", "connection"),
    mayEdit: may("edit", "connection"),
    mayDelete: may("delete", "connection"),
  };
  return <Records kind={kind} />;
}
