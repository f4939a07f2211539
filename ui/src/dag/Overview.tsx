import { Card, Group, Progress, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { gridQuery } from "../api/queries";
import { Chart } from "../design/Chart";
import { Empty, Shown } from "../design/Feedback";
import { lengthOf } from "../design/time.model";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { TriggerButton } from "../trigger/TriggerButton";
import type { Column } from "./grid.model";
import { HeatStrip } from "./HeatStrip";
import { figuresOf, seriesOf } from "./overview.model";

const RUNS = 100;
// A DAG of very many tasks says enough with fewer runs.
const MOST_CELLS = 50_000;
const TASKS = 50;

/** What the last runs come to. */
export default function Overview({ dagId }: { dagId: string }) {
  const asked = useQuery(gridQuery(dagId, RUNS, { mostCells: MOST_CELLS }));
  return (
    <Shown asked={asked} what={t("The runs")}>
      {({ columns }) =>
        columns.length === 0 ? (
          <Empty title={t("This DAG has not run yet")}>
            <TriggerButton dagId={dagId} />
          </Empty>
        ) : (
          <Figures dagId={dagId} columns={columns} />
        )
      }
    </Shown>
  );
}

function Figures({ dagId, columns }: { dagId: string; columns: Column[] }) {
  const series = useMemo(() => seriesOf(columns), [columns]);
  const tasks = useMemo(() => figuresOf(columns), [columns]);
  const ended = columns.filter(({ run }) => run.end_date);
  const failed = ended.filter(({ run }) => run.state === "failed").length;
  const lengths = series.ran.filter((one): one is number => one !== null).sort((a, b) => a - b);
  const median = lengths[lengths.length >> 1];
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Figure
          name={t("Of the last {part} runs", { part: columns.length })}
          value={t("{failed} failed", { failed })}
        />
        <Figure
          name={t("A run takes, as a rule")}
          value={median === undefined ? "–" : lengthOf(median * 1000)}
        />
        <Figure
          name={t("The longest took")}
          value={lengths.length ? lengthOf((lengths.at(-1) ?? 0) * 1000) : "–"}
        />
      </SimpleGrid>
      <Card withBorder component="section" aria-label={t("How long runs took")}>
        <Title order={2} size="h5" mb="xs">
          {t("How long runs took")}
        </Title>
        <Chart
          label={t("Seconds that runs waited and ran, by when they were due")}
          times={series.due}
          lines={[
            { label: t("ran"), color: "var(--state-success)", values: series.ran },
            { label: t("waited to begin"), color: "var(--state-queued)", values: series.waited },
          ]}
          format={(seconds) => lengthOf(seconds * 1000)}
        />
      </Card>
      <Card withBorder component="section" aria-label={t("Tasks")}>
        <Title order={2} size="h5" mb="xs">
          {t("Where the time goes")}
        </Title>
        <Table.ScrollContainer minWidth={760}>
          <Table style={{ whiteSpace: "nowrap" }}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("Task")}</Table.Th>
                <Table.Th>{t("Run by run")}</Table.Th>
                <Table.Th>{t("Share of the time")}</Table.Th>
                <Table.Th>{t("As a rule")}</Table.Th>
                <Table.Th>{t("At most")}</Table.Th>
                <Table.Th>{t("Failed")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {tasks.slice(0, TASKS).map((task) => (
                <Table.Tr key={task.taskId}>
                  <Table.Td maw={300} title={task.taskId}>
                    <Text size="sm" truncate>
                      {task.taskId}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <HeatStrip dagId={dagId} task={task} />
                  </Table.Td>
                  <Table.Td>
                    <Group gap="xs" wrap="nowrap">
                      <Progress
                        value={100 * task.share}
                        w={80}
                        aria-label={t("{taskId} takes {round} percent", {
                          taskId: task.taskId,
                          round: Math.round(100 * task.share),
                        })}
                      />
                      <Text size="sm" style={{ whiteSpace: "nowrap" }}>
                        {Math.round(100 * task.share)} %
                      </Text>
                    </Group>
                  </Table.Td>
                  <Table.Td>{task.median === null ? "–" : lengthOf(task.median)}</Table.Td>
                  <Table.Td>{task.longest === null ? "–" : lengthOf(task.longest)}</Table.Td>
                  <Table.Td style={task.failures ? { color: "var(--state-failed)" } : undefined}>
                    <Said text="{failures} of {runs}" failures={task.failures} runs={task.runs} />
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
