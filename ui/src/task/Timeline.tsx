import { Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import { triesQuery } from "../api/queries";
import { useNow } from "../design/clock";
import { Empty, Shown } from "../design/Feedback";
import { At, Lasted } from "../design/Moment";
import { State } from "../design/State";
import { lengthOf } from "../design/time.model";
import { colorOf } from "../design/words";
import { t } from "../language/language";
import { extentOf, type Phase, phasesOf } from "./timeline.model";

type Instance = Schemas["TaskInstanceResponse"];
type Tries = Schemas["TaskInstanceHistoryCollectionResponse"]["task_instances"];

/** Every try: what it waited for, how long it ran, and where. */
export default function Timeline({ instance }: { instance: Instance }) {
  const { dag_id, dag_run_id, task_id, map_index } = instance;
  const asked = useQuery(triesQuery(dag_id, dag_run_id, task_id, map_index));
  return (
    <Shown asked={asked} what={t("The tries")}>
      {({ task_instances: tries }) =>
        tries.length === 0 ? (
          <Empty title={t("It has not been tried yet")} />
        ) : (
          <Stack>
            <Bars tries={tries} />
            <List tries={tries} />
          </Stack>
        )
      }
    </Shown>
  );
}

const PHASES: Record<Phase["name"], string> = {
  scheduled: t("waited for a slot"),
  queued: t("waited in the queue"),
  ran: t("ran"),
};

function Bars({ tries }: { tries: Tries }) {
  const now = useNow();
  const all = tries.map((one) => ({ one, phases: phasesOf(one, now) }));
  const phases = all.flatMap((each) => each.phases);
  if (phases.length === 0) return null;
  const [from, to] = extentOf(phases);
  const place = (moment: number) => (100 * (moment - from)) / (to - from);
  return (
    <section aria-label={t("Timeline")}>
      {all.map(({ one, phases: own }) => (
        <div key={one.try_number} style={{ display: "flex", alignItems: "center", gap: 10 }}>
          <Text size="sm" w={60}>
            {t("Try {number}", { number: one.try_number })}
          </Text>
          <div style={{ position: "relative", flex: 1, height: 28 }}>
            {own.map((phase) => {
              const text = `${PHASES[phase.name]}: ${lengthOf(phase.to - phase.from)}`;
              const ran = phase.name === "ran";
              return (
                <span
                  key={phase.name}
                  role="img"
                  aria-label={text}
                  title={text}
                  style={{
                    position: "absolute",
                    top: ran ? 5 : 11,
                    height: ran ? 18 : 6,
                    borderRadius: 3,
                    left: `${place(phase.from)}%`,
                    width: `max(3px, ${place(phase.to) - place(phase.from)}%)`,
                    background: ran ? colorOf(one.state) : colorOf(phase.name),
                  }}
                />
              );
            })}
          </div>
        </div>
      ))}
      <Text size="xs" c="dimmed" ta="right">
        {t("{length} in all", { length: lengthOf(to - from) })}
      </Text>
    </section>
  );
}

function List({ tries }: { tries: Tries }) {
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("Try")}</Table.Th>
            <Table.Th>{t("State")}</Table.Th>
            <Table.Th>{t("Queued")}</Table.Th>
            <Table.Th>{t("Started")}</Table.Th>
            <Table.Th>{t("Took")}</Table.Th>
            <Table.Th>{t("Host")}</Table.Th>
            <Table.Th>{t("Process")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tries.map((one) => (
            <Table.Tr key={one.try_number}>
              <Table.Td>{one.try_number}</Table.Td>
              <Table.Td>
                <State state={one.state} />
              </Table.Td>
              <Table.Td>
                <At at={one.queued_when} />
              </Table.Td>
              <Table.Td>
                <At at={one.start_date} />
              </Table.Td>
              <Table.Td>
                <Lasted from={one.start_date} to={one.end_date} />
              </Table.Td>
              <Table.Td>{one.hostname}</Table.Td>
              <Table.Td>{one.pid}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
