import { Anchor, Badge, Card, Grid, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Schemas } from "../api/client";
import { useLive } from "../api/live";
import {
  ALL,
  dagsQuery,
  errorsQuery,
  healthQuery,
  runCountsQuery,
  runsQuery,
} from "../api/queries";
import { approvalsQuery } from "../approvals/queries";
import { Empty, Shown } from "../design/Feedback";
import { Ago, Lasted } from "../design/Moment";
import { State } from "../design/State";
import { colorOf, useStateLabel } from "../design/words";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { useSession } from "../session/SessionGate";
import { partsOf } from "../system/health.model";
import { History } from "./History";

type Run = Schemas["DAGRunResponse"];

const SHOWN = 8;
const ACTIVE: readonly string[] = ["running", "queued"];

/** What runs, what failed, what comes next, and whether the server is well. */
export function Home() {
  useLive();
  const running = useQuery(runsQuery(ALL, { state: "running" }, SHOWN));
  const failed = useQuery(runsQuery(ALL, { state: "failed" }, SHOWN));
  const dags = useQuery(dagsQuery({ paused: false }));
  const { may } = useSession();
  return (
    <Stack gap="md">
      <Title order={1} size="h2">
        {t("Home")}
      </Title>
      <Counts />
      <History />
      <Grid>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Panel title={t("Running now")} more={<RunsLink state="running" />}>
            <Shown asked={running} what={t("What is running")}>
              {(found) => <Runs runs={found.dag_runs} nothing={t("Nothing is running.")} />}
            </Shown>
          </Panel>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Panel title={t("Failed last")} more={<RunsLink state="failed" />}>
            <Shown asked={failed} what={t("What has failed")}>
              {(found) => <Runs runs={found.dag_runs} nothing={t("No run has failed.")} />}
            </Shown>
          </Panel>
        </Grid.Col>
        {may("read", "task_instance") ? (
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Panel title={t("Waiting for a person")} more={<ApprovalsLink />}>
              <Waiters />
            </Panel>
          </Grid.Col>
        ) : null}
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Panel title={t("Next")}>
            <Shown asked={dags} what={t("What comes next")}>
              {(found) => <Next dags={found.dags} />}
            </Shown>
          </Panel>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Health />
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

function Panel({
  title,
  more,
  children,
}: {
  title: string;
  more?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Card withBorder h="100%" component="section" aria-label={title}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {title}
        </Title>
        {more}
      </Group>
      {children}
    </Card>
  );
}

function RunsLink({ state }: { state: "running" | "failed" }) {
  return (
    <Anchor size="sm" renderRoot={(props) => <Link to="/dags" search={{ state }} {...props} />}>
      {t("Their DAGs")}
    </Anchor>
  );
}

function Counts() {
  const asked = useQuery(runCountsQuery);
  const label = useStateLabel();
  return (
    <SimpleGrid
      cols={{ base: 2, sm: 4 }}
      component="section"
      aria-label={t("Runs of the last day")}
    >
      {["running", "queued", "success", "failed"].map((state) => (
        <Card key={state} withBorder padding="sm">
          <Text size="xs" c="dimmed">
            {ACTIVE.includes(state) ? (
              label(state)
            ) : (
              <Said text="{label} in 24 h" label={label(state)} />
            )}
          </Text>
          <Text fz={26} fw={700} style={{ color: colorOf(state) }}>
            {asked.data ? (asked.data.counts[state] ?? 0) : "…"}
          </Text>
        </Card>
      ))}
    </SimpleGrid>
  );
}

function ApprovalsLink() {
  return (
    <Anchor size="sm" renderRoot={(props) => <Link to="/approvals" {...props} />}>
      {t("All")}
    </Anchor>
  );
}

/** What tasks ask people. */
function Waiters() {
  const asked = useQuery(approvalsQuery({}));
  return (
    <Shown asked={asked} what={t("What waits for a person")}>
      {({ hitl_details: all }) =>
        all.length === 0 ? (
          <Empty title={t("Nobody is waiting for you")} />
        ) : (
          <Stack gap={6}>
            {all.slice(0, SHOWN).map(({ task_instance: one, subject, created_at }) => (
              <Group key={one.id} justify="space-between" wrap="nowrap">
                <Anchor
                  size="sm"
                  truncate
                  renderRoot={(props) => (
                    <Link
                      to="/dags/$dagId/runs/$runId/tasks/$taskId/required_actions"
                      params={{ dagId: one.dag_id, runId: one.dag_run_id, taskId: one.task_id }}
                      search={{ map_index: one.map_index >= 0 ? one.map_index : undefined }}
                      {...props}
                    />
                  )}
                >
                  <b>{one.dag_display_name ?? one.dag_id}</b> {subject}
                </Anchor>
                <Text size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>
                  <Ago at={created_at} />
                </Text>
              </Group>
            ))}
          </Stack>
        )
      }
    </Shown>
  );
}

function Runs({ runs, nothing }: { runs: Run[]; nothing: string }) {
  if (runs.length === 0) return <Empty title={nothing} />;
  return (
    <Stack gap={6}>
      {runs.map((run) => (
        <Group key={`${run.dag_id} ${run.dag_run_id}`} justify="space-between" wrap="nowrap">
          <Anchor
            size="sm"
            truncate
            renderRoot={(props) => (
              <Link
                to="/dags/$dagId/runs/$runId"
                params={{ dagId: run.dag_id, runId: run.dag_run_id }}
                {...props}
              />
            )}
          >
            <b>{run.dag_display_name}</b> {run.dag_run_id}
          </Anchor>
          <Group gap="sm" wrap="nowrap">
            <Text size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>
              <Lasted from={run.start_date} to={run.end_date} />
            </Text>
            <State state={run.state} />
          </Group>
        </Group>
      ))}
    </Stack>
  );
}

function Next({ dags }: { dags: Schemas["DAGResponse"][] }) {
  const next = dags
    .filter((dag) => dag.next_dagrun_run_after)
    .sort((a, b) => (a.next_dagrun_run_after ?? "").localeCompare(b.next_dagrun_run_after ?? ""))
    .slice(0, SHOWN);
  if (next.length === 0) {
    return (
      <Empty title={t("No run is planned")}>
        {t("DAGs with a schedule run by themselves once they are unpaused.")}
      </Empty>
    );
  }
  return (
    <Stack gap={6}>
      {next.map((dag) => (
        <Group key={dag.dag_id} justify="space-between" wrap="nowrap">
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link to="/dags/$dagId" params={{ dagId: dag.dag_id }} {...props} />
            )}
          >
            {dag.dag_display_name}
          </Anchor>
          <Text size="sm" c="dimmed">
            <Ago at={dag.next_dagrun_run_after} />
          </Text>
        </Group>
      ))}
    </Stack>
  );
}

function Health() {
  const asked = useQuery({ ...healthQuery, refetchOnWindowFocus: "always" });
  const errors = useQuery(errorsQuery);
  return (
    <Panel title={t("Health")}>
      <Shown asked={asked} what={t("The server's health")}>
        {(health) => (
          <Stack gap={6}>
            {partsOf(health).map((part) => (
              <Group key={part.name} justify="space-between">
                <Text size="sm">{part.name}</Text>
                <Badge variant="light" color={part.color}>
                  {part.status}
                </Badge>
              </Group>
            ))}
            <Group justify="space-between">
              <Text size="sm">{t("Import errors")}</Text>
              <Anchor
                size="sm"
                fw={errors.data?.total_entries ? 700 : undefined}
                c={errors.data?.total_entries ? "var(--state-failed)" : undefined}
                renderRoot={(props) => <Link to="/dags" {...props} />}
              >
                {errors.data?.total_entries ?? "…"}
              </Anchor>
            </Group>
          </Stack>
        )}
      </Shown>
    </Panel>
  );
}
