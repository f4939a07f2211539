import { Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { calendarQuery } from "../api/queries";
import { useNow, useZone } from "../design/clock";
import { Empty, Shown } from "../design/Feedback";
import { State } from "../design/State";
import { absolute } from "../design/time.model";
import { colorOf, useStateLabel } from "../design/words";
import { language, t } from "../language/language";
import { Said } from "../language/Said";
import { TriggerButton } from "../trigger/TriggerButton";
import { type Day, monthsOf, shadeOf, yearUntil } from "./calendar.model";
import classes from "./calendar.module.css";
import { countsText, worstOf } from "./grid.model";

const DAY_MS = 86_400_000;
const A_MONDAY = Date.UTC(2024, 0, 1);

/** "Mon", "Tue" … in the chosen language. */
const weekday = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });
const month = new Intl.DateTimeFormat(language, { month: "short", timeZone: "UTC" });

/** The runs of every day of the last year. */
export default function Calendar({ dagId }: { dagId: string }) {
  const zone = useZone();
  const asked = useQuery(calendarQuery(dagId, zone));
  return (
    <Shown asked={asked} what={t("The runs")}>
      {({ days }) =>
        days.length === 0 ? (
          <Empty title={t("No run was due in the last year")}>
            <TriggerButton dagId={dagId} />
          </Empty>
        ) : (
          <Weeks days={days} zone={zone} />
        )
      }
    </Shown>
  );
}

function Weeks({ days, zone }: { days: readonly Day[]; zone: string }) {
  const label = useStateLabel();
  const today = absolute(useNow(), zone).slice(0, 10);
  const found = new Map(days.map((day) => [day.date, day.counts]));
  const weeks = yearUntil(today);
  const months = monthsOf(weeks);
  const most = Math.max(...days.map(({ counts }) => sum(counts)));
  const total = days.reduce((all, { counts }) => all + sum(counts), 0);
  return (
    <>
      <section className={classes.scroller} tabIndex={0} aria-label={t("Calendar")}>
        <div className={classes.calendar}>
          <div className={classes.week}>
            <span className={classes.month} />
            {weeks[0]?.map((date, index) => (
              <Text key={date} size="xs" c="dimmed" className={classes.name}>
                {index % 2 === 0 ? weekday.format(A_MONDAY + index * DAY_MS) : ""}
              </Text>
            ))}
          </div>
          {weeks.map((week, at) => (
            <div key={week[0]} className={classes.week}>
              <Text size="xs" c="dimmed" className={classes.month}>
                {months[at] ? month.format(Date.parse(`${months[at]}T00:00:00Z`)) : ""}
              </Text>
              {week.map((date) => {
                const counts = found.get(date);
                const state = counts && worstOf(counts);
                const text = `${date}: ${counts ? countsText(counts, label) : t("no run")}`;
                return (
                  <span
                    key={date}
                    role="img"
                    className={classes.day}
                    data-today={date === today || undefined}
                    data-later={date > today || undefined}
                    style={
                      state
                        ? {
                            background: `color-mix(in srgb, ${colorOf(state)} ${shadeOf(sum(counts), most)}%, var(--mantine-color-body))`,
                          }
                        : undefined
                    }
                    title={text}
                    aria-label={text}
                  />
                );
              })}
            </div>
          ))}
        </div>
      </section>
      <Group mt="sm">
        {["success", "failed", "running", "queued"].map((state) => (
          <State key={state} state={state} />
        ))}
        <Text size="sm" c="dimmed">
          <Said
            text="{total} runs of the last year, by the days in {zone} on which they were due; a day has the colour of its worst run, and the more runs, the fuller."
            total={total}
            zone={zone}
          />
        </Text>
      </Group>
    </>
  );
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, one) => all + one, 0);
}
