import { Button, Group } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { TaskView } from "../app/router";
import { t } from "../language/language";
import { ClearDialog } from "../run/ClearDialog";
import { type Mark, MarkDialog, type Marked } from "../run/MarkDialog";
import { MarkMenu } from "../run/MarkMenu";
import { useSession } from "../session/SessionGate";

const TASK = "/dags/$dagId/runs/$runId/tasks/$taskId";
const MARKS: readonly Mark[] = ["success", "failed", "skipped"];

/** What can be done with a task instance, or with all instances of a mapped task. */
export function TaskActions({ of }: { of: Marked }) {
  const { may } = useSession();
  const { act } = useSearch({ from: TASK });
  const navigate = useNavigate({ from: TASK });
  const turn = (next: TaskView["act"]) =>
    void navigate({ search: (old) => ({ ...old, act: next }), replace: true });
  if (!may("edit", "task_instance")) return null;
  return (
    <Group gap="xs">
      <Button
        variant="default"
        leftSection={<IconRefresh size={16} />}
        onClick={() => turn("clear")}
      >
        {t("Clear")}
      </Button>
      <MarkMenu states={MARKS} onMark={turn} />
      {act === "clear" ? (
        <ClearDialog
          dagId={of.dagId}
          runId={of.runId}
          tasks={[{ taskId: of.taskId, mapIndex: of.mapIndex ?? -1 }]}
          onClose={() => turn(undefined)}
        />
      ) : null}
      {act !== undefined && act !== "clear" ? (
        <MarkDialog marked={of} state={act} onClose={() => turn(undefined)} />
      ) : null}
    </Group>
  );
}
