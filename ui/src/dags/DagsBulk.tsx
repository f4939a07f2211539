import { Button, Group, Text } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client, type Schemas } from "../api/client";
import { keys } from "../api/queries";
import { refused, tell } from "../design/notes";
import { plural, t } from "../language/language";

/** Pauses or unpauses several DAGs. */
export function DagsBulk({
  dags,
  onDone,
}: {
  dags: readonly Pick<Schemas["DAGResponse"], "dag_id" | "is_paused">[];
  onDone: () => void;
}) {
  const queries = useQueryClient();
  const set = async (ids: readonly string[], isPaused: boolean) => {
    for (const dag_id of ids) {
      await answer(
        client.PATCH("/api/v2/dags/{dag_id}", {
          params: { path: { dag_id } },
          body: { is_paused: isPaused },
        }),
      );
    }
    await queries.invalidateQueries({ queryKey: keys.dags });
  };
  const change = useMutation({
    // Those that are so already are left alone, and by the way back, too.
    mutationFn: async (isPaused: boolean) => {
      const ids = dags.filter((dag) => dag.is_paused !== isPaused).map((dag) => dag.dag_id);
      await set(ids, isPaused);
      return ids;
    },
    onSuccess: (ids, isPaused) => {
      tell(
        isPaused
          ? plural(ids.length, "{count} DAG is paused.", "{count} DAGs are paused.")
          : plural(ids.length, "{count} DAG is active.", "{count} DAGs are active."),
        { undo: () => set(ids, !isPaused) },
      );
      onDone();
    },
    onError: (error) => refused(t("Some stay as they were"), error),
  });
  if (dags.length === 0) return null;
  return (
    <Group gap="xs" role="group" aria-label={t("With the chosen DAGs")}>
      <Text size="sm">{plural(dags.length, "{count} chosen", "{count} chosen")}</Text>
      <Button
        variant="default"
        leftSection={<IconPlayerPause size={16} />}
        loading={change.isPending && change.variables}
        onClick={() => change.mutate(true)}
      >
        {t("Pause")}
      </Button>
      <Button
        variant="default"
        leftSection={<IconPlayerPlay size={16} />}
        loading={change.isPending && !change.variables}
        onClick={() => change.mutate(false)}
      >
        {t("Unpause")}
      </Button>
      <Button variant="subtle" onClick={onDone}>
        {t("Choose none")}
      </Button>
    </Group>
  );
}
