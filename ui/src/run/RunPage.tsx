import { Anchor, Breadcrumbs, Group, Stack, Tabs, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { Schemas } from "../api/client";
import { useLive } from "../api/live";
import { columnQuery, runQuery, structureQuery } from "../api/queries";
import type { RunView } from "../app/router";
import { type Fact, Facts, factsOf, Value } from "../design/Facts";
import { Shown, Waiting } from "../design/Feedback";
import { At, Lasted } from "../design/Moment";
import { State } from "../design/State";
import { useWords } from "../design/words";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { RunActions } from "./RunActions";
import { Started } from "./Started";
import { Tasks } from "./Tasks";

const FlowGraph = lazy(() =>
  import("../graph/FlowGraph").then((found) => ({ default: found.FlowGraph })),
);
const Gantt = lazy(() => import("./Gantt"));

const Compare = lazy(() => import("./Compare"));

const TABS = [
  ["graph", t("Graph")],
  ["gantt", t("Gantt")],
  ["tasks", t("Tasks")],
  ["compare", t("Compare")],
  ["details", t("Details")],
] as const;

/** One run of a DAG. */
export function RunPage() {
  const { dagId, runId } = useParams({ from: "/dags/$dagId/runs/$runId" });
  useLive(dagId);
  const asked = useQuery(runQuery(dagId, runId));
  return (
    <Shown asked={asked} what={t("The run {runId}", { runId })}>
      {(run) => <Page run={run} />}
    </Shown>
  );
}

function Page({ run }: { run: Schemas["DAGRunResponse"] }) {
  const { tab = "graph" } = useSearch({ from: "/dags/$dagId/runs/$runId" });
  const navigate = useNavigate({ from: "/dags/$dagId/runs/$runId" });
  const words = useWords();
  const { dag_id: dagId, dag_run_id: runId } = run;
  return (
    <Stack gap="sm">
      <Breadcrumbs>
        <Anchor renderRoot={(props) => <Link to="/dags" {...props} />}>{t("DAGs")}</Anchor>
        <Anchor renderRoot={(props) => <Link to="/dags/$dagId" params={{ dagId }} {...props} />}>
          {run.dag_display_name}
        </Anchor>
        <Text>{runId}</Text>
      </Breadcrumbs>
      <Group justify="space-between">
        <Group gap="md">
          <Title order={1} size="h3" style={{ overflowWrap: "anywhere" }}>
            {runId}
          </Title>
          <State state={run.state} />
        </Group>
        <RunActions run={run} />
      </Group>
      <Group gap="lg">
        <Text size="sm">{words.run_types[run.run_type] ?? run.run_type}</Text>
        <Text size="sm">
          <Said text="started {at}" at={<At at={run.start_date} />} />
        </Text>
        <Text size="sm">
          <Said text="took {lasted}" lasted={<Lasted from={run.start_date} to={run.end_date} />} />
        </Text>
        {run.triggering_user_name ? (
          <Text size="sm">
            <Said text="by {triggeringUserName}" triggeringUserName={run.triggering_user_name} />
          </Text>
        ) : null}
        {run.note ? <Text size="sm">“{run.note}”</Text> : null}
      </Group>
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) =>
          void navigate({
            search: (old) => ({
              ...old,
              tab: next === "graph" ? undefined : (next as RunView["tab"]),
            }),
          })
        }
      >
        <Tabs.List mb="sm">
          {TABS.map(([name, label]) => (
            <Tabs.Tab key={name} value={name}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Suspense fallback={<Waiting what={t("The run")} />}>
          <Tabs.Panel value={tab}>
            {tab === "details" ? (
              <RunDetails run={run} />
            ) : tab === "compare" ? (
              <Compare run={run} />
            ) : (
              <Parts dagId={dagId} runId={runId} />
            )}
          </Tabs.Panel>
        </Suspense>
      </Tabs>
    </Stack>
  );
}

function Parts({ dagId, runId }: { dagId: string; runId: string }) {
  const { tab = "graph", find = "", state } = useSearch({ from: "/dags/$dagId/runs/$runId" });
  const navigate = useNavigate({ from: "/dags/$dagId/runs/$runId" });
  const column = useQuery(columnQuery(dagId, runId));
  const structure = useQuery({
    ...structureQuery(dagId, column.data?.version_number),
    enabled: column.data !== undefined,
  });
  const search = (part: Partial<RunView>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  return (
    <Shown asked={column} what={t("The tasks")}>
      {({ cells }) => (
        <Shown asked={structure} what={t("The tasks")}>
          {(shape) => {
            switch (tab) {
              case "gantt":
                return <Gantt dagId={dagId} runId={runId} cells={cells} edges={shape.edges} />;
              case "tasks":
                return (
                  <Tasks
                    dagId={dagId}
                    runId={runId}
                    nodes={shape.nodes}
                    cells={cells}
                    find={find}
                    state={state}
                    onSearch={search}
                  />
                );
              default:
                return (
                  <FlowGraph
                    dagId={dagId}
                    structure={shape}
                    cells={cells}
                    find={find}
                    onFind={(text) => search({ find: text || undefined })}
                    onOpen={(taskId, isMapped) =>
                      void navigate({
                        to: "/dags/$dagId/runs/$runId/tasks/$taskId",
                        params: { dagId, runId, taskId },
                        search: isMapped ? { tab: "mapped" } : {},
                      })
                    }
                  />
                );
            }
          }}
        </Shown>
      )}
    </Shown>
  );
}

/** What the page says elsewhere, or what says nothing to people. */
const SAID = ["dag_id", "dag_display_name", "state", "conf", "dag_versions", "note"];

function RunDetails({ run }: { run: Schemas["DAGRunResponse"] }) {
  const facts: Fact[] = [
    [t("Conf"), <Value key="conf" value={run.conf} />],
    [t("Versions"), run.dag_versions.map((one) => one.version_number).join(", ")],
    ...factsOf(run, SAID),
  ];
  return (
    <Stack>
      <Started run={run} />
      <Facts facts={facts} />
    </Stack>
  );
}
