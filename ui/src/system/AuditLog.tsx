import { Anchor, Group, Pagination, Stack, Table, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { Empty, Shown } from "../design/Feedback";
import { At } from "../design/Moment";
import { changesIn } from "./audit.model";
import { type AuditSearch, auditQuery, PER_PAGE } from "./queries";

type Entry = Schemas["EventLogResponse"];

/** Who has changed what, and what it was before. */
export function AuditLog() {
  const search = useSearch({ from: "/system" });
  const navigate = useNavigate({ from: "/system" });
  const asked = useQuery(auditQuery(search));
  const page = search.page ?? 1;
  const change = (part: AuditSearch) =>
    void navigate({
      search: (old) => ({ ...old, page: undefined, ...part }),
      replace: part.page === undefined,
    });
  const filter = (name: "event" | "user" | "dag", label: string) => (
    <TextInput
      label={label}
      data-search={name === "event" || undefined}
      value={search[name] ?? ""}
      onChange={(event) => change({ [name]: event.currentTarget.value || undefined })}
    />
  );
  return (
    <Stack>
      <Group>
        {filter("event", "Event")}
        {filter("user", "User")}
        {filter("dag", "DAG")}
      </Group>
      <Shown asked={asked} what="The audit log">
        {({ event_logs, total_entries }) =>
          event_logs.length === 0 ? (
            <Empty title="Nothing like that has happened" />
          ) : (
            <>
              <Table.ScrollContainer minWidth={820}>
                <Table highlightOnHover>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>When</Table.Th>
                      <Table.Th>Who</Table.Th>
                      <Table.Th>Event</Table.Th>
                      <Table.Th>Of</Table.Th>
                      <Table.Th>What</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {event_logs.map((entry) => (
                      <Line key={entry.event_log_id} entry={entry} />
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              <Group justify="space-between">
                <Text size="sm" c="dimmed">
                  {total_entries} in all
                </Text>
                {total_entries > PER_PAGE ? (
                  <Pagination
                    total={Math.ceil(total_entries / PER_PAGE)}
                    value={page}
                    onChange={(next) => change({ page: next })}
                    getControlProps={(control) => ({ "aria-label": `${control} page` })}
                  />
                ) : null}
              </Group>
            </>
          )
        }
      </Shown>
    </Stack>
  );
}

function Line({ entry }: { entry: Entry }) {
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: "nowrap" }}>
        <At at={entry.when} />
      </Table.Td>
      <Table.Td>{entry.owner ?? "–"}</Table.Td>
      <Table.Td>{entry.event}</Table.Td>
      <Table.Td>
        <Place entry={entry} />
      </Table.Td>
      <Table.Td>
        {changesIn(entry.extra).map((change) => (
          <Text key={change.name} size="xs" style={{ overflowWrap: "anywhere" }}>
            <b>{change.name}</b>{" "}
            {change.before === undefined ? null : (
              <>
                <del>{change.before}</del> →{" "}
              </>
            )}
            {change.after}
          </Text>
        ))}
      </Table.Td>
    </Table.Tr>
  );
}

function Place({ entry }: { entry: Entry }) {
  const { dag_id: dagId, run_id: runId, task_id: taskId } = entry;
  if (!dagId) return <span>–</span>;
  return (
    <Stack gap={0}>
      <Anchor
        size="sm"
        renderRoot={(props) => <Link to="/dags/$dagId" params={{ dagId }} {...props} />}
      >
        {entry.dag_display_name ?? dagId}
      </Anchor>
      {runId ? (
        <Anchor
          size="xs"
          renderRoot={(props) => (
            <Link to="/dags/$dagId/runs/$runId" params={{ dagId, runId }} {...props} />
          )}
        >
          {runId}
        </Anchor>
      ) : null}
      {taskId ? <Text size="xs">{taskId}</Text> : null}
    </Stack>
  );
}
