import { Button, Group, List, ScrollArea, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client, type Schemas } from "../api/client";
import { ALL, keys } from "../api/queries";
import { Dialog } from "../design/Dialog";
import { Trouble } from "../design/Feedback";
import { tell } from "../design/notes";
import { plural, t } from "../language/language";

type Run = Pick<Schemas["DAGRunResponse"], "dag_id" | "dag_run_id">;

/** Deletes runs with all that belongs to them. */
export function DeleteRunsDialog({
  runs,
  onClose,
  onDone,
}: {
  runs: readonly Run[];
  onClose: () => void;
  onDone?: () => void;
}) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: async () => {
      const left: string[] = [];
      for (const { dag_id, dag_run_id } of runs) {
        await answer(
          client.DELETE("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", {
            params: { path: { dag_id, dag_run_id } },
          }),
        ).catch((error: Error) => left.push(`${dag_run_id}: ${error.message}`));
      }
      if (left.length > 0) throw new Error(left.join("\n"));
    },
    onSuccess: () => {
      tell(plural(runs.length, "{count} run is deleted.", "{count} runs are deleted."));
      onClose();
      onDone?.();
    },
    onSettled: () => {
      const dagIds = new Set(runs.map((one) => one.dag_id));
      for (const dagId of dagIds) {
        void queries.invalidateQueries({ queryKey: keys.runs(dagId) });
        void queries.invalidateQueries({ queryKey: keys.grid(dagId) });
      }
      void queries.invalidateQueries({ queryKey: keys.runs(ALL) });
      void queries.invalidateQueries({ queryKey: keys.recent });
    },
  });
  return (
    <Dialog
      onClose={onClose}
      title={plural(runs.length, "Delete {count} run?", "Delete {count} runs?")}
    >
      <Stack>
        <Text size="sm">
          {t("Task instances, XComs and the history of tries go with it. It cannot be undone.")}
        </Text>
        <ScrollArea.Autosize mah={220} viewportProps={{ tabIndex: 0 }}>
          <List size="sm">
            {runs.map((one) => (
              <List.Item key={one.dag_run_id}>{one.dag_run_id}</List.Item>
            ))}
          </List>
        </ScrollArea.Autosize>
        {remove.error ? <Trouble error={remove.error} what={t("Some were not deleted")} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("Cancel")}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {t("Delete")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
