import { Button, Group } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { t } from "../language/language";
import { ClearDialog } from "../run/ClearDialog";
import { type Mark, MarkDialog } from "../run/MarkDialog";
import { MarkMenu } from "../run/MarkMenu";
import { useSession } from "../session/SessionGate";

const MARKS: readonly Mark[] = ["success", "failed", "skipped"];

/** What can be done with a task instance. */
export function TaskActions({ instance }: { instance: Schemas["TaskInstanceResponse"] }) {
  const { may } = useSession();
  const [clears, setClears] = useState(false);
  const [marks, setMarks] = useState<Mark | null>(null);
  if (!may("edit", "task_instance")) return null;
  return (
    <Group gap="xs">
      <Button
        variant="default"
        leftSection={<IconRefresh size={16} />}
        onClick={() => setClears(true)}
      >
        {t("Clear")}
      </Button>
      <MarkMenu states={MARKS} onMark={setMarks} />
      {clears ? (
        <ClearDialog
          dagId={instance.dag_id}
          runId={instance.dag_run_id}
          tasks={[{ taskId: instance.task_id, mapIndex: instance.map_index }]}
          onClose={() => setClears(false)}
        />
      ) : null}
      {marks ? (
        <MarkDialog instance={instance} state={marks} onClose={() => setMarks(null)} />
      ) : null}
    </Group>
  );
}
