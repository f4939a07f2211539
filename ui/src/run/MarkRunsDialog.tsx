import { Button, Group, List, ScrollArea, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client, type Schemas } from "../api/client";
import { forgetRun, keys } from "../api/queries";
import { Dialog } from "../design/Dialog";
import { Trouble } from "../design/Feedback";
import { tell } from "../design/notes";
import { State } from "../design/State";
import { useStateLabel } from "../design/words";
import { plural, t } from "../language/language";

export type RunMark = "success" | "failed";

type Run = Pick<Schemas["DAGRunResponse"], "dag_id" | "dag_run_id" | "state">;

/** Marks whole runs; tells first what becomes of their tasks. */
export function MarkRunsDialog({
  runs,
  state,
  onClose,
}: {
  runs: readonly Run[];
  state: RunMark;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const label = useStateLabel();
  const mark = useMutation({
    mutationFn: async () => {
      const left: string[] = [];
      for (const { dag_id, dag_run_id } of runs) {
        await answer(
          client.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", {
            params: { path: { dag_id, dag_run_id } },
            body: { state },
          }),
        ).catch((error: Error) => left.push(`${dag_run_id}: ${error.message}`));
      }
      if (left.length > 0) throw new Error(left.join("\n"));
    },
    onSuccess: () => {
      tell(plural(runs.length, "{count} run is marked.", "{count} runs are marked."));
      onClose();
    },
    onSettled: () => {
      for (const one of runs) forgetRun(queries, one.dag_id, one.dag_run_id);
      void queries.invalidateQueries({ queryKey: keys.recent });
    },
  });
  return (
    <Dialog
      onClose={onClose}
      title={plural(runs.length, "Mark {count} run as {state}", "Mark {count} runs as {state}", {
        state: label(state).toLowerCase(),
      })}
    >
      <Stack>
        <Text size="sm">
          {state === "success"
            ? t(
                "Tasks that run are stopped and count as done; those that have not begun are skipped.",
              )
            : t("Tasks that run are stopped and fail; those that have not begun are skipped.")}
        </Text>
        <ScrollArea.Autosize mah={220} viewportProps={{ tabIndex: 0 }}>
          <List size="sm" listStyleType="none">
            {runs.map((one) => (
              <List.Item key={one.dag_run_id}>
                <Group gap="xs">
                  {one.dag_run_id} <State state={one.state} />
                </Group>
              </List.Item>
            ))}
          </List>
        </ScrollArea.Autosize>
        {mark.error ? <Trouble error={mark.error} what={t("Some were not marked")} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("Cancel")}
          </Button>
          <Button loading={mark.isPending} onClick={() => mark.mutate()}>
            {t("Mark")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
