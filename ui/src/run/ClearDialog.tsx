import { Button, Checkbox, Group, Modal, ScrollArea, Stack, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "../api/client";
import { forgetRun } from "../api/queries";
import { Empty, Shown, Trouble } from "../design/Feedback";
import { State } from "../design/State";

interface Choices {
  only_failed: boolean;
  include_upstream: boolean;
  include_downstream: boolean;
  include_past: boolean;
  include_future: boolean;
  run_on_latest_version: boolean;
}

const LABELS: readonly (readonly [keyof Choices, string, "run" | "task"])[] = [
  ["only_failed", "Only what has failed", "run"],
  ["include_upstream", "What is upstream, too", "task"],
  ["include_downstream", "What is downstream, too", "task"],
  ["include_past", "In earlier runs, too", "task"],
  ["include_future", "In later runs, too", "task"],
  ["run_on_latest_version", "With the newest version of the DAG", "run"],
];

/** Lets tasks run again; shows first which ones that would be. */
export function ClearDialog({
  dagId,
  runId,
  taskId,
  mapIndex = -1,
  onClose,
}: {
  dagId: string;
  runId: string;
  taskId?: string;
  mapIndex?: number;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [choices, setChoices] = useState<Choices>({
    only_failed: false,
    include_upstream: false,
    include_downstream: taskId !== undefined,
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
          task_ids:
            taskId === undefined ? undefined : mapIndex < 0 ? [taskId] : [[taskId, mapIndex]],
        },
      }),
    );
  const preview = useQuery({
    queryKey: ["clear", dagId, runId, taskId, mapIndex, choices],
    queryFn: () => send(true),
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  const clear = useMutation({
    mutationFn: () => send(false),
    onSuccess: (found) => {
      forgetRun(queries, dagId, runId);
      notifications.show({ message: `${found.total_entries} task instances run again.` });
      onClose();
    },
  });
  const count = preview.data?.total_entries ?? 0;
  const shown = LABELS.filter(([, , level]) => taskId !== undefined || level === "run");
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={taskId === undefined ? `Clear ${runId}` : `Clear ${taskId}`}
    >
      <Stack>
        <Text size="sm" c="dimmed">
          What is cleared runs again, with all its retries. What it has pushed is removed.
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
        <Shown asked={preview} what="What would be cleared">
          {(found) =>
            found.task_instances.length === 0 ? (
              <Empty title="Nothing would be cleared" />
            ) : (
              <ScrollArea.Autosize mah={280}>
                <Table>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>Task</Table.Th>
                      <Table.Th>Run</Table.Th>
                      <Table.Th>State</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {found.task_instances.map((one) => (
                      <Table.Tr key={`${one.dag_run_id} ${one.task_id} ${one.map_index}`}>
                        <Table.Td>
                          {one.task_id}
                          {one.map_index >= 0 ? ` [${one.map_index}]` : ""}
                        </Table.Td>
                        <Table.Td>{one.dag_run_id ?? "new in this run"}</Table.Td>
                        <Table.Td>
                          <State state={one.state} />
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </ScrollArea.Autosize>
            )
          }
        </Shown>
        {clear.error ? <Trouble error={clear.error} what="Nothing was cleared" /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button disabled={count === 0} loading={clear.isPending} onClick={() => clear.mutate()}>
            Clear {count} {count === 1 ? "task instance" : "task instances"}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
