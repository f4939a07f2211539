import { Anchor, Stack, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { At } from "../design/Moment";
import { t } from "../language/language";
import { changesIn } from "./audit.model";

type Entry = Schemas["EventLogResponse"];

/** Entries of the audit log: who has done what, and what was so before. */
export function EventTable({ entries, ofDag = false }: { entries: Entry[]; ofDag?: boolean }) {
  return (
    <Table.ScrollContainer minWidth={820}>
      <Table highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("When")}</Table.Th>
            <Table.Th>{t("Who")}</Table.Th>
            <Table.Th>{t("Event")}</Table.Th>
            <Table.Th>{t("Of")}</Table.Th>
            <Table.Th>{t("What")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => (
            <Line key={entry.event_log_id} entry={entry} ofDag={ofDag} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Line({ entry, ofDag }: { entry: Entry; ofDag: boolean }) {
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: "nowrap" }}>
        <At at={entry.when} />
      </Table.Td>
      <Table.Td>{entry.owner ?? "–"}</Table.Td>
      <Table.Td>{entry.event}</Table.Td>
      <Table.Td>
        <Place entry={entry} ofDag={ofDag} />
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

function Place({ entry, ofDag }: { entry: Entry; ofDag: boolean }) {
  const { dag_id: dagId, run_id: runId, task_id: taskId } = entry;
  if (!dagId) return <span>–</span>;
  return (
    <Stack gap={0}>
      {ofDag ? null : (
        <Anchor
          size="sm"
          renderRoot={(props) => <Link to="/dags/$dagId" params={{ dagId }} {...props} />}
        >
          {entry.dag_display_name ?? dagId}
        </Anchor>
      )}
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
