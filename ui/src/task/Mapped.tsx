import { Anchor, Group, Pagination, Select, Stack, Table, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { answer, client } from "../api/client";
import { keys } from "../api/queries";
import { Empty, Shown } from "../design/Feedback";
import { At, Lasted } from "../design/Moment";
import { State } from "../design/State";
import { useWords } from "../design/words";

const PER_PAGE = 50;

/** The instances of a mapped task. */
export function Mapped({ dagId, runId, taskId }: { dagId: string; runId: string; taskId: string }) {
  const words = useWords();
  const [state, setState] = useState<string | null>(null);
  const [page, setPage] = useState(1);
  const asked = useQuery({
    queryKey: [...keys.instances(dagId, runId), taskId, "mapped", state, page],
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
                order_by: ["map_index"],
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
        <Select
          aria-label="State"
          placeholder="State"
          clearable
          data={words.task_states.map((one) => ({ value: one.state, label: one.label }))}
          value={state}
          onChange={(next) => {
            setState(next);
            setPage(1);
          }}
        />
      </Group>
      <Shown asked={asked} what="The instances">
        {(found) =>
          found.task_instances.length === 0 ? (
            <Empty title="There is no such instance">
              A mapped task has instances once it is known how many there are.
            </Empty>
          ) : (
            <>
              <Table highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Index</Table.Th>
                    <Table.Th>State</Table.Th>
                    <Table.Th>Try</Table.Th>
                    <Table.Th>Started</Table.Th>
                    <Table.Th>Took</Table.Th>
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
              <Group justify="space-between">
                <Text size="sm" c="dimmed">
                  {found.total_entries} instances
                </Text>
                <Pagination
                  total={Math.ceil((found.total_entries ?? 0) / PER_PAGE)}
                  value={page}
                  onChange={setPage}
                  getControlProps={(control) => ({ "aria-label": `${control} page` })}
                />
              </Group>
            </>
          )
        }
      </Shown>
    </Stack>
  );
}
