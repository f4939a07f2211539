import { Accordion, Code, Group, Image, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { answer, client } from "../api/client";
import { keys } from "../api/queries";
import { Empty, Shown, Waiting } from "../design/Feedback";
import { Ago } from "../design/Moment";
import { kindOf } from "./xcoms.model";

const Source = lazy(() => import("../design/Source"));

interface Where {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

/** What the task has pushed. */
export default function XComs(where: Where) {
  const { dagId, runId, taskId, mapIndex } = where;
  const asked = useQuery({
    queryKey: [...keys.instances(dagId, runId), taskId, mapIndex, "xcoms"],
    queryFn: () =>
      answer(
        client.GET(
          "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries",
          {
            params: {
              path: { dag_id: dagId, dag_run_id: runId, task_id: taskId },
              query: { map_index: mapIndex, limit: 100 },
            },
          },
        ),
      ),
  });
  return (
    <Shown asked={asked} what="The XComs">
      {(found) =>
        found.xcom_entries.length === 0 ? (
          <Empty title="This task has pushed nothing" />
        ) : (
          <Accordion multiple defaultValue={found.xcom_entries.slice(0, 3).map((one) => one.key)}>
            {found.xcom_entries.map((one) => (
              <Accordion.Item key={one.key} value={one.key}>
                <Accordion.Control>
                  <Group>
                    <Text fw={600}>{one.key}</Text>
                    <Text size="xs" c="dimmed">
                      <Ago at={one.timestamp} />
                    </Text>
                  </Group>
                </Accordion.Control>
                <Accordion.Panel>
                  <Value where={where} name={one.key} />
                </Accordion.Panel>
              </Accordion.Item>
            ))}
          </Accordion>
        )
      }
    </Shown>
  );
}

function Value({ where, name }: { where: Where; name: string }) {
  const { dagId, runId, taskId, mapIndex } = where;
  const asked = useQuery({
    queryKey: [...keys.instances(dagId, runId), taskId, mapIndex, "xcom", name],
    queryFn: () =>
      answer(
        client.GET(
          "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}",
          {
            params: {
              path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, xcom_key: name },
              query: { map_index: mapIndex },
            },
          },
        ),
      ),
  });
  return (
    <Shown asked={asked} what="The value">
      {(found) => <Picture value={"value" in found ? found.value : null} name={name} />}
    </Shown>
  );
}

function Picture({ value, name }: { value: unknown; name: string }) {
  const kind = kindOf(value);
  switch (kind.is) {
    case "image":
      return <Image src={kind.source} alt={name} maw={720} />;
    case "table":
      return (
        <Table.ScrollContainer minWidth={300}>
          <Table striped withTableBorder>
            <Table.Thead>
              <Table.Tr>
                {kind.columns.map((column) => (
                  <Table.Th key={column}>{column}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {kind.rows.map((row, index) => (
                <Table.Tr key={index}>
                  {kind.columns.map((column) => (
                    <Table.Td key={column}>
                      {typeof row[column] === "string" ? row[column] : JSON.stringify(row[column])}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      );
    case "text":
      return (
        <Code block style={{ whiteSpace: "pre-wrap" }}>
          {kind.text}
        </Code>
      );
    default:
      return (
        <Suspense fallback={<Waiting what="The value" />}>
          <Source text={kind.text} language="json" />
        </Suspense>
      );
  }
}
