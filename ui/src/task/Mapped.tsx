import { Anchor, Group, Select, Stack, Table, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { answer, client } from "../api/client";
import { keys } from "../api/queries";
import type { TaskView } from "../app/router";
import { Empty, Shown } from "../design/Feedback";
import { At, Lasted } from "../design/Moment";
import { Pages } from "../design/Pages";
import { State } from "../design/State";
import { useWords } from "../design/words";
import { plural, t } from "../language/language";
import { TaskActions } from "./TaskActions";

const PER_PAGE = 50;
const FROM = "/dags/$dagId/runs/$runId/tasks/$taskId";
const ORDERS = [
  { value: "map_index", label: t("First index first") },
  { value: "-map_index", label: t("Last index first") },
  { value: "-duration", label: t("Longest first") },
  { value: "duration", label: t("Shortest first") },
  { value: "-start_date", label: t("Started last first") },
];

/** The instances of a mapped task. */
export function Mapped({ dagId, runId, taskId }: { dagId: string; runId: string; taskId: string }) {
  const words = useWords();
  const { state, sort = "map_index", page = 1 } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const change = (part: Partial<TaskView>) =>
    void navigate({ search: (old) => ({ ...old, page: undefined, ...part }), replace: true });
  const asked = useQuery({
    queryKey: [...keys.instances(dagId, runId), taskId, "mapped", state, sort, page],
    queryFn: () =>
      answer(
        client.GET(
          "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped",
          {
            params: {
              path: { dag_id: dagId, dag_run_id: runId, task_id: taskId },
              query: {
                limit: PER_PAGE,
                offset: (page - 1) * PER_PAGE,
                state: state ? [state] : undefined,
                order_by: [sort],
              },
            },
          },
        ),
      ),
    placeholderData: keepPreviousData,
  });
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h3">
          {taskId} [ ]
        </Title>
        <TaskActions of={{ dagId, runId, taskId, mapIndex: undefined }} />
      </Group>
      <Group>
        <Select
          aria-label={t("State")}
          placeholder={t("State")}
          clearable
          data={words.task_states.map((one) => ({ value: one.state, label: one.label }))}
          value={state ?? null}
          onChange={(next) => change({ state: next ?? undefined })}
        />
        <Select
          aria-label={t("Order")}
          allowDeselect={false}
          data={ORDERS}
          value={sort}
          onChange={(next) =>
            change({ sort: next === "map_index" ? undefined : (next ?? undefined) })
          }
        />
      </Group>
      <Shown asked={asked} what={t("The instances")}>
        {(found) =>
          found.task_instances.length === 0 ? (
            <Empty title={t("There is no such instance")}>
              {t("A mapped task has instances once it is known how many there are.")}
            </Empty>
          ) : (
            <>
              <Table highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t("Index")}</Table.Th>
                    <Table.Th>{t("State")}</Table.Th>
                    <Table.Th>{t("Try")}</Table.Th>
                    <Table.Th>{t("Started")}</Table.Th>
                    <Table.Th>{t("Took")}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {found.task_instances.map((one) => (
                    <Table.Tr key={one.map_index}>
                      <Table.Td>
                        <Anchor
                          renderRoot={(props) => (
                            <Link
                              to="/dags/$dagId/runs/$runId/tasks/$taskId"
                              params={{ dagId, runId, taskId }}
                              search={{ map: one.map_index }}
                              {...props}
                            />
                          )}
                        >
                          {one.rendered_map_index ?? one.map_index}
                        </Anchor>
                      </Table.Td>
                      <Table.Td>
                        <State state={one.state} />
                      </Table.Td>
                      <Table.Td>{one.try_number}</Table.Td>
                      <Table.Td>
                        <At at={one.start_date} />
                      </Table.Td>
                      <Table.Td>
                        <Lasted from={one.start_date} to={one.end_date} />
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
              <Pages
                total={found.total_entries ?? 0}
                perPage={PER_PAGE}
                page={page}
                onPage={(next) => change({ page: next })}
              >
                {plural(found.total_entries ?? 0, "{count} instance", "{count} instances")}
              </Pages>
            </>
          )
        }
      </Shown>
    </Stack>
  );
}
