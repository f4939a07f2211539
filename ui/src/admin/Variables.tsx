import { Code, Textarea, TextInput } from "@mantine/core";
import { answer, client, type Schemas } from "../api/client";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { type Kind, Records } from "./Records";

type Variable = Schemas["VariableResponse"];

interface Form {
  key: string;
  value: string;
  description: string;
}

/** The variables that tasks read. */
export function Variables() {
  const { may } = useSession();
  const kind: Kind<Variable, Form> = {
    words: {
      title: t("Variables"),
      add: t("Add a variable"),
      find: t("Find a variable"),
      none: t("There is no variable yet"),
      about: t("Tasks read variables with Variable.get, or in templates as {{ var.value.name }}."),
      removal: t("Tasks that use it fail until there is one of that name again."),
    },
    queryKey: ["variables"],
    list: async ({ find, ...page }) => {
      const query = { ...page, variable_key_pattern: find ? `%${find}%` : undefined };
      const found = await answer(client.GET("/api/v2/variables", { params: { query } }));
      return { records: found.variables, total: found.total_entries };
    },
    idOf: (one) => one.key,
    columns: [
      { title: t("Key"), show: (one) => one.key },
      { title: t("Value"), show: (one) => <Code>{one.value}</Code> },
      { title: t("Description"), show: (one) => one.description },
    ],
    formOf: (one) => ({
      key: one?.key ?? "",
      value: one?.value ?? "",
      description: one?.description ?? "",
    }),
    Form: ({ form, change, isNew }) => (
      <>
        <TextInput
          label={t("Key")}
          required
          disabled={!isNew}
          value={form.key}
          onChange={(event) => change({ key: event.currentTarget.value })}
        />
        <Textarea
          label={t("Value")}
          autosize
          minRows={3}
          value={form.value}
          onChange={(event) => change({ value: event.currentTarget.value })}
        />
        <TextInput
          label={t("Description")}
          value={form.description}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
      </>
    ),
    save: (form, isNew) => {
      const body = { ...form, description: form.description || null };
      return isNew
        ? answer(client.POST("/api/v2/variables", { body }))
        : answer(
            client.PATCH("/api/v2/variables/{variable_key}", {
              params: { path: { variable_key: form.key } },
              body,
            }),
          );
    },
    remove: (key) =>
      answer(
        client.DELETE("/api/v2/variables/{variable_key}", {
          params: { path: { variable_key: key } },
        }),
      ),
    // A value that the server does not show cannot be put back.
    canRestore: ({ value }) => may("create", "variable") && value?.includes("***") === false,
    restore: ({ key, value, description, team_name }) =>
      answer(client.POST("/api/v2/variables", { body: { key, value, description, team_name } })),
    mayCreate: may("create", "variable"),
    mayEdit: may("edit", "variable"),
    mayDelete: may("delete", "variable"),
  };
  return <Records kind={kind} />;
}
