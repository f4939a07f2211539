import { ActionIcon, Button, Group, Menu } from "@mantine/core";
import { IconDots, IconPlayerPlay, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { Schemas } from "../api/client";
import type { RunView } from "../app/router";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { ClearDialog } from "./ClearDialog";
import { DeleteRunsDialog } from "./DeleteRunsDialog";
import { MarkMenu } from "./MarkMenu";
import { MarkRunsDialog, type RunMark } from "./MarkRunsDialog";

const TriggerForm = lazy(() => import("../trigger/TriggerForm"));

const RUN = "/dags/$dagId/runs/$runId";

export const RUN_MARKS: readonly RunMark[] = ["success", "failed"];

/** What can be done with a whole run. */
export function RunActions({ run }: { run: Schemas["DAGRunResponse"] }) {
  const { may } = useSession();
  const navigate = useNavigate();
  const { act: open } = useSearch({ from: RUN });
  const turn = useNavigate({ from: RUN });
  const setOpen = (act: RunView["act"]) =>
    void turn({ search: (old) => ({ ...old, act }), replace: true });
  const close = () => setOpen(undefined);
  const { dag_id: dagId, dag_run_id: runId } = run;
  const mayRunAgain = may("create", "dag_run");
  const mayDelete = may("delete", "dag_run");
  return (
    <Group gap="xs">
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
      {mayRunAgain || mayDelete ? (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label={t("More about this run")}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {mayRunAgain ? (
              <Menu.Item
                leftSection={<IconPlayerPlay size={15} />}
                onClick={() => setOpen("again")}
              >
                {t("Run again with changes")}
              </Menu.Item>
            ) : null}
            {mayDelete ? (
              <Menu.Item
                color="red"
                leftSection={<IconTrash size={15} />}
                onClick={() => setOpen("delete")}
              >
                {t("Delete")}
              </Menu.Item>
            ) : null}
          </Menu.Dropdown>
        </Menu>
      ) : null}
      {open === "clear" && may("edit", "dag_run") ? (
        <ClearDialog dagId={dagId} runId={runId} onClose={close} />
      ) : null}
      {(open === "success" || open === "failed") && may("edit", "dag_run") ? (
        <MarkRunsDialog runs={[run]} state={open} onClose={close} />
      ) : null}
      {open === "again" && mayRunAgain ? (
        <Suspense>
          <TriggerForm dagId={dagId} like={run} onClose={close} />
        </Suspense>
      ) : null}
      {open === "delete" && mayDelete ? (
        <DeleteRunsDialog
          runs={[run]}
          onClose={close}
          onDone={() =>
            void navigate({ to: "/dags/$dagId", params: { dagId }, search: { tab: "runs" } })
          }
        />
      ) : null}
    </Group>
  );
}
