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

/** So many runs at most are looked at for the preview. */
const PREVIEWED = 20;

/** Lets several runs run again; shows first which tasks that would be. */
export function ClearRunsDialog({
  dagId,
  runIds,
  onClose,
}: {
  dagId: string;
  runIds: readonly string[];
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [onlyFailed, setOnlyFailed] = useState(false);
  const order = { only_failed: onlyFailed };
  const preview = useQuery({
    queryKey: ["clear", dagId, ...runIds, onlyFailed],
    queryFn: async () => {
      const found = await Promise.all(
        runIds.slice(0, PREVIEWED).map((runId) =>
          answer(
            client.POST("/api/v2/dags/{dag_id}/clearTaskInstances", {
              params: { path: { dag_id: dagId } },
              body: { ...order, dry_run: true, dag_run_id: runId, reset_dag_runs: true },
            }),
          ),
        ),
      );
      return found.flatMap((one) => one.task_instances);
    },
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  const clear = useMutation({
    mutationFn: () =>
      answer(
        client.POST("/api/v2/dags/{dag_id}/clearDagRuns", {
          params: { path: { dag_id: dagId } },
          body: {
            ...order,
            dry_run: false,
            dag_runs: runIds.map((dag_run_id) => ({ dag_run_id })),
          },
        }),
      ),
    onSuccess: () => {
      for (const runId of runIds) forgetRun(queries, dagId, runId);
      tell(plural(runIds.length, "{count} run runs again.", "{count} runs run again."));
      onClose();
    },
  });
  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title={plural(runIds.length, "Clear {count} run", "Clear {count} runs")}
    >
      <Stack>
        <Text size="sm" c="dimmed">
          {t("What is cleared runs again, with all its retries. What it has pushed is removed.")}
        </Text>
        <Checkbox
          label={t("Only what has failed")}
          checked={onlyFailed}
          onChange={(event) => setOnlyFailed(event.currentTarget.checked)}
        />
        <Shown asked={preview} what={t("What would be cleared")}>
          {(found) => <Touched instances={found} />}
        </Shown>
        {runIds.length > PREVIEWED ? (
          <Text size="sm" c="dimmed">
            {t("The tasks of the first {count} runs are shown.", { count: PREVIEWED })}
          </Text>
        ) : null}
        {clear.error ? <Trouble error={clear.error} what={t("Nothing was cleared")} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("Cancel")}
          </Button>
          <Button
            disabled={preview.data?.length === 0}
            loading={clear.isPending}
            onClick={() => clear.mutate()}
          >
            {plural(runIds.length, "Clear {count} run", "Clear {count} runs")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
