import { Anchor, Badge, Group, Select, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Schemas } from "../api/client";
import { columnQuery, runQuery, runsQuery } from "../api/queries";
import { Value } from "../design/Facts";
import { Empty, Shown } from "../design/Feedback";
import { Lasted } from "../design/Moment";
import { State } from "../design/State";
import { lengthOf } from "../design/time.model";
import { plural, t } from "../language/language";
import { CompareXComs } from "./CompareXComs";
import { pairsOf, paramsOf, type TaskPair } from "./compare.model";

type Run = Schemas["DAGRunResponse"];

const CHOICE = 100;
const FROM = "/dags/$dagId/runs/$runId";

/** This run beside another one of the DAG: what differs, and by how much. */
export default function Compare({ run }: { run: Run }) {
  const { with: chosen } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const asked = useQuery(runsQuery(run.dag_id, {}, CHOICE));
  return (
    <Shown asked={asked} what={t("The runs")}>
      {({ dag_runs: runs }) => {
        const others = runs.filter((one) => one.dag_run_id !== run.dag_run_id);
        // The run before is what people compare with as a rule.
        const before = others.find((one) => one.run_after <= run.run_after) ?? others[0];
        const other = chosen ?? before?.dag_run_id;
        if (other === undefined) {
          return (
            <Empty title={t("There is no other run")}>
              {t("Trigger the DAG once more, and the two can be compared.")}
            </Empty>
          );
        }
        return (
          <Stack>
            <Select
              label={t("Compare with")}
              searchable
              allowDeselect={false}
              maw={460}
              data={[...new Set([other, ...others.map((one) => one.dag_run_id)])]}
              value={other}
              onChange={(next) =>
                void navigate({ search: (old) => ({ ...old, with: next ?? undefined }) })
              }
            />
            <Both run={run} otherId={other} />
          </Stack>
        );
      }}
    </Shown>
  );
}

function Both({ run, otherId }: { run: Run; otherId: string }) {
  const asked = useQuery(runQuery(run.dag_id, otherId));
  const mine = useQuery(columnQuery(run.dag_id, run.dag_run_id));
  const theirs = useQuery(columnQuery(run.dag_id, otherId));
  return (
    <Shown asked={asked} what={t("The other run")}>
      {(other) => (
        <>
          <RunFacts run={run} other={other} />
          <Shown asked={mine} what={t("The tasks")}>
            {(left) => (
              <Shown asked={theirs} what={t("The tasks")}>
                {(right) => <TaskPairs run={run} other={other} left={left} right={right} />}
              </Shown>
            )}
          </Shown>
          <CompareXComs dagId={run.dag_id} runIds={[run.dag_run_id, other.dag_run_id]} />
        </>
      )}
    </Shown>
  );
}

function Differs({ isAlike }: { isAlike: boolean }) {
  return isAlike ? null : (
    <Badge size="sm" color="orange" variant="light" tt="none">
      {t("differs")}
    </Badge>
  );
}

function versionsOf(run: Run): string {
  return run.dag_versions.map((one) => one.version_number).join(", ") || "–";
}

function RunFacts({ run, other }: { run: Run; other: Run }) {
  const { dag_id: dagId } = run;
  const params = paramsOf(run.conf, other.conf);
  const versions = [versionsOf(run), versionsOf(other)] as const;
  const [newer, older] = [run, other].map((one) =>
    Math.max(0, ...one.dag_versions.map((version) => version.version_number)),
  );
  const lines = [
    {
      name: t("State"),
      isAlike: run.state === other.state,
      both: [run, other].map((one) => <State key={one.dag_run_id} state={one.state} />),
    },
    {
      name: t("Took"),
      isAlike: true,
      both: [run, other].map((one) => (
        <Lasted key={one.dag_run_id} from={one.start_date} to={one.end_date} />
      )),
    },
    {
      name: t("Waited to begin"),
      isAlike: true,
      both: [run, other].map((one) => (
        <Lasted key={one.dag_run_id} from={one.queued_at} to={one.start_date} />
      )),
    },
    {
      name: t("Logical date"),
      isAlike: true,
      both: [run, other].map((one) => <Value key={one.dag_run_id} value={one.logical_date} />),
    },
    { name: t("Version"), isAlike: versions[0] === versions[1], both: versions },
    ...params.map(({ name, values, isAlike }) => ({
      name: t("Param {name}", { name }),
      isAlike,
      both: values.map((value, at) =>
        value === undefined ? t("as by default") : <Value key={at} value={value} />,
      ),
    })),
  ];
  return (
    <section aria-label={t("The runs")}>
      <Table.ScrollContainer minWidth={520}>
        <Table withTableBorder layout="fixed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={200} aria-label={t("What")} />
              {[run, other].map((one) => (
                <Table.Th key={one.dag_run_id} style={{ overflowWrap: "anywhere" }}>
                  <Anchor
                    size="sm"
                    renderRoot={(props) => (
                      <Link to={FROM} params={{ dagId, runId: one.dag_run_id }} {...props} />
                    )}
                  >
                    {one.dag_run_id}
                  </Anchor>
                </Table.Th>
              ))}
              <Table.Th w={140} aria-label={t("Differs")} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {lines.map(({ name, both, isAlike }) => (
              <Table.Tr key={name}>
                <Table.Th scope="row">{name}</Table.Th>
                <Table.Td>{both[0]}</Table.Td>
                <Table.Td>{both[1]}</Table.Td>
                <Table.Td>
                  <Differs isAlike={isAlike} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {versions[0] === versions[1] ? null : (
        <Anchor
          size="sm"
          renderRoot={(props) => (
            <Link
              to="/dags/$dagId"
              params={{ dagId }}
              search={{ tab: "code" as const, version: newer, against: older }}
              {...props}
            />
          )}
        >
          {t("What has changed in the code")}
        </Anchor>
      )}
    </section>
  );
}

const MOST_TASKS = 200;

function TaskPairs({
  run,
  other,
  left,
  right,
}: {
  run: Run;
  other: Run;
  left: Schemas["ColumnPayload"];
  right: Schemas["ColumnPayload"];
}) {
  const { only } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const all = useMemo(() => pairsOf(left.cells, right.cells), [left, right]);
  const shown = only ? all.filter((one) => !one.isAlike) : all;
  const longest = Math.max(1, ...all.flatMap((one) => one.took.map((span) => span ?? 0)));
  const others = all.filter((one) => !one.isAlike).length;
  return (
    <section aria-label={t("Tasks")}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {t("Tasks")}
        </Title>
        {others > 0 ? (
          <Switch
            label={plural(others, "Only the {count} that differs", "Only the {count} that differ")}
            checked={only === true}
            onChange={(event) => {
              const { checked } = event.currentTarget;
              void navigate({ search: (old) => ({ ...old, only: checked || undefined }) });
            }}
          />
        ) : null}
      </Group>
      <Table.ScrollContainer minWidth={680}>
        <Table withTableBorder>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("Task")}</Table.Th>
              <Table.Th>{run.dag_run_id}</Table.Th>
              <Table.Th>{other.dag_run_id}</Table.Th>
              <Table.Th ta="right">{t("This run")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.slice(0, MOST_TASKS).map((pair) => (
              <Table.Tr key={pair.taskId}>
                <Table.Td>{pair.taskId}</Table.Td>
                <Side pair={pair} at={0} run={run} longest={longest} />
                <Side pair={pair} at={1} run={other} longest={longest} />
                <Table.Td ta="right" style={{ whiteSpace: "nowrap" }}>
                  <Difference milliseconds={pair.difference} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {shown.length > MOST_TASKS ? (
        <Text size="sm" c="dimmed">
          {t("The {count} that differ most are shown.", { count: MOST_TASKS })}
        </Text>
      ) : null}
    </section>
  );
}

function Side({
  pair,
  at,
  run,
  longest,
}: {
  pair: TaskPair;
  at: 0 | 1;
  run: Run;
  longest: number;
}) {
  const state = pair.states[at];
  const took = pair.took[at];
  if (state === null) return <Table.Td>{t("not part of the run")}</Table.Td>;
  return (
    <Table.Td>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Anchor
          size="sm"
          underline="hover"
          aria-label={t("{task} in {run}", { task: pair.taskId, run: run.dag_run_id })}
          renderRoot={(props) => (
            <Link
              to="/dags/$dagId/runs/$runId/tasks/$taskId"
              params={{ dagId: run.dag_id, runId: run.dag_run_id, taskId: pair.taskId }}
              {...props}
            />
          )}
        >
          <State state={state} />
        </Anchor>
        <Text size="sm">{took === null ? "–" : lengthOf(took)}</Text>
      </Group>
      <div
        aria-hidden
        style={{
          height: 4,
          borderRadius: 2,
          width: `${(100 * (took ?? 0)) / longest}%`,
          background: `var(--state-${state})`,
        }}
      />
    </Table.Td>
  );
}

/** Less than this is chance. */
const NOTABLE_MS = 50;

function Difference({ milliseconds }: { milliseconds: number | null }) {
  if (milliseconds === null) return <span>–</span>;
  const length = lengthOf(Math.abs(milliseconds));
  return (
    <Text
      size="sm"
      c={Math.abs(milliseconds) < NOTABLE_MS ? "dimmed" : undefined}
      fw={Math.abs(milliseconds) < NOTABLE_MS ? 400 : 600}
    >
      {milliseconds === 0
        ? t("As long")
        : milliseconds > 0
          ? t("Longer by {length}", { length })
          : t("Shorter by {length}", { length })}
    </Text>
  );
}
