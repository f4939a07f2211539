import { Card, Group, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { runCountsQuery } from "../api/queries";
import { countsText } from "../dag/grid.model";
import { useZone } from "../design/clock";
import { absolute } from "../design/time.model";
import { colorOf, useStateLabel } from "../design/words";
import { t } from "../language/language";
import classes from "./history.module.css";

const ORDER = ["success", "running", "queued", "failed"];

/** The runs of the last day, hour by hour. */
export function History() {
  const asked = useQuery(runCountsQuery);
  const label = useStateLabel();
  const zone = useZone();
  const hours = asked.data?.hours ?? [];
  const sums = hours.map(({ counts }) => Object.values(counts).reduce((sum, one) => sum + one, 0));
  const most = Math.max(1, ...sums);
  return (
    <Card withBorder padding="sm" component="section" aria-label={t("Runs by the hour they ended")}>
      <Group justify="space-between" mb={6}>
        <Title order={2} size="h5">
          {t("Runs by the hour they ended")}
        </Title>
        <Text size="xs" c="dimmed">
          {t("at most {count} in an hour", { count: Math.max(0, ...sums) })}
        </Text>
      </Group>
      <div className={classes.hours}>
        {hours.map(({ begin, counts }, at) => {
          const from = absolute(Date.parse(begin), zone).slice(11, 16);
          const text = `${from}: ${sums[at] === 0 ? t("no run") : countsText(counts, label)}`;
          return (
            <span key={begin} className={classes.hour} role="img" title={text} aria-label={text}>
              {ORDER.filter((state) => counts[state]).map((state) => (
                <span
                  key={state}
                  style={{
                    height: `${(100 * (counts[state] ?? 0)) / most}%`,
                    background: colorOf(state),
                  }}
                />
              ))}
            </span>
          );
        })}
      </div>
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {t("24 hours ago")}
        </Text>
        <Text size="xs" c="dimmed">
          {t("now")}
        </Text>
      </Group>
    </Card>
  );
}
