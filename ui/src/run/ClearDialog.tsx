import { Button, Checkbox, Group, Stack, Text } from "@mantine/core";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "../api/client";
import { forgetRun } from "../api/queries";
import { Dialog } from "../design/Dialog";
import { Shown, Trouble } from "../design/Feedback";
import { tell } from "../design/notes";
import { plural, t } from "../language/language";
import { Touched } from "./MarkDialog";

interface Choices {
  only_failed: boolean;
  include_upstream: boolean;
  include_downstream: boolean;
  include_past: boolean;
  include_future: boolean;
  run_on_latest_version: boolean;
}

const LABELS: readonly (readonly [keyof Choices, string, "run" | "task"])[] = [
  ["only_failed", t("Only what has failed"), "run"],
  ["include_upstream", t("What is upstream, too"), "task"],
  ["include_downstream", t("What is downstream, too"), "task"],
  ["include_past", t("In earlier runs, too"), "task"],
  ["include_future", t("In later runs, too"), "task"],
  ["run_on_latest_version", t("With the newest version of the DAG"), "run"],
];

/** Lets tasks run again; shows first which ones that would be. */
export function ClearDialog({
  dagId,
  runId,
  tasks,
  onClose,
}: {
  dagId: string;
  runId: string;
  /** All of the run's where there are none. */
  tasks?: readonly { taskId: string; mapIndex: number }[];
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [choices, setChoices] = useState<Choices>({
    only_failed: false,
    include_upstream: false,
    include_downstream: tasks !== undefined,
    include_past: false,
    include_future: false,
    run_on_latest_version: false,
  });
  const send = (dryRun: boolean) =>
    answer(
      client.POST("/api/v2/dags/{dag_id}/clearTaskInstances", {
        params: { path: { dag_id: dagId } },
        body: {
          ...choices,
          dry_run: dryRun,
          dag_run_id: runId,
          reset_dag_runs: true,
          task_ids: tasks?.map(({ taskId, mapIndex }): string | [string, number] =>
            mapIndex < 0 ? taskId : [taskId, mapIndex],
          ),
        },
      }),
    );
  const preview = useQuery({
    queryKey: ["clear", dagId, runId, tasks, choices],
    queryFn: () => send(true),
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  const clear = useMutation({
    mutationFn: () => send(false),
    onSuccess: (found) => {
      forgetRun(queries, dagId, runId);
      tell(
        plural(
          found.total_entries ?? 0,
          "{count} task instance runs again.",
          "{count} task instances run again.",
        ),
      );
      onClose();
    },
  });
  const count = preview.data?.total_entries ?? 0;
  const shown = LABELS.filter(([, , level]) => tasks !== undefined || level === "run");
  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title={
        tasks === undefined
          ? t("Clear {name}", { name: runId })
          : plural(tasks.length, "Clear {name}", "Clear {count} tasks", {
              name: tasks[0]?.taskId ?? "",
            })
      }
    >
      <Stack>
        <Text size="sm" c="dimmed">
          {t("What is cleared runs again, with all its retries. What it has pushed is removed.")}
        </Text>
        <Group>
          {shown.map(([name, label]) => (
            <Checkbox
              key={name}
              label={label}
              checked={choices[name]}
              onChange={(event) => {
                const { checked } = event.currentTarget;
                setChoices((old) => ({ ...old, [name]: checked }));
              }}
            />
          ))}
        </Group>
        <Shown asked={preview} what={t("What would be cleared")}>
          {(found) => <Touched instances={found.task_instances} />}
        </Shown>
        {clear.error ? <Trouble error={clear.error} what={t("Nothing was cleared")} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("Cancel")}
          </Button>
          <Button disabled={count === 0} loading={clear.isPending} onClick={() => clear.mutate()}>
            {plural(count, "Clear {count} task instance", "Clear {count} task instances")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
