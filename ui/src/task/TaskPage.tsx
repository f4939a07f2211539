import {
  Alert,
  Anchor,
  Breadcrumbs,
  Code,
  Group,
  SegmentedControl,
  Stack,
  Table,
  Tabs,
  Text,
  Title,
} from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { answer, client, type Schemas } from "../api/client";
import { useLive } from "../api/live";
import { instanceQuery, keys } from "../api/queries";
import type { TaskView } from "../app/router";
import { Empty, Shown, Waiting } from "../design/Feedback";
import { At, Lasted } from "../design/Moment";
import { State } from "../design/State";
import { Mapped } from "./Mapped";
import { TaskActions } from "./TaskActions";

const Logs = lazy(() => import("./Logs"));
const XComs = lazy(() => import("./XComs"));
const Source = lazy(() => import("../design/Source"));

const FROM = "/dags/$dagId/runs/$runId/tasks/$taskId";
const TABS = [
  ["logs", "Logs"],
  ["xcom", "XCom"],
  ["rendered", "Rendered"],
  ["tries", "Tries"],
  ["details", "Details"],
] as const;

const whyQuery = (dagId: string, runId: string, taskId: string, mapIndex: number) =>
  queryOptions({
    queryKey: [...keys.instances(dagId, runId), taskId, mapIndex, "why"],
    queryFn: () =>
      answer(
        client.GET("/ui/dags/{dag_id}/runs/{dag_run_id}/tasks/{task_id}/why", {
          params: {
            path: { dag_id: dagId, dag_run_id: runId, task_id: taskId },
            query: { map_index: mapIndex },
          },
        }),
      ),
  });

/** One task in one run. */
export function TaskPage() {
  const { dagId, runId, taskId } = useParams({ from: FROM });
  const { map = -1, tab } = useSearch({ from: FROM });
  useLive(dagId);
  const isList = tab === "mapped" && map < 0;
  const asked = useQuery({ ...instanceQuery(dagId, runId, taskId, map), enabled: !isList });
  return (
    <Stack gap="sm">
      <Breadcrumbs>
        <Anchor renderRoot={(props) => <Link to="/dags/$dagId" params={{ dagId }} {...props} />}>
          {dagId}
        </Anchor>
        <Anchor
          renderRoot={(props) => (
            <Link to="/dags/$dagId/runs/$runId" params={{ dagId, runId }} {...props} />
          )}
        >
          {runId}
        </Anchor>
        {map >= 0 ? (
          <Anchor
            renderRoot={(props) => (
              <Link
                to={FROM}
                params={{ dagId, runId, taskId }}
                search={{ tab: "mapped" }}
                {...props}
              />
            )}
          >
            {taskId}
          </Anchor>
        ) : (
          <Text>{taskId}</Text>
        )}
        {map >= 0 ? <Text>[{map}]</Text> : null}
      </Breadcrumbs>
      {isList ? (
        <Mapped dagId={dagId} runId={runId} taskId={taskId} />
      ) : (
        <Shown asked={asked} what={`The task ${taskId}`}>
          {(instance) => <Page instance={instance} />}
        </Shown>
      )}
    </Stack>
  );
}

function Page({ instance }: { instance: Schemas["TaskInstanceResponse"] }) {
  const { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } = instance;
  const view = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const latest = Math.max(1, instance.try_number);
  const tryNumber = Math.min(view.try ?? latest, latest);
  const tab = view.tab === "mapped" || view.tab === undefined ? "logs" : view.tab;
  const change = (part: Partial<TaskView>) =>
    void navigate({ search: (old) => ({ ...old, ...part }) });
  return (
    <>
      <Group justify="space-between">
        <Group gap="md">
          <Title order={1} size="h3">
            {instance.task_display_name}
            {mapIndex >= 0 ? ` [${instance.rendered_map_index ?? mapIndex}]` : ""}
          </Title>
          <State state={instance.state} />
        </Group>
        <TaskActions instance={instance} />
      </Group>
      <Why instance={instance} />
      <Group gap="lg">
        <Text size="sm">{instance.operator_name}</Text>
        <Text size="sm">
          started <At at={instance.start_date} />
        </Text>
        <Text size="sm">
          took <Lasted from={instance.start_date} to={instance.end_date} />
        </Text>
        {latest > 1 ? (
          <SegmentedControl
            size="xs"
            aria-label="Try"
            data={Array.from({ length: latest }, (_, at) => ({
              value: String(at + 1),
              label: `Try ${at + 1}`,
            }))}
            value={String(tryNumber)}
            onChange={(chosen) => change({ try: Number(chosen) })}
          />
        ) : null}
      </Group>
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) => change({ tab: next as TaskView["tab"] })}
      >
        <Tabs.List mb="sm">
          {TABS.map(([name, label]) => (
            <Tabs.Tab key={name} value={name}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Suspense fallback={<Waiting what="The task" />}>
          <Tabs.Panel value="logs">
            <Logs
              dagId={dagId}
              runId={runId}
              taskId={taskId}
              mapIndex={mapIndex}
              tryNumber={tryNumber}
            />
          </Tabs.Panel>
          <Tabs.Panel value="xcom">
            <XComs dagId={dagId} runId={runId} taskId={taskId} mapIndex={mapIndex} />
          </Tabs.Panel>
          <Tabs.Panel value="rendered">
            <Rendered fields={instance.rendered_fields ?? {}} />
          </Tabs.Panel>
          <Tabs.Panel value="tries">
            <Tries instance={instance} />
          </Tabs.Panel>
          <Tabs.Panel value="details">
            <Facts instance={instance} />
          </Tabs.Panel>
        </Suspense>
      </Tabs>
    </>
  );
}

/** Why it is where it is, in a sentence. */
function Why({ instance }: { instance: Schemas["TaskInstanceResponse"] }) {
  const { dag_id, dag_run_id, task_id, map_index, state } = instance;
  const asked = useQuery(whyQuery(dag_id, dag_run_id, task_id, map_index));
  if (!asked.data || state === "success" || state === "running") return null;
  const sentences = [asked.data.task, state === null ? asked.data.run : ""].filter(Boolean);
  if (sentences.length === 0) return null;
  return (
    <Alert variant="light" color="gray" icon={<IconInfoCircle />} py="xs">
      {sentences.join(" ")}
    </Alert>
  );
}

function Rendered({ fields }: { fields: Record<string, unknown> }) {
  const entries = Object.entries(fields);
  if (entries.length === 0) return <Empty title="This task has no template fields" />;
  return (
    <Stack>
      {entries.map(([name, value]) => (
        <section key={name}>
          <Title order={2} size="h6">
            {name}
          </Title>
          {typeof value === "string" ? (
            <Code block>{value}</Code>
          ) : (
            <Source text={JSON.stringify(value, null, 2)} language="json" />
          )}
        </section>
      ))}
    </Stack>
  );
}

function Tries({ instance }: { instance: Schemas["TaskInstanceResponse"] }) {
  const { dag_id, dag_run_id, task_id, map_index } = instance;
  const asked = useQuery({
    queryKey: [...keys.instances(dag_id, dag_run_id), task_id, map_index, "tries"],
    queryFn: () =>
      answer(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries", {
          params: { path: { dag_id, dag_run_id, task_id }, query: { map_index } },
        }),
      ),
  });
  return (
    <Shown asked={asked} what="The tries">
      {(found) => (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Try</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Queued</Table.Th>
              <Table.Th>Started</Table.Th>
              <Table.Th>Took</Table.Th>
              <Table.Th>Host</Table.Th>
              <Table.Th>Process</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.task_instances.map((one) => (
              <Table.Tr key={one.try_number}>
                <Table.Td>{one.try_number}</Table.Td>
                <Table.Td>
                  <State state={one.state} />
                </Table.Td>
                <Table.Td>
                  <At at={one.queued_when} />
                </Table.Td>
                <Table.Td>
                  <At at={one.start_date} />
                </Table.Td>
                <Table.Td>
                  <Lasted from={one.start_date} to={one.end_date} />
                </Table.Td>
                <Table.Td>{one.hostname}</Table.Td>
                <Table.Td>{one.pid}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Shown>
  );
}

function Facts({ instance }: { instance: Schemas["TaskInstanceResponse"] }) {
  return (
    <Table variant="vertical" withTableBorder>
      <Table.Tbody>
        {Object.entries(instance)
          .filter(([name, value]) => value !== null && name !== "rendered_fields")
          .map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th w={240}>{name.replaceAll("_", " ")}</Table.Th>
              <Table.Td>
                {typeof value === "object" ? (
                  <Code block>{JSON.stringify(value, null, 2)}</Code>
                ) : (
                  String(value)
                )}
              </Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  );
}
