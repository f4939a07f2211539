import { Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { RunBar } from "../api/live.model";
import { barsQuery } from "../api/queries";
import { useZone } from "../design/clock";
import { Empty, Shown } from "../design/Feedback";
import { State } from "../design/State";
import { colorOf, useStateLabel } from "../design/words";
import { t } from "../language/language";
import { Said } from "../language/Said";
import classes from "./calendar.module.css";
import { countsText, worstOf } from "./grid.model";
import { daysOf, weeksOf } from "./overview.model";

const RUNS = 365;
const WEEKDAYS = ["Mon", "", "Wed", "", "Fri", "", "Sun"];

/** The runs of every day. */
export default function Calendar({ dagId }: { dagId: string }) {
  const asked = useQuery(barsQuery(dagId, RUNS));
  return (
    <Shown asked={asked} what={t("The runs")}>
      {(runs) =>
        runs.length === 0 ? <Empty title={t("This DAG has not run yet")} /> : <Weeks runs={runs} />
      }
    </Shown>
  );
}

function Weeks({ runs }: { runs: readonly RunBar[] }) {
  const zone = useZone();
  const label = useStateLabel();
  const days = useMemo(() => daysOf(runs, zone), [runs, zone]);
  const found = new Map(days.map((day) => [day.date, day.runs]));
  const weeks = weeksOf(days[0]?.date ?? "", days.at(-1)?.date ?? "");
  return (
    <>
      <div className={classes.calendar}>
        <div className={classes.week}>
          {WEEKDAYS.map((name, index) => (
            <Text key={index} size="xs" c="dimmed" className={classes.name}>
              {name}
            </Text>
          ))}
        </div>
        {weeks.map((week) => (
          <div key={week[0]} className={classes.week}>
            {week.map((date) => {
              const runs = found.get(date);
              const state = runs && worstOf(runs);
              const text = `${date}: ${runs ? countsText(runs, label) : "no run"}`;
              return (
                <span
                  key={date}
                  role="img"
                  className={classes.day}
                  style={state ? { background: colorOf(state) } : undefined}
                  title={text}
                  aria-label={text}
                />
              );
            })}
          </div>
        ))}
      </div>
      <Group mt="sm">
        {["success", "failed", "running", "queued"].map((state) => (
          <State key={state} state={state} />
        ))}
        <Text size="sm" c="dimmed">
          <Said text="The last {part} runs, by days in {zone}" part={runs.length} zone={zone} />
        </Text>
      </Group>
    </>
  );
}
