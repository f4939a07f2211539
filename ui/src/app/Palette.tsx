import { Modal, ScrollArea, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconBolt, IconPlayerPlay, IconSearch, IconSitemap } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import { ALL, dagsQuery, runsQuery } from "../api/queries";
import { State } from "../design/State";
import { t } from "../language/language";
import { usePlaces } from "./places";

interface Entry {
  id: string;
  kind: "action" | "dag" | "run";
  label: string;
  detail?: string;
  state?: string | null;
  open: () => void;
}

const ICONS = { action: IconBolt, dag: IconSitemap, run: IconPlayerPlay };

/** Finds DAGs, runs and places by a few letters of their names. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const wanted = text.trim();
  const [asked] = useDebouncedValue(wanted, 120);
  const [chosen, setChosen] = useState(0);
  const navigate = useNavigate();
  const places = usePlaces();
  const dags = useQuery({
    ...dagsQuery({ q: asked || undefined }),
    placeholderData: keepPreviousData,
  });
  const runs = useQuery(runsQuery(ALL, {}, 50));
  const entries = useMemo(() => {
    const go = (call: () => unknown) => () => {
      call();
      onClose();
    };
    const has = (name: string) => name.toLowerCase().includes(wanted.toLowerCase());
    const ways: Entry[] = [...places, { to: "/account" as const, label: t("Your account") }]
      .filter((one) => has(one.label))
      .map(({ to, label }) => ({
        id: to,
        kind: "action",
        label,
        detail: t("Go to"),
        open: go(() => navigate({ to })),
      }));
    // What was asked for may be a letter behind what is wanted.
    const named = (dags.data?.dags ?? []).filter((dag) => has(dag.dag_display_name));
    const ofDags: Entry[] = named.slice(0, 12).map((dag) => ({
      id: `dag ${dag.dag_id}`,
      kind: "dag",
      label: dag.dag_display_name,
      detail: dag.is_paused ? "DAG, paused" : "DAG",
      open: go(() => navigate({ to: "/dags/$dagId", params: { dagId: dag.dag_id } })),
    }));
    const ofRuns: Entry[] = (runs.data?.dag_runs ?? [])
      .filter((run) => has(run.dag_run_id) || has(run.dag_id))
      .slice(0, 8)
      .map((run) => ({
        id: `run ${run.dag_id} ${run.dag_run_id}`,
        kind: "run",
        label: run.dag_run_id,
        detail: run.dag_id,
        state: run.state,
        open: go(() =>
          navigate({
            to: "/dags/$dagId/runs/$runId",
            params: { dagId: run.dag_id, runId: run.dag_run_id },
          }),
        ),
      }));
    return [...ofDags, ...ofRuns, ...ways];
  }, [dags.data, runs.data, wanted, navigate, onClose, places]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text begins at the top
  useEffect(() => setChosen(0), [wanted]);
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setChosen((at) => (at + step + entries.length) % Math.max(1, entries.length));
    }
    if (event.key === "Enter") entries[chosen]?.open();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      size="lg"
      padding="sm"
      title={t("Find")}
    >
      <TextInput
        data-autofocus
        leftSection={<IconSearch size={16} />}
        placeholder={t("A DAG, a run, a place")}
        aria-label={t("Find a DAG, a run or a place")}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={press}
        role="combobox"
        aria-expanded
        aria-controls="palette"
        aria-activedescendant={entries[chosen] ? `entry-${chosen}` : undefined}
      />
      <ScrollArea.Autosize mah={420} mt="xs">
        <div id="palette" role="listbox" aria-label={t("What was found")}>
          {entries.map((entry, index) => {
            const Icon = ICONS[entry.kind];
            return (
              <UnstyledButton
                key={entry.id}
                id={`entry-${index}`}
                role="option"
                aria-selected={index === chosen}
                className="palette-entry"
                onClick={entry.open}
                onMouseMove={() => setChosen(index)}
                tabIndex={-1}
              >
                <Icon size={16} aria-hidden />
                <Text size="sm" truncate style={{ flex: 1 }}>
                  {entry.label}
                </Text>
                {entry.state ? <State state={entry.state} /> : null}
                <Text size="xs" c="dimmed">
                  {entry.detail}
                </Text>
              </UnstyledButton>
            );
          })}
          {entries.length === 0 ? (
            <Text size="sm" c="dimmed" p="sm">
              {t("Nothing has that in its name.")}
            </Text>
          ) : null}
        </div>
      </ScrollArea.Autosize>
    </Modal>
  );
}
