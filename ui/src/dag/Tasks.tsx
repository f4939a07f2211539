import { Anchor, Badge, Group, Table, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import { answer, client, type Schemas } from "../api/client";
import { keys } from "../api/queries";
import { Empty, Shown } from "../design/Feedback";
import { t } from "../language/language";

type Task = Schemas["TaskResponse"];

const ROW = 36;

/** The tasks of the DAG's latest version, and how each is set. */
export default function Tasks({ dagId }: { dagId: string }) {
  const asked = useQuery({
    queryKey: [...keys.dag(dagId), "tasks"],
    queryFn: () =>
      answer(client.GET("/api/v2/dags/{dag_id}/tasks", { params: { path: { dag_id: dagId } } })),
  });
  const { find = "" } = useSearch({ from: "/dags/$dagId" });
  const navigate = useNavigate({ from: "/dags/$dagId" });
  return (
    <>
      <Group mb="xs">
        <TextInput
          data-search
          aria-label={t("Find a task")}
          placeholder={t("Task  ( / )")}
          leftSection={<IconSearch size={15} />}
          value={find}
          onChange={(event) => {
            const text = event.currentTarget.value || undefined;
            void navigate({ search: (old) => ({ ...old, find: text }), replace: true });
          }}
        />
      </Group>
      <Shown asked={asked} what={t("The tasks")}>
        {({ tasks }) => <List dagId={dagId} tasks={tasks} find={find} />}
      </Shown>
    </>
  );
}

function List({ dagId, tasks, find }: { dagId: string; tasks: readonly Task[]; find: string }) {
  const found = useMemo(() => {
    const wanted = find.toLowerCase();
    return tasks.filter((task) =>
      `${task.task_id} ${task.operator_name} ${task.owner}`.toLowerCase().includes(wanted),
    );
  }, [tasks, find]);
  const scroller = useRef<HTMLDivElement>(null);
  const down = useVirtualizer({
    count: found.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  if (found.length === 0) {
    return (
      <Empty
        title={tasks.length === 0 ? t("This DAG has no tasks") : t("No task is called like that")}
      />
    );
  }
  const items = down.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = down.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <div
      ref={scroller}
      style={{ overflow: "auto", maxHeight: "calc(100dvh - 290px)", minHeight: 200 }}
      tabIndex={0}
      role="region"
      aria-label={t("Tasks")}
    >
      <Table
        highlightOnHover
        stickyHeader
        layout="fixed"
        miw={820}
        style={{ whiteSpace: "nowrap" }}
      >
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="26%">{t("Task")}</Table.Th>
            <Table.Th w="15%">{t("Operator")}</Table.Th>
            <Table.Th>{t("Owner")}</Table.Th>
            <Table.Th w="15%">{t("Trigger rule")}</Table.Th>
            <Table.Th w={100}>{t("Retries")}</Table.Th>
            <Table.Th>{t("Pool")}</Table.Th>
            <Table.Th>{t("Downstream")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {above > 0 ? <tr style={{ height: above }} /> : null}
          {items.map((item) => {
            const task = found[item.index];
            return task ? <Row key={task.task_id} dagId={dagId} task={task} /> : null;
          })}
          {below > 0 ? <tr style={{ height: below }} /> : null}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Row({ dagId, task }: { dagId: string; task: Task }) {
  const below = task.downstream_task_ids ?? [];
  const slots = task.pool_slots ?? 1;
  return (
    <Table.Tr style={{ height: ROW }}>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Anchor
            size="sm"
            truncate
            title={task.task_id ?? undefined}
            renderRoot={(props) => (
              <Link
                to="/dags/$dagId"
                params={{ dagId }}
                search={{ tab: "graph", find: task.task_id ?? undefined }}
                {...props}
              />
            )}
          >
            {task.task_display_name}
          </Anchor>
          {task.is_mapped ? (
            <Badge size="sm" variant="default" tt="none">
              {t("mapped")}
            </Badge>
          ) : null}
        </Group>
      </Table.Td>
      <Short text={task.operator_name} />
      <Short text={task.owner} />
      <Short text={task.trigger_rule} />
      <Table.Td>{task.retries}</Table.Td>
      <Short text={`${task.pool}${slots > 1 ? ` × ${slots}` : ""}`} />
      <Short text={below.join(", ") || "–"} />
    </Table.Tr>
  );
}

/** A text that is cut off where its column ends, and whole when it is pointed at. */
function Short({ text }: { text: string | null | undefined }) {
  return (
    <Table.Td>
      <Text size="sm" truncate title={text ?? undefined}>
        {text}
      </Text>
    </Table.Td>
  );
}
