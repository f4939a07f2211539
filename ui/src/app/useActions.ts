import { useMantineColorScheme } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { answer, client, type Schemas } from "../api/client";
import { dagQuery, keys } from "../api/queries";
import { refused, tell } from "../design/notes";
import { useStateLabel } from "../design/words";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import type { Entry } from "./palette.model";
import { RUN_ACTS, TASK_ACTS } from "./router";

type Act = (typeof RUN_ACTS)[number] | (typeof TASK_ACTS)[number];

/** The words that actions on DAGs begin with. */
export const verbs = () => [t("Trigger"), t("Pause"), t("Unpause"), t("Backfill")];

/** What can be done with a DAG, by who may do it. */
export function useDagActions(): (
  dag: Pick<Schemas["DAGResponse"], "dag_id" | "dag_display_name" | "is_paused">,
) => Entry[] {
  const { may } = useSession();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const pause = async (dagId: string, isPaused: boolean): Promise<void> => {
    const path = { dag_id: dagId };
    await answer(
      client.PATCH("/api/v2/dags/{dag_id}", { params: { path }, body: { is_paused: isPaused } }),
    );
    void queries.invalidateQueries({ queryKey: keys.dags });
    void queries.invalidateQueries({ queryKey: keys.dag(dagId) });
  };
  return ({ dag_id: dagId, dag_display_name: name, is_paused: isPaused }) => {
    const entry = (verb: string, open: () => void): Entry => ({
      id: `${verb} ${dagId}`,
      kind: "action",
      label: `${verb} ${name}`,
      detail: t("Action"),
      open,
    });
    const go = (search: object) => () =>
      void navigate({ to: "/dags/$dagId", params: { dagId }, search });
    const turn = () =>
      void pause(dagId, !isPaused).then(
        () =>
          tell(isPaused ? t("{name} is active.", { name }) : t("{name} is paused.", { name }), {
            undo: () => pause(dagId, isPaused),
          }),
        (error: Error) => refused(t("{dagId} stays as it was", { dagId }), error),
      );
    return [
      ...(may("create", "dag_run") ? [entry(t("Trigger"), go({ trigger: true }))] : []),
      ...(may("edit", "dag") ? [entry(isPaused ? t("Unpause") : t("Pause"), turn)] : []),
      ...(may("create", "backfill")
        ? [entry(t("Backfill"), go({ tab: "backfills", create: true }))]
        : []),
    ];
  };
}

/** What can be done with what is on the screen, and with the app. */
export function useActionsHere(onShortcuts: () => void): Entry[] {
  const { dagId, runId, taskId } = useParams({ strict: false });
  const { may } = useSession();
  const navigate = useNavigate();
  const label = useStateLabel();
  const ofDag = useDagActions();
  const dag = useQuery({ ...dagQuery(dagId ?? ""), enabled: dagId !== undefined });
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const isRun = runId !== undefined && taskId === undefined;
  const isDark =
    colorScheme === "dark" ||
    (colorScheme === "auto" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  const entry = (id: string, text: string, open: () => void, detail = t("Action")): Entry => ({
    id,
    kind: "action",
    label: text,
    detail,
    open,
  });
  const nameOf = (act: Act): string => {
    if (act === "clear") return isRun ? t("Clear this run") : t("Clear this task");
    if (act === "again") return t("Run again with changes");
    if (act === "delete") return t("Delete this run");
    const state = label(act).toLowerCase();
    return isRun
      ? t("Mark this run as {state}", { state })
      : t("Mark this task as {state}", { state });
  };
  const mayDo = (act: Act): boolean => {
    if (act === "again") return may("create", "dag_run");
    if (act === "delete") return may("delete", "dag_run");
    return may("edit", isRun ? "dag_run" : "task_instance");
  };
  const acts: readonly Act[] = isRun ? RUN_ACTS : taskId === undefined ? [] : TASK_ACTS;
  return [
    ...acts
      .filter(mayDo)
      .map((act) =>
        entry(act, nameOf(act), () =>
          navigate({ to: ".", search: (old) => ({ ...old, act }) as never, replace: true }),
        ),
      ),
    ...(dag.data && runId === undefined ? ofDag(dag.data) : []),
    entry("scheme", isDark ? t("Light colours") : t("Dark colours"), () =>
      setColorScheme(isDark ? "light" : "dark"),
    ),
    entry("shortcuts", t("Keyboard"), onShortcuts),
  ];
}
