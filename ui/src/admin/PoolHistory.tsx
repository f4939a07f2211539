import { SegmentedControl, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { answer, client, type Schemas } from "../api/client";
import { ALL, keys } from "../api/queries";
import { Chart } from "../design/Chart";
import { Dialog } from "../design/Dialog";
import { Shown } from "../design/Feedback";
import { t } from "../language/language";
import { Said } from "../language/Said";

const HOURS = [
  { value: "1", label: t("1 hour") },
  { value: "24", label: t("1 day") },
  { value: "168", label: t("1 week") },
];

/** How many slots of a pool were taken, over the last hours. */
export default function PoolHistory({
  pool,
  hours,
  onHours,
  onClose,
}: {
  pool: string;
  hours: number;
  onHours: (hours: number) => void;
  onClose: () => void;
}) {
  const asked = useQuery({
    queryKey: [...keys.runs(ALL), "pool-use", pool, hours],
    queryFn: () =>
      answer(
        client.GET("/ui/pools/{pool_name}/use", {
          params: { path: { pool_name: pool }, query: { hours } },
        }),
      ),
  });
  return (
    <Dialog onClose={onClose} size="xl" title={t("The use of {pool}", { pool })}>
      <Stack>
        <SegmentedControl
          aria-label={t("How far back")}
          data={HOURS}
          value={String(hours)}
          onChange={(chosen) => onHours(Number(chosen))}
        />
        <Shown asked={asked} what={t("The use of the pool")}>
          {(use) => <Drawn pool={pool} use={use} />}
        </Shown>
        <Text size="xs" c="dimmed">
          {t(
            "The most slots that were taken at once by tasks that began in that time, each in its latest try.",
          )}
        </Text>
      </Stack>
    </Dialog>
  );
}

const asCount = (value: number) => String(Math.round(value));

function Drawn({ pool, use }: { pool: string; use: Schemas["PoolUseResponse"] }) {
  const times = useMemo(() => use.times.map((time) => Date.parse(time) / 1000), [use]);
  const lines = useMemo(() => {
    const taken = { label: t("taken"), color: "var(--state-running)", values: use.most };
    const limit = {
      label: t("slots"),
      color: "var(--state-failed)",
      values: use.most.map(() => use.slots),
    };
    return use.slots > 0 ? [taken, limit] : [taken];
  }, [use]);
  const most = Math.max(0, ...use.most);
  return (
    <>
      <Text size="sm">
        <Said
          text="At most {most} {slots}slots were taken at once."
          most={most}
          slots={use.slots > 0 ? t("of {slots} ", { slots: use.slots }) : ""}
        />
      </Text>
      <Chart
        along={t("from")}
        areWhole
        label={t("Taken slots of {pool}", { pool })}
        times={times}
        lines={lines}
        format={asCount}
      />
    </>
  );
}
