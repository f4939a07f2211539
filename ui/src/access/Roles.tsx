import {
  Badge,
  Button,
  Checkbox,
  Group,
  ScrollArea,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Kind, Records } from "../admin/Records";
import { answer, client, type Schemas } from "../api/client";
import { Shown } from "../design/Feedback";
import { plural, t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { permissionsQuery, rolesKey } from "./queries";
import {
  ACTIONS,
  type Action,
  actionsOf,
  type Gives,
  givesOf,
  resourceOf,
  rowsOf,
  toggled,
} from "./roles.model";

type Role = Schemas["RoleResponse"];

interface Form {
  name: string;
  gives: Gives;
}

/** It gives everything, so that nobody is locked out. */
const ADMIN = "Admin";
const ACTION_LABELS: Record<Action, string> = {
  can_read: t("Read"),
  can_create: t("Create"),
  can_edit: t("Edit"),
  can_delete: t("Delete"),
};

/** What each role lets people do. */
export function Roles() {
  const { may } = useSession();
  const kind: Kind<Role, Form> = {
    words: {
      title: t("Roles"),
      add: t("Add a role"),
      find: t("Find a role"),
      none: t("There is no role yet"),
      about: t("A role is a set of things that people may do."),
      removal: t(
        "Whoever has it may do less at once. A built-in role gives again what it gave at first.",
      ),
    },
    queryKey: rolesKey,
    canFind: false,
    isHeading2: true,
    list: async ({ limit, offset }) => {
      const query = { limit, offset };
      const found = await answer(client.GET("/auth/fab/v1/roles", { params: { query } }));
      return { records: found.roles, total: found.total_entries };
    },
    idOf: (one) => one.name,
    columns: [
      {
        title: t("Role"),
        show: (one) => (
          <Group gap={6} wrap="nowrap">
            <Text size="sm" fw={600}>
              {one.name}
            </Text>
            {one.is_built_in ? (
              <Badge size="sm" variant="default" tt="none" miw="max-content">
                {t("built in")}
              </Badge>
            ) : null}
          </Group>
        ),
      },
      { title: t("Gives"), show: (one) => <Gist role={one} /> },
    ],
    formOf: (one) => ({ name: one?.name ?? "", gives: givesOf(one?.actions ?? []) }),
    Form: RoleForm,
    save: ({ name, gives }, isNew) => {
      const body = { name, actions: actionsOf(gives) };
      return isNew
        ? answer(client.POST("/auth/fab/v1/roles", { body }))
        : answer(client.PATCH("/auth/fab/v1/roles/{name}", { params: { path: { name } }, body }));
    },
    remove: (name) =>
      answer(client.DELETE("/auth/fab/v1/roles/{name}", { params: { path: { name } } })),
    mayCreate: may("create", "role"),
    mayEdit: (one) => may("edit", "role") && one.name !== ADMIN,
    mayDelete: (one) => may("delete", "role") && !one.is_built_in,
  };
  return <Records kind={kind} />;
}

/** What a role gives, in a line: resources that may be read, and those that may be changed. */
function Gist({ role }: { role: Role }) {
  const gives = Object.entries(givesOf(role.actions));
  if (gives.length === 0) return <Text size="sm">{t("nothing")}</Text>;
  const changed = gives.filter(([, actions]) => actions.some((one) => one !== "can_read"));
  const read = gives.length - changed.length;
  return (
    <Text size="sm" lineClamp={2}>
      {[
        read > 0 ? plural(read, "reads {count} resource", "reads {count} resources") : "",
        changed.length > 0
          ? t("changes {names}", { names: changed.map(([name]) => name).join(", ") })
          : "",
      ]
        .filter(Boolean)
        .join("; ")}
    </Text>
  );
}

function RoleForm({
  form,
  change,
  isNew,
}: {
  form: Form;
  change: (part: Partial<Form>) => void;
  isNew: boolean;
}) {
  const asked = useQuery(permissionsQuery);
  const [added, setAdded] = useState("");
  const add = () => {
    const resource = resourceOf(added);
    change({ gives: { ...form.gives, [resource]: form.gives[resource] ?? ["can_read"] } });
    setAdded("");
  };
  return (
    <>
      <TextInput
        label={t("Name")}
        required
        disabled={!isNew}
        value={form.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      <Shown asked={asked} what={t("What roles can give")}>
        {(all) => (
          <ScrollArea.Autosize mah={380} viewportProps={{ tabIndex: 0 }}>
            <Table stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("Of")}</Table.Th>
                  {ACTIONS.map((action) => (
                    <Table.Th key={action} ta="center">
                      {ACTION_LABELS[action]}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rowsOf(all, form.gives).map(({ resource, possible }) => (
                  <Table.Tr key={resource}>
                    <Table.Th scope="row" fw={500}>
                      {resource}
                    </Table.Th>
                    {ACTIONS.map((action) => (
                      <Table.Td key={action}>
                        {possible.includes(action) ? (
                          <Checkbox
                            m="auto"
                            w="fit-content"
                            aria-label={`${ACTION_LABELS[action]}: ${resource}`}
                            checked={form.gives[resource]?.includes(action) ?? false}
                            onChange={() =>
                              change({ gives: toggled(form.gives, resource, action) })
                            }
                          />
                        ) : null}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea.Autosize>
        )}
      </Shown>
      <Stack gap={4}>
        <Group align="flex-end" wrap="nowrap">
          <TextInput
            style={{ flex: 1 }}
            label={t("For some DAGs alone")}
            description={t(
              "A DAG's id, tag:NAME for all DAGs with a tag, or team:NAME for a team's",
            )}
            value={added}
            onChange={(event) => setAdded(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || !added.trim()) return;
              event.preventDefault();
              add();
            }}
          />
          <Button variant="default" disabled={!added.trim()} onClick={add}>
            {t("Add a row")}
          </Button>
        </Group>
      </Stack>
    </>
  );
}
