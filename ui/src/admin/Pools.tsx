import { Anchor, Checkbox, NumberInput, Progress, Text, TextInput, Tooltip } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { answer, client, type Schemas } from "../api/client";
import { useLive } from "../api/live";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { useSession } from "../session/SessionGate";
import { type Kind, Records } from "./Records";

const PoolHistory = lazy(() => import("./PoolHistory"));

type Pool = Schemas["PoolResponse"];

/** Tasks that name no pool are in it; it cannot be removed. */
const DEFAULT_POOL = "default_pool";

interface Form {
  name: string;
  slots: number;
  description: string;
  include_deferred: boolean;
}

/** Pools, and what takes their slots. */
export function Pools() {
  useLive();
  const { use, hours = 24 } = useSearch({ from: "/pools" });
  const navigate = useNavigate({ from: "/pools" });
  const { may } = useSession();
  const kind: Kind<Pool, Form> = {
    words: {
      title: t("Pools"),
      add: t("Add a pool"),
      find: t("Find a pool"),
      none: t("There is no pool yet"),
      about: t("A pool limits how many tasks run at once on something that they share."),
      removal: t("Tasks that are in it wait until there is one of that name again."),
    },
    queryKey: ["runs", "~", "pools"],
    list: async ({ find, ...page }) => {
      const query = { ...page, pool_name_pattern: find ? `%${find}%` : undefined };
      const found = await answer(client.GET("/api/v2/pools", { params: { query } }));
      return { records: found.pools, total: found.total_entries };
    },
    idOf: (one) => one.name,
    columns: [
      { title: t("Pool"), show: (one) => one.name },
      { title: t("Slots"), show: (one) => (one.slots < 0 ? "no limit" : one.slots) },
      { title: t("Use"), show: (one) => <Use pool={one} /> },
      {
        title: t("Over time"),
        show: (one) => (
          <Anchor
            size="sm"
            aria-label={t("The use of {name} over time", { name: one.name })}
            renderRoot={(props) => (
              <Link to="/pools" search={(old) => ({ ...old, use: one.name })} {...props} />
            )}
          >
            {t("Show")}
          </Anchor>
        ),
      },
      { title: t("Description"), show: (one) => one.description },
    ],
    formOf: (one) => ({
      name: one?.name ?? "",
      slots: one?.slots ?? 16,
      description: one?.description ?? "",
      include_deferred: one?.include_deferred ?? false,
    }),
    Form: ({ form, change, isNew }) => (
      <>
        <TextInput
          label={t("Name")}
          required
          disabled={!isNew}
          value={form.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <NumberInput
          label={t("Slots")}
          description={t("-1 is without limit")}
          required
          min={-1}
          allowDecimal={false}
          value={form.slots}
          onChange={(value) => change({ slots: Number(value) })}
        />
        <Checkbox
          label={t("Deferred tasks keep their slots")}
          checked={form.include_deferred}
          onChange={(event) => change({ include_deferred: event.currentTarget.checked })}
        />
        <TextInput
          label={t("Description")}
          value={form.description}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
      </>
    ),
    save: (form, isNew) => {
      const body = { ...form, description: form.description || null };
      return isNew
        ? answer(client.POST("/api/v2/pools", { body }))
        : answer(
            client.PATCH("/api/v2/pools/{pool_name}", {
              params: { path: { pool_name: form.name } },
              body: { ...body, pool: form.name, name: undefined } as never,
            }),
          );
    },
    remove: (name) =>
      answer(client.DELETE("/api/v2/pools/{pool_name}", { params: { path: { pool_name: name } } })),
    canRestore: () => may("create", "pool"),
    restore: ({ name, slots, description, include_deferred, team_name }) => {
      const body = { name, slots, description, include_deferred, team_name };
      return answer(client.POST("/api/v2/pools", { body }));
    },
    mayCreate: may("create", "pool"),
    mayEdit: may("edit", "pool"),
    mayDelete: (one) => may("delete", "pool") && one.name !== DEFAULT_POOL,
  };
  return (
    <>
      <Records kind={kind} />
      {use === undefined ? null : (
        <Suspense>
          <PoolHistory
            pool={use}
            hours={hours}
            onHours={(next) => void navigate({ search: (old) => ({ ...old, hours: next }) })}
            onClose={() =>
              void navigate({ search: (old) => ({ ...old, use: undefined, hours: undefined }) })
            }
          />
        </Suspense>
      )}
    </>
  );
}

function Use({ pool }: { pool: Pool }) {
  const parts = [
    ["running", pool.running_slots],
    ["queued", pool.queued_slots],
    ["deferred", pool.deferred_slots],
    ["scheduled", pool.scheduled_slots],
  ] as const;
  const taken = parts.reduce((sum, [, count]) => sum + count, 0);
  if (pool.slots <= 0)
    return (
      <Text size="sm">
        <Said text="{taken} taken" taken={taken} />
      </Text>
    );
  return (
    <Progress.Root
      size={18}
      w={220}
      title={t("{taken} of {slots} slots", { taken, slots: pool.slots })}
    >
      {parts
        .filter(([, count]) => count > 0)
        .map(([state, count]) => (
          <Tooltip key={state} label={`${count} ${state}`}>
            <Progress.Section
              value={(100 * count) / Math.max(pool.slots, taken)}
              color={`var(--state-${state})`}
              aria-label={state}
            />
          </Tooltip>
        ))}
    </Progress.Root>
  );
}
