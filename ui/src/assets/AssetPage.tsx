import {
  Anchor,
  Badge,
  Breadcrumbs,
  Button,
  Card,
  Code,
  Group,
  SimpleGrid,
  Stack,
  Text,
  Title,
  Tooltip,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconBolt, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import { answer, client, type Schemas } from "../api/client";
import { useLive } from "../api/live";
import { forgetRun } from "../api/queries";
import { Shown } from "../design/Feedback";
import { Ago } from "../design/Moment";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { useSession } from "../session/SessionGate";
import type { Asset } from "./assets.model";
import { Events } from "./Events";
import { assetQuery, assetsKey, queuedQuery } from "./queries";

const EventForm = lazy(() => import("./EventForm"));

/** One asset: who makes it, whom it starts, and its events. */
export function AssetPage() {
  useLive();
  const { assetId } = useParams({ from: "/assets/$assetId" });
  const asked = useQuery(assetQuery(Number(assetId)));
  return (
    <Stack>
      <Breadcrumbs>
        <Anchor renderRoot={(props) => <Link to="/assets" {...props} />}>{t("Assets")}</Anchor>
        <Text>{asked.data?.name ?? assetId}</Text>
      </Breadcrumbs>
      <Shown asked={asked} what={t("The asset")}>
        {(asset) => <Page asset={asset} />}
      </Shown>
    </Stack>
  );
}

function Page({ asset }: { asset: Asset }) {
  const { may } = useSession();
  const { page = 1, create = false } = useSearch({ from: "/assets/$assetId" });
  const navigate = useNavigate({ from: "/assets/$assetId" });
  const extra = (asset.extra ?? {}) as Record<string, unknown>;
  const mayCreate = may("create", "asset");
  const onCreating = (isCreating: boolean) =>
    void navigate({ search: (old) => ({ ...old, create: isCreating || undefined }) });
  return (
    <>
      <Group justify="space-between">
        <Title order={1} size="h2">
          {asset.name}
        </Title>
        {mayCreate ? (
          <Group gap="xs">
            <Button
              variant="default"
              leftSection={<IconBolt size={16} />}
              onClick={() => onCreating(true)}
            >
              {t("Create an event")}
            </Button>
            {asset.producing_tasks.length > 0 && may("create", "dag_run") ? (
              <Materialize asset={asset} />
            ) : null}
          </Group>
        ) : null}
      </Group>
      <Group gap="lg">
        {asset.uri === asset.name ? null : <Code>{asset.uri}</Code>}
        <Text size="sm">
          <Text span c="dimmed" size="sm">
            {t("Group")}
          </Text>{" "}
          {asset.group || "–"}
        </Text>
        {Object.keys(extra).length > 0 ? <Code>{JSON.stringify(extra)}</Code> : null}
        {asset.aliases.map((alias) => (
          <Badge key={alias.id} variant="light" tt="none">
            <Said text="alias {name}" name={alias.name} />
          </Badge>
        ))}
        {asset.watchers.map((watcher) => (
          <Badge key={watcher.name} variant="light" tt="none" color="gray">
            <Said text="watched by {name}" name={watcher.name} />
          </Badge>
        ))}
      </Group>
      <SimpleGrid cols={{ base: 1, md: 3 }}>
        <Panel title={t("Made by")}>
          <Tasks
            tasks={asset.producing_tasks}
            nothing={t("No task makes it; events come from outside.")}
          />
        </Panel>
        <Panel title={t("Starts")}>
          <Started asset={asset} />
        </Panel>
        <Panel title={t("Read by")}>
          <Tasks tasks={asset.consuming_tasks} nothing={t("No task has it in its inlets.")} />
        </Panel>
      </SimpleGrid>
      <Title order={2} size="h4">
        {t("Events")}
      </Title>
      <Events
        assetId={asset.id}
        page={page}
        onPage={(next) => void navigate({ search: (old) => ({ ...old, page: next }) })}
      />
      {create && mayCreate ? (
        <Suspense>
          <EventForm asset={asset} onClose={() => onCreating(false)} />
        </Suspense>
      ) : null}
    </>
  );
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder component="section" aria-label={title}>
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      {children}
    </Card>
  );
}

function Tasks({
  tasks,
  nothing,
}: {
  tasks: Schemas["TaskOutletAssetReference"][];
  nothing: string;
}) {
  if (tasks.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {nothing}
      </Text>
    );
  }
  return (
    <Stack gap={4}>
      {tasks.map((task) => (
        <Text key={`${task.dag_id} ${task.task_id}`} size="sm">
          <DagLink dagId={task.dag_id} /> · {task.task_id}
        </Text>
      ))}
    </Stack>
  );
}

function DagLink({ dagId }: { dagId: string }) {
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => <Link to="/dags/$dagId" params={{ dagId }} {...props} />}
    >
      {dagId}
    </Anchor>
  );
}

/** The DAGs that its events start, and which of them wait for events of others still. */
function Started({ asset }: { asset: Asset }) {
  const { may } = useSession();
  const queries = useQueryClient();
  const queued = useQuery(queuedQuery(asset.id));
  const since = new Map(
    (queued.data?.queued_events ?? []).map((one) => [one.dag_id, one.created_at]),
  );
  const drop = useMutation({
    mutationFn: (dagId: string) =>
      answer(
        client.DELETE("/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents", {
          params: { path: { dag_id: dagId, asset_id: asset.id } },
        }),
      ),
    onError: (error) =>
      notifications.show({ color: "red", title: t("It was not removed"), message: error.message }),
    onSettled: () => queries.invalidateQueries({ queryKey: assetsKey }),
  });
  if (asset.scheduled_dags.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("No DAG is scheduled on it.")}
      </Text>
    );
  }
  return (
    <Stack gap={4}>
      {asset.scheduled_dags.map(({ dag_id: dagId }) => (
        <Group key={dagId} justify="space-between" wrap="nowrap">
          <DagLink dagId={dagId} />
          {since.has(dagId) ? (
            <Group gap={4} wrap="nowrap">
              <Text size="xs" c="dimmed">
                <Said text="queued {ago}, waits for others" ago={<Ago at={since.get(dagId)} />} />
              </Text>
              {may("delete", "asset") ? (
                <Tooltip label={t("Forget the queued events")}>
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    color="red"
                    aria-label={t("Forget the queued events of {dagId}", { dagId })}
                    loading={drop.isPending}
                    onClick={() => drop.mutate(dagId)}
                  >
                    <IconTrash size={14} />
                  </Button>
                </Tooltip>
              ) : null}
            </Group>
          ) : null}
        </Group>
      ))}
    </Stack>
  );
}

function Materialize({ asset }: { asset: Asset }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const start = useMutation({
    mutationFn: () =>
      answer(
        client.POST("/api/v2/assets/{asset_id}/materialize", {
          params: { path: { asset_id: asset.id } },
          body: {},
        }),
      ),
    onError: (error) =>
      notifications.show({ color: "red", title: t("It was not started"), message: error.message }),
    onSuccess: (run) => {
      forgetRun(queries, run.dag_id, run.dag_run_id);
      void navigate({
        to: "/dags/$dagId/runs/$runId",
        params: { dagId: run.dag_id, runId: run.dag_run_id },
      });
    },
  });
  return (
    <Tooltip label={t("Start a run of the DAG that makes it")}>
      <Button
        leftSection={<IconPlayerPlay size={16} />}
        loading={start.isPending}
        onClick={() => start.mutate()}
      >
        {t("Materialise")}
      </Button>
    </Tooltip>
  );
}
