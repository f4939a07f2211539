import { Button, Checkbox, Group, ScrollArea, Stack, Table, Text } from "@mantine/core";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type Schemas } from "../api/client";
import { forgetRun } from "../api/queries";
import { Dialog } from "../design/Dialog";
import { Empty, Shown, Trouble } from "../design/Feedback";
import { tell } from "../design/notes";
import { State } from "../design/State";
import { useStateLabel } from "../design/words";
import { plural, t } from "../language/language";

export type Mark = "success" | "failed" | "skipped";

type Instance = Schemas["TaskInstanceResponse"];

/** What is marked; without an index all instances of a mapped task. */
export interface Marked {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number | undefined;
}

interface Choices {
  include_upstream: boolean;
  include_downstream: boolean;
  include_past: boolean;
  include_future: boolean;
}

const LABELS: readonly (readonly [keyof Choices, string])[] = [
  ["include_upstream", t("What is upstream, too")],
  ["include_downstream", t("What is downstream, too")],
  ["include_past", t("In earlier runs, too")],
  ["include_future", t("In later runs, too")],
];

const MARKS: readonly string[] = ["success", "failed", "skipped"];

/** Marks task instances as if they had ended so; shows first which ones that would be. */
export function MarkDialog({
  marked: { dagId, runId, taskId, mapIndex },
  state,
  onClose,
}: {
  marked: Marked;
  state: Mark;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const label = useStateLabel();
  const [choices, setChoices] = useState<Choices>({
    include_upstream: false,
    include_downstream: false,
    include_past: false,
    include_future: false,
  });
  const params = {
    path: { dag_id: dagId, dag_run_id: runId, task_id: taskId },
    query: { map_index: mapIndex },
  };
  const body = { ...choices, new_state: state };
  const preview = useQuery({
    queryKey: ["mark", dagId, runId, taskId, mapIndex, state, choices],
    queryFn: () =>
      answer(
        client.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dry_run", {
          params,
          body,
        }),
      ),
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  const mark = useMutation({
    mutationFn: () =>
      answer(
        client.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", {
          params,
          body,
        }),
      ),
    onSuccess: () => {
      forgetRun(queries, dagId, runId);
      const marked = preview.data?.task_instances ?? [];
      tell(
        plural(
          marked.length,
          "{count} task instance is marked.",
          "{count} task instances are marked.",
        ),
        { undo: wayBack(marked, () => forgetRun(queries, dagId, runId)) },
      );
      onClose();
    },
  });
  const count = preview.data?.total_entries ?? 0;
  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title={t("Mark {task} as {state}", { task: taskId, state: label(state).toLowerCase() })}
    >
      <Stack>
        <Text size="sm" c="dimmed">
          {t("What runs is stopped. What comes behind goes on as if the task had ended so.")}
        </Text>
        <Group>
          {LABELS.map(([name, text]) => (
            <Checkbox
              key={name}
              label={text}
              checked={choices[name]}
              onChange={(event) => {
                const { checked } = event.currentTarget;
                setChoices((old) => ({ ...old, [name]: checked }));
              }}
            />
          ))}
        </Group>
        <Shown asked={preview} what={t("What would be marked")}>
          {(found) => <Touched instances={found.task_instances} becomes={state} />}
        </Shown>
        {mark.error ? <Trouble error={mark.error} what={t("Nothing was marked")} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("Cancel")}
          </Button>
          <Button disabled={count === 0} loading={mark.isPending} onClick={() => mark.mutate()}>
            {plural(count, "Mark {count} task instance", "Mark {count} task instances")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

/** What an order would touch, with the states that it has now, and what these become. */
export function Touched({
  instances,
  becomes,
}: {
  instances: readonly Pick<Instance, "task_id" | "map_index" | "dag_run_id" | "state">[];
  becomes?: Mark;
}) {
  if (instances.length === 0) return <Empty title={t("Nothing would be changed")} />;
  // Where all are of one run, the dialog's title or the page says which.
  const namesRuns = instances.some((one) => one.dag_run_id !== instances[0]?.dag_run_id);
  return (
    <ScrollArea.Autosize mah={280} viewportProps={{ tabIndex: 0 }}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("Task")}</Table.Th>
            {namesRuns ? <Table.Th>{t("Run")}</Table.Th> : null}
            <Table.Th>{t("State now")}</Table.Th>
            {becomes ? <Table.Th>{t("Becomes")}</Table.Th> : null}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {instances.map((one) => (
            <Table.Tr key={`${one.dag_run_id} ${one.task_id} ${one.map_index}`}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                {one.task_id}
                {one.map_index >= 0 ? ` [${one.map_index}]` : ""}
              </Table.Td>
              {namesRuns ? (
                <Table.Td style={{ overflowWrap: "anywhere" }}>
                  {one.dag_run_id ?? t("new in this run")}
                </Table.Td>
              ) : null}
              <Table.Td>
                <State state={one.state} />
              </Table.Td>
              {becomes ? (
                <Table.Td>
                  <State state={becomes} />
                </Table.Td>
              ) : null}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}

/** Marks them as they were; undefined where they were in states that nothing can be marked as. */
function wayBack(
  instances: readonly Instance[],
  after: () => void,
): (() => Promise<void>) | undefined {
  if (!instances.every((one) => MARKS.includes(one.state ?? ""))) return undefined;
  return async () => {
    for (const one of instances) {
      await answer(
        client.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", {
          params: {
            path: { dag_id: one.dag_id, dag_run_id: one.dag_run_id, task_id: one.task_id },
            query: { map_index: one.map_index },
          },
          body: { new_state: one.state },
        }),
      );
    }
    after();
  };
}
