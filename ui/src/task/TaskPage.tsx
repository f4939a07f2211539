import {
  Alert,
  Anchor,
  Breadcrumbs,
  Code,
  Group,
  SegmentedControl,
  Stack,
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
import { Facts, factsOf } from "../design/Facts";
import { Empty, Shown, Waiting } from "../design/Feedback";
import { JsonTree } from "../design/JsonTree";
import { At, Lasted } from "../design/Moment";
import { Sentence } from "../design/Sentence";
import { State } from "../design/State";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { Mapped } from "./Mapped";
import { TaskActions } from "./TaskActions";

const Logs = lazy(() => import("./Logs"));
const XComs = lazy(() => import("./XComs"));
const Timeline = lazy(() => import("./Timeline"));
const TaskCode = lazy(() => import("./TaskCode"));

/** What the page says elsewhere. */
const SAID = [
  "id",
  "dag_id",
  "dag_run_id",
  "task_id",
  "dag_display_name",
  "task_display_name",
  "rendered_fields",
  "state",
];

const FROM = "/dags/$dagId/runs/$runId/tasks/$taskId";
const TABS = [
  ["logs", t("Logs")],
  ["xcom", t("XCom")],
  ["rendered", t("Rendered")],
  ["tries", t("Timeline")],
  ["code", t("Code")],
  ["details", t("Details")],
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
        <Shown asked={asked} what={t("The task {taskId}", { taskId })}>
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
        <TaskActions of={{ dagId, runId, taskId, mapIndex }} />
      </Group>
      <Why instance={instance} />
      <Group gap="lg">
        <Text size="sm">{instance.operator_name}</Text>
        <Text size="sm">
          <Said text="started {at}" at={<At at={instance.start_date} />} />
        </Text>
        <Text size="sm">
          <Said
            text="took {lasted}"
            lasted={<Lasted from={instance.start_date} to={instance.end_date} />}
          />
        </Text>
        {latest > 1 ? (
          <SegmentedControl
            size="xs"
            aria-label={t("Try")}
            data={Array.from({ length: latest }, (_, at) => ({
              value: String(at + 1),
              label: t("Try {part}", { part: at + 1 }),
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
        <Suspense fallback={<Waiting what={t("The task")} />}>
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
            <Timeline instance={instance} />
          </Tabs.Panel>
          <Tabs.Panel value="code">
            <TaskCode instance={instance} />
          </Tabs.Panel>
          <Tabs.Panel value="details">
            <Facts facts={factsOf(instance, SAID)} />
          </Tabs.Panel>
        </Suspense>
      </Tabs>
    </>
  );
}

/** What has ended waits for nothing, which needs no sentence. */
const ENDED = new Set(["failed", "upstream_failed", "skipped", "removed"]);

/** Why it is where it is, in a sentence. */
function Why({ instance }: { instance: Schemas["TaskInstanceResponse"] }) {
  const { dag_id, dag_run_id, task_id, map_index, state } = instance;
  const asked = useQuery(whyQuery(dag_id, dag_run_id, task_id, map_index));
  if (!asked.data || state === "success" || state === "running") return null;
  const { task, run, waits_for } = asked.data;
  const isEnded = instance.end_date !== null && ENDED.has(state ?? "");
  // Why it waits to be tried again says the same as what it waits for, and what went wrong besides.
  const isSaid = isEnded || (state === "up_for_retry" && task !== "");
  const sentences = [task, state === null ? run : "", isSaid ? "" : waits_for].filter(Boolean);
  if (sentences.length === 0) return null;
  return (
    <Alert
      variant="light"
      color={state === "failed" ? "red" : "gray"}
      icon={<IconInfoCircle />}
      py="xs"
    >
      <Sentence text={sentences.join(" ")} />
    </Alert>
  );
}

function Rendered({ fields }: { fields: Record<string, unknown> }) {
  const entries = Object.entries(fields);
  if (entries.length === 0) return <Empty title={t("This task has no template fields")} />;
  return (
    <Stack>
      {entries.map(([name, value]) => (
        <section key={name}>
          <Title order={2} size="h6">
            {name}
          </Title>
          {typeof value === "string" ? <Code block>{value}</Code> : <JsonTree value={value} />}
        </section>
      ))}
    </Stack>
  );
}
