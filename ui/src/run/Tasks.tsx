import { Anchor, Button, Group, Select, Table, TextInput } from "@mantine/core";
import { IconRefresh, IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { Schemas } from "../api/client";
import type { RunView } from "../app/router";
import { worstOf } from "../dag/grid.model";
import { useChosen } from "../design/chosen";
import { Empty } from "../design/Feedback";
import { At, Lasted } from "../design/Moment";
import { State } from "../design/State";
import { Tick, TickAll } from "../design/Tick";
import { useWords } from "../design/words";
import { plural, t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { ClearDialog } from "./ClearDialog";

const ROW = 36;

/** The tasks of a run as a list. */
export function Tasks({
  dagId,
  runId,
  nodes,
  cells,
  find,
  state,
  onSearch,
}: {
  dagId: string;
  runId: string;
  nodes: Schemas["NodePayload"][];
  cells: Schemas["CellPayload"][];
  find: string;
  state: string | undefined;
  onSearch: (part: Partial<RunView>) => void;
}) {
  const words = useWords();
  const found = useMemo(() => {
    const byTask = new Map(cells.map((cell) => [cell.task_id, cell]));
    return nodes.flatMap((node) => {
      const cell = byTask.get(node.id);
      const isWanted =
        cell !== undefined &&
        node.id.toLowerCase().includes(find.toLowerCase()) &&
        (state === undefined || (cell.states[state] ?? 0) > 0);
      return isWanted ? [{ node, cell }] : [];
    });
  }, [nodes, cells, find, state]);
  const { may } = useSession();
  const listed = useMemo(() => found.map(({ node }) => node.id), [found]);
  const chosen = useChosen(listed);
  const [clears, setClears] = useState(false);
  const mayClear = may("edit", "task_instance");
  const scroller = useRef<HTMLDivElement>(null);
  const down = useVirtualizer({
    count: found.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  const items = down.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = down.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <>
      <Group mb="xs">
        <TextInput
          data-search
          aria-label={t("Find a task")}
          placeholder={t("Task  ( / )")}
          leftSection={<IconSearch size={15} />}
          value={find}
          onChange={(event) => onSearch({ find: event.currentTarget.value || undefined })}
        />
        <Select
          aria-label={t("State")}
          placeholder={t("State")}
          clearable
          data={words.task_states.map((one) => ({ value: one.state, label: one.label }))}
          value={state ?? null}
          onChange={(next) => onSearch({ state: next ?? undefined })}
        />
        {chosen.ids.length > 0 ? (
          <>
            <Button
              variant="default"
              leftSection={<IconRefresh size={16} />}
              onClick={() => setClears(true)}
            >
              {plural(chosen.ids.length, "Clear {count} task", "Clear {count} tasks")}
            </Button>
            <Button variant="subtle" onClick={chosen.clear}>
              {t("Choose none")}
            </Button>
          </>
        ) : null}
      </Group>
      {clears ? (
        <ClearDialog
          dagId={dagId}
          runId={runId}
          tasks={chosen.ids.map((taskId) => ({ taskId, mapIndex: -1 }))}
          onClose={() => setClears(false)}
        />
      ) : null}
      {found.length === 0 ? (
        <Empty title={t("No task is like that")} />
      ) : (
        <div
          ref={scroller}
          style={{ overflow: "auto", maxHeight: "calc(100dvh - 320px)" }}
          tabIndex={0}
          role="region"
          aria-label={t("Tasks")}
        >
          <Table stickyHeader highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                {mayClear ? <TickAll chosen={chosen} /> : null}
                <Table.Th>{t("Task")}</Table.Th>
                <Table.Th>{t("State")}</Table.Th>
                <Table.Th>{t("Operator")}</Table.Th>
                <Table.Th>{t("Try")}</Table.Th>
                <Table.Th>{t("Started")}</Table.Th>
                <Table.Th>{t("Took")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {above > 0 ? <tr style={{ height: above }} /> : null}
              {items.map((item) => {
                const one = found[item.index];
                if (!one) return null;
                const { node, cell } = one;
                return (
                  <Table.Tr key={node.id} style={{ height: ROW }}>
                    {mayClear ? <Tick chosen={chosen} id={node.id} /> : null}
                    <Table.Td>
                      <Anchor
                        size="sm"
                        renderRoot={(props) => (
                          <Link
                            to="/dags/$dagId/runs/$runId/tasks/$taskId"
                            params={{ dagId, runId, taskId: node.id }}
                            search={cell.is_mapped ? { tab: "mapped" as const } : {}}
                            {...props}
                          />
                        )}
                      >
                        {node.id}
                        {node.is_mapped ? " [ ]" : ""}
                      </Anchor>
                    </Table.Td>
                    <Table.Td>
                      <Group gap="sm">
                        {cell.is_mapped ? (
                          Object.entries(cell.states).map(([name, count]) => (
                            <State key={name} state={name} count={count} />
                          ))
                        ) : (
                          <State state={worstOf(cell.states)} />
                        )}
                      </Group>
                    </Table.Td>
                    <Table.Td>{node.operator}</Table.Td>
                    <Table.Td>{cell.try_number ?? 1}</Table.Td>
                    <Table.Td>
                      <At at={cell.start_date} />
                    </Table.Td>
                    <Table.Td>
                      <Lasted from={cell.start_date} to={cell.end_date} />
                    </Table.Td>
                  </Table.Tr>
                );
              })}
              {below > 0 ? <tr style={{ height: below }} /> : null}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </>
  );
}
