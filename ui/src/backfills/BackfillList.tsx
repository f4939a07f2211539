import {
  ActionIcon,
  Anchor,
  Badge,
  Button,
  Group,
  Pagination,
  Progress,
  Stack,
  Table,
  Text,
  Tooltip,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlayerPause, IconPlayerPlay, IconPlus, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { answer, client } from "../api/client";
import { Dialog } from "../design/Dialog";
import { Empty, Shown, Trouble } from "../design/Feedback";
import { Ago, At } from "../design/Moment";
import { colorOf, useStateLabel } from "../design/words";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { useSession } from "../session/SessionGate";
import { doneOf, partsOf, type View } from "./backfills.model";
import { backfillsKey, backfillsQuery, PER_PAGE } from "./queries";

const BackfillForm = lazy(() => import("./BackfillForm"));

interface Props {
  /** Whose; undefined for those of all DAGs. */
  dagId?: string;
  page: number;
  onPage: (page: number) => void;
  /** Whether the form for a new one is open. */
  isCreating: boolean;
  onCreating: (isCreating: boolean) => void;
  /** What chooses among them. */
  filter?: ReactNode;
}

/** Backfills, how far they have come, and what can be done with them. */
export function BackfillList({ dagId, page, onPage, isCreating, onCreating, filter }: Props) {
  const { may } = useSession();
  const asked = useQuery(backfillsQuery(dagId, page));
  const mayCreate = may("create", "backfill");
  return (
    <Stack>
      {mayCreate || filter ? (
        <Group justify={filter ? "space-between" : "flex-end"}>
          {filter}
          {mayCreate ? (
            <Button leftSection={<IconPlus size={16} />} onClick={() => onCreating(true)}>
              {t("New backfill")}
            </Button>
          ) : null}
        </Group>
      ) : null}
      <Shown asked={asked} what={t("The backfills")}>
        {({ backfills, total_entries }) =>
          backfills.length === 0 ? (
            <Empty title={t("There is no backfill yet")}>
              <Said
                text="A backfill makes the runs of a stretch of time that was missed, or makes them anew.{part}"
                part={mayCreate ? t(" “New backfill” shows first which runs it would make.") : null}
              />
            </Empty>
          ) : (
            <>
              <Table.ScrollContainer minWidth={820}>
                <Table highlightOnHover>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>{t("No.")}</Table.Th>
                      {dagId === undefined ? <Table.Th>{t("DAG")}</Table.Th> : null}
                      <Table.Th>{t("Dates")}</Table.Th>
                      <Table.Th>{t("State")}</Table.Th>
                      <Table.Th w={280}>{t("Runs")}</Table.Th>
                      <Table.Th>{t("How")}</Table.Th>
                      <Table.Th>{t("Created")}</Table.Th>
                      <Table.Th w={90} aria-label={t("Actions")} />
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {backfills.map((view) => (
                      <Line key={view.backfill.id} view={view} hasDag={dagId === undefined} />
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              <Group justify="space-between">
                <Text size="sm" c="dimmed">
                  <Said text="{totalEntries} in all" totalEntries={total_entries} />
                </Text>
                {total_entries > PER_PAGE ? (
                  <Pagination
                    total={Math.ceil(total_entries / PER_PAGE)}
                    value={page}
                    onChange={onPage}
                    getControlProps={(control) => ({ "aria-label": `${control} page` })}
                  />
                ) : null}
              </Group>
            </>
          )
        }
      </Shown>
      {isCreating && mayCreate ? (
        <Suspense>
          <BackfillForm dagId={dagId} onClose={() => onCreating(false)} />
        </Suspense>
      ) : null}
    </Stack>
  );
}

const COLORS: Record<string, string> = {
  running: "cyan",
  paused: "orange",
  completed: "green",
  cancelled: "gray",
};

function Line({ view, hasDag }: { view: View; hasDag: boolean }) {
  const { backfill } = view;
  return (
    <Table.Tr>
      <Table.Td>{backfill.id}</Table.Td>
      {hasDag ? (
        <Table.Td>
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link
                to="/dags/$dagId"
                params={{ dagId: backfill.dag_id }}
                search={{ tab: "backfills" as const }}
                {...props}
              />
            )}
          >
            {backfill.dag_display_name}
          </Anchor>
        </Table.Td>
      ) : null}
      <Table.Td>
        <At at={backfill.from_date} /> – <At at={backfill.to_date} />
      </Table.Td>
      <Table.Td>
        <Badge variant="light" color={COLORS[view.state]} miw="max-content">
          {view.state}
        </Badge>
      </Table.Td>
      <Table.Td>
        <HowFar view={view} />
      </Table.Td>
      <Table.Td>
        <Text size="xs">
          <Said
            text="{runBackwards}, {maxActiveRuns} at once"
            runBackwards={view.run_backwards ? t("newest first") : t("oldest first")}
            maxActiveRuns={backfill.max_active_runs}
          />
        </Text>
        <Text size="xs" c="dimmed">
          <Said
            text="runs that are there: {reprocessBehavior}"
            reprocessBehavior={REPROCESS[backfill.reprocess_behavior]}
          />
        </Text>
      </Table.Td>
      <Table.Td>
        <Ago at={backfill.created_at} />
        {view.triggering_user ? (
          <Text size="xs" c="dimmed">
            <Said text="by {triggeringUser}" triggeringUser={view.triggering_user} />
          </Text>
        ) : null}
      </Table.Td>
      <Table.Td>{backfill.completed_at === null ? <Actions view={view} /> : null}</Table.Td>
    </Table.Tr>
  );
}

export const REPROCESS: Record<string, string> = {
  none: t("left alone"),
  failed: t("again if failed"),
  completed: t("again if ended"),
};

function HowFar({ view }: { view: View }) {
  const label = useStateLabel();
  const parts = partsOf(view, label);
  const { dag_id: dagId } = view.backfill;
  return (
    <Stack gap={3}>
      <Progress.Root size={10} aria-hidden>
        {parts.map((part) => (
          <Progress.Section
            key={part.label}
            value={part.share}
            color={part.state === "none" ? "transparent" : colorOf(part.state)}
          />
        ))}
      </Progress.Root>
      <Text size="xs">
        <Anchor
          size="xs"
          renderRoot={(props) => (
            <Link
              to="/dags/$dagId"
              params={{ dagId }}
              search={{ tab: "runs" as const, runType: "backfill" as const }}
              {...props}
            />
          )}
        >
          <Said text="{doneOf} % of {total}" doneOf={doneOf(view)} total={view.total} />
        </Anchor>
        {": "}
        {parts.map((part) => `${part.count} ${part.label}`).join(", ")}
      </Text>
    </Stack>
  );
}

type Verb = "pause" | "unpause" | "cancel";

function Actions({ view }: { view: View }) {
  const { may } = useSession();
  const queries = useQueryClient();
  const [isSure, setSure] = useState(false);
  const { id } = view.backfill;
  const act = useMutation({
    mutationFn: (verb: Verb) => {
      const params = { path: { backfill_id: id } };
      return answer(
        verb === "pause"
          ? client.PUT("/api/v2/backfills/{backfill_id}/pause", { params })
          : verb === "unpause"
            ? client.PUT("/api/v2/backfills/{backfill_id}/unpause", { params })
            : client.PUT("/api/v2/backfills/{backfill_id}/cancel", { params }),
      );
    },
    onError: (error) =>
      notifications.show({ color: "red", title: t("It was not changed"), message: error.message }),
    onSuccess: () => setSure(false),
    onSettled: () => queries.invalidateQueries({ queryKey: backfillsKey }),
  });
  if (!may("edit", "backfill")) return null;
  const isPaused = view.state === "paused";
  return (
    <Group gap={2} wrap="nowrap">
      <Tooltip label={isPaused ? t("Go on") : t("Make no more runs for now")}>
        <ActionIcon
          variant="subtle"
          aria-label={
            isPaused ? t("Unpause backfill {id}", { id }) : t("Pause backfill {id}", { id })
          }
          loading={act.isPending}
          onClick={() => act.mutate(isPaused ? "unpause" : "pause")}
        >
          {isPaused ? <IconPlayerPlay size={16} /> : <IconPlayerPause size={16} />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t("End it")}>
        <ActionIcon
          variant="subtle"
          color="red"
          aria-label={t("Cancel backfill {id}", { id })}
          onClick={() => setSure(true)}
        >
          <IconX size={16} />
        </ActionIcon>
      </Tooltip>
      {isSure ? (
        <Dialog onClose={() => setSure(false)} title={t("Cancel backfill {id}?", { id })}>
          <Stack>
            <Text size="sm">
              <Said
                text="Its runs that wait will fail and those that run go on. {waiting} of its dates get no run any more. This cannot be undone."
                waiting={view.waiting}
              />
            </Text>
            {act.error ? <Trouble error={act.error} what={t("It was not cancelled")} /> : null}
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setSure(false)}>
                {t("Keep it")}
              </Button>
              <Button color="red" loading={act.isPending} onClick={() => act.mutate("cancel")}>
                {t("Cancel the backfill")}
              </Button>
            </Group>
          </Stack>
        </Dialog>
      ) : null}
    </Group>
  );
}
