import { Card, Group, Progress, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { gridQuery } from "../api/queries";
import { Chart } from "../design/Chart";
import { Empty, Shown } from "../design/Feedback";
import { lengthOf } from "../design/time.model";
import { TriggerButton } from "../trigger/TriggerButton";
import type { Column } from "./grid.model";
import { figuresOf, seriesOf } from "./overview.model";

const RUNS = 100;
const TASKS = 50;

/** What the last runs come to. */
export default function Overview({ dagId }: { dagId: string }) {
  const asked = useQuery(gridQuery(dagId, RUNS));
  return (
    <Shown asked={asked} what="The runs">
      {({ columns }) =>
        columns.length === 0 ? (
          <Empty title="This DAG has not run yet">
            <TriggerButton dagId={dagId} />
          </Empty>
        ) : (
          <Figures columns={columns} />
        )
      }
    </Shown>
  );
}

function Figures({ columns }: { columns: Column[] }) {
  const series = useMemo(() => seriesOf(columns), [columns]);
  const tasks = useMemo(() => figuresOf(columns), [columns]);
  const ended = columns.filter(({ run }) => run.end_date);
  const failed = ended.filter(({ run }) => run.state === "failed").length;
  const lengths = series.ran.filter((one): one is number => one !== null).sort((a, b) => a - b);
  const median = lengths[lengths.length >> 1];
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Figure name={`Of the last ${columns.length} runs`} value={`${failed} failed`} />
        <Figure
          name="A run takes, as a rule"
          value={median === undefined ? "–" : lengthOf(median * 1000)}
        />
        <Figure
          name="The longest took"
          value={lengths.length ? lengthOf((lengths.at(-1) ?? 0) * 1000) : "–"}
        />
      </SimpleGrid>
      <Card withBorder component="section" aria-label="How long runs took">
        <Title order={2} size="h5" mb="xs">
          How long runs took
        </Title>
        <Chart
          label="Seconds that runs waited and ran, by when they were due"
          times={series.due}
          lines={[
            { label: "ran", color: "var(--state-success)", values: series.ran },
            { label: "waited to begin", color: "var(--state-queued)", values: series.waited },
          ]}
          format={(seconds) => lengthOf(seconds * 1000)}
        />
      </Card>
      <Card withBorder component="section" aria-label="Tasks">
        <Title order={2} size="h5" mb="xs">
          Where the time goes
        </Title>
        <Table.ScrollContainer minWidth={560}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Task</Table.Th>
                <Table.Th>Share of the time</Table.Th>
                <Table.Th>As a rule</Table.Th>
                <Table.Th>At most</Table.Th>
                <Table.Th>Failed</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {tasks.slice(0, TASKS).map((task) => (
                <Table.Tr key={task.taskId}>
                  <Table.Td>{task.taskId}</Table.Td>
                  <Table.Td>
                    <Group gap="xs" wrap="nowrap">
                      <Progress
                        value={100 * task.share}
                        w={120}
                        aria-label={`${task.taskId} takes ${Math.round(100 * task.share)} percent`}
                      />
                      <Text size="sm">{Math.round(100 * task.share)} %</Text>
                    </Group>
                  </Table.Td>
                  <Table.Td>{task.median === null ? "–" : lengthOf(task.median)}</Table.Td>
                  <Table.Td>{task.longest === null ? "–" : lengthOf(task.longest)}</Table.Td>
                  <Table.Td style={task.failures ? { color: "var(--state-failed)" } : undefined}>
                    {task.failures} of {task.runs}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Card>
    </Stack>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <Card withBorder padding="sm">
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text fz={22} fw={700}>
        {value}
      </Text>
    </Card>
  );
}
