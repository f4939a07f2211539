import { Button, Group, Select, TextInput } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { gridQuery, structureQuery } from "../api/queries";
import type { DagView } from "../app/router";
import { Empty, Shown } from "../design/Feedback";
import { t } from "../language/language";
import { TriggerButton } from "../trigger/TriggerButton";
import { useFolded } from "./folded";
import { GridBody } from "./GridBody";
import { type Column, FIRST_CELLS, MOST_CELLS, type Node, RUNS_SHOWN, rowsOf } from "./grid.model";

/** Runs by tasks: the newest ones first, and then as many as were asked for. */
export function Grid({ dagId }: { dagId: string }) {
  const { count = RUNS_SHOWN, until } = useSearch({ from: "/dags/$dagId" });
  const structure = useQuery(structureQuery(dagId));
  const newest = useQuery({
    ...gridQuery(dagId, count, { mostCells: FIRST_CELLS, until, brief: true }),
    placeholderData: keepPreviousData,
  });
  const isShort = newest.data?.has_more === true;
  const all = useQuery({
    ...gridQuery(dagId, count, { mostCells: MOST_CELLS, until, brief: true }),
    enabled: isShort && !newest.isPlaceholderData,
  });
  const grid = all.data && isShort ? all : newest;
  return (
    <Shown asked={structure} what={t("The tasks")}>
      {({ nodes }) => (
        <Shown asked={grid} what={t("The runs")}>
          {({ columns, has_more }) => (
            <Whole
              dagId={dagId}
              nodes={nodes}
              columns={columns}
              hasOlder={columns.length > 1 && (has_more || columns.length >= count)}
            />
          )}
        </Shown>
      )}
    </Shown>
  );
}

function Whole({
  dagId,
  nodes,
  columns,
  hasOlder,
}: {
  dagId: string;
  nodes: Node[];
  columns: Column[];
  hasOlder: boolean;
}) {
  const { find = "", count = RUNS_SHOWN, until } = useSearch({ from: "/dags/$dagId" });
  const navigate = useNavigate({ from: "/dags/$dagId" });
  const [folded, fold] = useFolded(dagId, nodes);
  const rows = useMemo(() => rowsOf(nodes, folded, find), [nodes, folded, find]);
  const shown = useMemo(() => [...columns].reverse(), [columns]);
  const change = (part: Partial<DagView>, replace = true) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace });
  const oldest = columns.at(-1)?.run.run_after;
  return (
    <>
      <Group mb="sm">
        <TextInput
          data-search
          aria-label={t("Find a task")}
          placeholder={t("Task  ( / )")}
          leftSection={<IconSearch size={15} />}
          value={find}
          onChange={(event) => change({ find: event.currentTarget.value || undefined })}
        />
        <Select
          aria-label={t("How many runs")}
          data={["10", "25", "50", "100", "365"].map((one) => ({
            value: one,
            label: t("{one} runs", { one }),
          }))}
          value={String(count)}
          allowDeselect={false}
          onChange={(chosen) => change({ count: Number(chosen) })}
          w={120}
        />
        {hasOlder ? (
          <Button
            variant="default"
            leftSection={<IconChevronLeft size={15} />}
            onClick={() => change({ until: oldest }, false)}
          >
            {t("Older runs")}
          </Button>
        ) : null}
        {until === undefined ? null : (
          <Button
            variant="default"
            rightSection={<IconChevronRight size={15} />}
            onClick={() => change({ until: undefined }, false)}
          >
            {t("Newest runs")}
          </Button>
        )}
      </Group>
      {shown.length === 0 ? (
        <Empty title={until ? t("There is no such run") : t("This DAG has not run yet")}>
          <TriggerButton dagId={dagId} />
        </Empty>
      ) : rows.length === 0 ? (
        <Empty title={t("No task is called like that")} />
      ) : (
        <GridBody dagId={dagId} nodes={nodes} rows={rows} columns={shown} onFold={fold} />
      )}
    </>
  );
}
