import { Button, Group, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconChevronDown, IconRefresh } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type Schemas } from "../api/client";
import { forgetRun } from "../api/queries";
import { ClearDialog } from "../run/ClearDialog";
import { useSession } from "../session/SessionGate";

type Mark = "success" | "failed" | "skipped";

/** What can be done with a task instance. */
export function TaskActions({ instance }: { instance: Schemas["TaskInstanceResponse"] }) {
  const { may } = useSession();
  const queries = useQueryClient();
  const [clears, setClears] = useState(false);
  const { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } = instance;
  const mark = useMutation({
    mutationFn: (state: Mark) =>
      answer(
        client.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", {
          params: {
            path: { dag_id: dagId, dag_run_id: runId, task_id: taskId },
            query: { map_index: mapIndex },
          },
          body: { new_state: state },
        }),
      ),
    onSuccess: () => forgetRun(queries, dagId, runId),
    onError: (error) =>
      notifications.show({
        color: "red",
        title: `${taskId} stays as it was`,
        message: error.message,
      }),
  });
  if (!may("edit", "task_instance")) return null;
  return (
    <Group gap="xs">
      <Button
        variant="default"
        leftSection={<IconRefresh size={16} />}
        onClick={() => setClears(true)}
      >
        Clear
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            variant="default"
            rightSection={<IconChevronDown size={14} />}
            loading={mark.isPending}
          >
            Mark
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => mark.mutate("success")}>As success</Menu.Item>
          <Menu.Item onClick={() => mark.mutate("failed")}>As failed</Menu.Item>
          <Menu.Item onClick={() => mark.mutate("skipped")}>As skipped</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {clears ? (
        <ClearDialog
          dagId={dagId}
          runId={runId}
          taskId={taskId}
          mapIndex={mapIndex}
          onClose={() => setClears(false)}
        />
      ) : null}
    </Group>
  );
}
