import { Button, Group, Text } from "@mantine/core";
import { IconRefresh, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { plural, t } from "../language/language";
import { ClearRunsDialog } from "../run/ClearRunsDialog";
import { DeleteRunsDialog } from "../run/DeleteRunsDialog";
import { MarkMenu } from "../run/MarkMenu";
import { MarkRunsDialog, type RunMark } from "../run/MarkRunsDialog";
import { RUN_MARKS } from "../run/RunActions";
import { useSession } from "../session/SessionGate";

/** What can be done with several runs at once. */
export function RunsBulk({
  dagId,
  runs,
  onDone,
}: {
  dagId: string;
  runs: readonly Schemas["DAGRunResponse"][];
  onDone: () => void;
}) {
  const { may } = useSession();
  const [open, setOpen] = useState<"clear" | "delete" | RunMark | null>(null);
  const close = () => setOpen(null);
  if (runs.length === 0) return null;
  return (
    <Group gap="xs" role="group" aria-label={t("With the chosen runs")}>
      <Text size="sm">{plural(runs.length, "{count} chosen", "{count} chosen")}</Text>
      {may("edit", "dag_run") ? (
        <>
          <Button
            variant="default"
            leftSection={<IconRefresh size={16} />}
            onClick={() => setOpen("clear")}
          >
            {t("Clear")}
          </Button>
          <MarkMenu states={RUN_MARKS} onMark={setOpen} />
        </>
      ) : null}
      {may("delete", "dag_run") ? (
        <Button
          variant="light"
          color="red"
          leftSection={<IconTrash size={16} />}
          onClick={() => setOpen("delete")}
        >
          {t("Delete")}
        </Button>
      ) : null}
      <Button variant="subtle" onClick={onDone}>
        {t("Choose none")}
      </Button>
      {open === "clear" ? (
        <ClearRunsDialog dagId={dagId} runIds={runs.map((one) => one.dag_run_id)} onClose={close} />
      ) : null}
      {open === "success" || open === "failed" ? (
        <MarkRunsDialog runs={runs} state={open} onClose={close} />
      ) : null}
      {open === "delete" ? <DeleteRunsDialog runs={runs} onClose={close} onDone={onDone} /> : null}
    </Group>
  );
}
