import { Anchor, Badge, Breadcrumbs, Group, Stack, Tabs, Text, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { Schemas } from "../api/client";
import { useLive } from "../api/live";
import { dagQuery } from "../api/queries";
import type { DagView } from "../app/router";
import { PauseSwitch } from "../dags/DagsPage";
import { Shown, Waiting } from "../design/Feedback";
import { Ago } from "../design/Moment";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { TriggerButton } from "../trigger/TriggerButton";
import { Grid } from "./Grid";

const Graph = lazy(() => import("./DagGraph"));
const Overview = lazy(() => import("./Overview"));
const Calendar = lazy(() => import("./Calendar"));
const Tasks = lazy(() => import("./Tasks"));
const Runs = lazy(() => import("./Runs"));
const Backfills = lazy(() => import("../backfills/OfDag"));
const Code = lazy(() => import("./Code"));
const Events = lazy(() => import("./Events"));
const Details = lazy(() => import("./Details"));

const TABS = [
  ["grid", t("Grid"), Grid],
  ["graph", t("Graph"), Graph],
  ["overview", t("Overview"), Overview],
  ["tasks", t("Tasks"), Tasks],
  ["runs", t("Runs"), Runs],
  ["backfills", t("Backfills"), Backfills],
  ["calendar", t("Calendar"), Calendar],
  ["code", t("Code"), Code],
  ["events", t("Events"), Events],
  ["details", t("Details"), Details],
] as const;

/** One DAG. */
export function DagPage() {
  const { dagId } = useParams({ from: "/dags/$dagId" });
  useLive(dagId);
  const asked = useQuery(dagQuery(dagId));
  return (
    <Shown asked={asked} what={t("The DAG {dagId}", { dagId })}>
      {(dag) => <Page dag={dag} />}
    </Shown>
  );
}

function Page({ dag }: { dag: Schemas["DAGDetailsResponse"] }) {
  const { may } = useSession();
  const { tab = "grid", trigger = false } = useSearch({ from: "/dags/$dagId" });
  const navigate = useNavigate({ from: "/dags/$dagId" });
  const open = (next: DagView["tab"]) =>
    void navigate({ search: (old) => ({ ...old, tab: next === "grid" ? undefined : next }) });
  useHotkeys([["g", () => open(tab === "grid" ? "graph" : "grid")]]);
  return (
    <Stack gap="sm">
      <Breadcrumbs>
        <Anchor renderRoot={(props) => <Link to="/dags" {...props} />}>{t("DAGs")}</Anchor>
        <Text>{dag.dag_display_name}</Text>
      </Breadcrumbs>
      <Group justify="space-between">
        <Group gap="sm">
          <PauseSwitch dag={dag} />
          <Title order={1} size="h2">
            {dag.dag_display_name}
          </Title>
          {dag.is_stale ? <Badge color="gray">{t("file is gone")}</Badge> : null}
          {dag.has_import_errors ? <Badge color="red">{t("import error")}</Badge> : null}
        </Group>
        <TriggerButton
          dagId={dag.dag_id}
          isOpen={trigger}
          onOpen={(isOpen) =>
            void navigate({
              search: (old) => ({ ...old, trigger: isOpen || undefined }),
              replace: true,
            })
          }
        />
      </Group>
      <Group gap="lg">
        <Fact name={t("Schedule")}>
          {dag.timetable_summary ?? t("none")}
          {dag.timetable_summary && dag.timetable_description
            ? ` (${dag.timetable_description})`
            : null}
        </Fact>
        <Fact name={t("Next run")}>
          {dag.is_paused ? t("paused") : <Ago at={dag.next_dagrun_run_after} />}
        </Fact>
        <Fact name={t("Owners")}>{dag.owners.join(", ") || "–"}</Fact>
        <Fact name={t("Version")}>{dag.latest_dag_version?.version_number ?? "–"}</Fact>
        {dag.description ? <Text size="sm">{dag.description}</Text> : null}
      </Group>
      <Tabs value={tab} onChange={(next) => open(next as DagView["tab"])} keepMounted={false}>
        <Tabs.List mb="sm">
          {TABS.filter(([name]) => name !== "events" || may("read", "event_log")).map(
            ([name, label]) => (
              <Tabs.Tab key={name} value={name}>
                {label}
              </Tabs.Tab>
            ),
          )}
        </Tabs.List>
        {TABS.map(([name, label, View]) => (
          <Tabs.Panel key={name} value={name}>
            <Suspense fallback={<Waiting what={label} />}>
              <View dagId={dag.dag_id} />
            </Suspense>
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <Text size="sm" component="div">
      <Text span c="dimmed" size="sm">
        {name}{" "}
      </Text>
      {children}
    </Text>
  );
}
