import { answer, client } from "../api/client";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { bodyOf, ConnectionForm, type Form } from "./ConnectionForm";
import { type Body, bodiesIn, type Connection, fileOf } from "./connections.model";
import { Files } from "./Files";
import { type Kind, Records } from "./Records";

/** Where tasks connect to. Passwords go in and never come back. */
export function Connections() {
  const { may } = useSession();
  const kind: Kind<Connection, Form> = {
    words: {
      title: t("Connections"),
      add: t("Add a connection"),
      find: t("Find a connection"),
      none: t("There is no connection yet"),
      about: t("Operators and hooks find hosts and passwords by the name of a connection."),
      removal: t(
        "Tasks that use it fail until there is one of that name again. Its password is gone for good.",
      ),
    },
    queryKey: ["connections"],
    list: async ({ find, ...page }) => {
      const query = { ...page, connection_id_pattern: find ? `%${find}%` : undefined };
      const found = await answer(client.GET("/api/v2/connections", { params: { query } }));
      return { records: found.connections, total: found.total_entries };
    },
    idOf: (one) => one.connection_id,
    columns: [
      { title: t("Connection"), show: (one) => one.connection_id },
      { title: t("Type"), show: (one) => one.conn_type },
      { title: t("Host"), show: (one) => (one.port ? `${one.host ?? ""}:${one.port}` : one.host) },
      { title: t("Login"), show: (one) => one.login },
      { title: t("Description"), show: (one) => one.description },
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
    Form: ConnectionForm,
    save: (form, isNew) => {
      const body = bodyOf(form);
      if (isNew) {
        return answer(client.POST("/api/v2/connections", { body }));
      }
      const changed = Object.keys(body).filter((name) => name !== "connection_id");
      return answer(
        client.PATCH("/api/v2/connections/{connection_id}", {
          params: {
            path: { connection_id: form.connection_id },
            query: { update_mask: changed },
          },
          body,
        }),
      );
    },
    remove: (id) =>
      answer(
        client.DELETE("/api/v2/connections/{connection_id}", {
          params: { path: { connection_id: id } },
        }),
      ),
    tools: (
      <Files<Body>
        many="connections"
        queryKey={["connections"]}
        note={t("Without passwords: the server gives them to nobody")}
        write={async () => fileOf(await allConnections())}
        read={bodiesIn}
        send={async (entities, onExistence) => {
          const actions = [
            { action: "create" as const, entities, action_on_existence: onExistence },
          ];
          return (await answer(client.PATCH("/api/v2/connections", { body: { actions } }))).create;
        }}
        mayImport={may("edit", "connection")}
      />
    ),
    mayCreate: may("create", "connection"),
    mayEdit: may("edit", "connection"),
    mayDelete: may("delete", "connection"),
  };
  return <Records kind={kind} />;
}

const PAGE = 100;

async function allConnections(): Promise<Connection[]> {
  const found: Connection[] = [];
  for (;;) {
    const query = { limit: PAGE, offset: found.length, order_by: ["connection_id"] };
    const page = await answer(client.GET("/api/v2/connections", { params: { query } }));
    found.push(...page.connections);
    if (page.connections.length === 0 || found.length >= page.total_entries) return found;
  }
}
