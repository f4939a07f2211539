import { Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import {
  IconArrowRight,
  IconBolt,
  IconPlayerPlay,
  IconSearch,
  IconSitemap,
  IconSquare,
} from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useState } from "react";
import { ALL, dagsQuery, runsQuery } from "../api/queries";
import { Dialog } from "../design/Dialog";
import { State } from "../design/State";
import { t } from "../language/language";
import { type Entry, goesWith, withoutVerbs } from "./palette.model";
import { usePlaces } from "./places";
import { useActionsHere, useDagActions, verbs } from "./useActions";
import { useTasksNamed } from "./useTasksNamed";

const ICONS = {
  action: IconBolt,
  place: IconArrowRight,
  dag: IconSitemap,
  run: IconPlayerPlay,
  task: IconSquare,
};

const MOST_DAGS = 12;
const MOST_RUNS = 8;
const DAGS_WITH_ACTIONS = 4;

/** Finds DAGs, runs, tasks, places and actions by a few letters of their names. */
export default function Palette({
  onClose,
  onShortcuts,
}: {
  onClose: () => void;
  onShortcuts: () => void;
}) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const wanted = text.trim();
  const found = useEntries(wanted, onShortcuts);
  const entries = found.map((one) => ({
    ...one,
    open: () => {
      onClose();
      one.open();
    },
  }));
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text begins at the top
  useEffect(() => setChosen(0), [wanted]);
  useEffect(() => {
    document.getElementById(`entry-${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setChosen((at) => (at + step + entries.length) % Math.max(1, entries.length));
    }
    if (event.key === "Enter") entries[chosen]?.open();
  };
  return (
    <Dialog onClose={onClose} withCloseButton={false} size="lg" padding="sm" title={t("Find")}>
      <TextInput
        data-autofocus
        leftSection={<IconSearch size={16} />}
        placeholder={t("A DAG, run, task, place or action")}
        aria-label={t("Find a DAG, run, task, place or action")}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={press}
        role="combobox"
        aria-expanded
        aria-controls="palette"
        aria-activedescendant={entries[chosen] ? `entry-${chosen}` : undefined}
      />
      <div id="palette" role="listbox" aria-label={t("What was found")} className="palette-entries">
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
    </Dialog>
  );
}

/** What goes with the text: what it names first, then what can be done here, then everything else. */
function useEntries(wanted: string, onShortcuts: () => void): Entry[] {
  const [asked] = useDebouncedValue(withoutVerbs(wanted, verbs()), 120);
  const navigate = useNavigate();
  const places = usePlaces();
  const ofDag = useDagActions();
  const here = useActionsHere(onShortcuts);
  const tasks = useTasksNamed(wanted, asked);
  const dags = useQuery({
    ...dagsQuery({ q: asked || undefined }),
    placeholderData: keepPreviousData,
  });
  const runs = useQuery(runsQuery(ALL, {}, 50));
  const has = (name: string) => goesWith(wanted, name);
  const ways: Entry[] = [...places, { to: "/account" as const, label: t("Your account") }]
    .filter((one) => has(one.label))
    .map(({ to, label }) => ({
      id: to,
      kind: "place",
      label,
      detail: t("Go to"),
      open: () => void navigate({ to }),
    }));
  // What was asked for may be a letter behind what is wanted.
  const all = dags.data?.dags ?? [];
  const ofDags: Entry[] = all
    .filter((dag) => has(dag.dag_display_name))
    .slice(0, MOST_DAGS)
    .map((dag) => ({
      id: `dag ${dag.dag_id}`,
      kind: "dag",
      label: dag.dag_display_name,
      detail: dag.is_paused ? t("DAG, paused") : t("DAG"),
      open: () => void navigate({ to: "/dags/$dagId", params: { dagId: dag.dag_id } }),
    }));
  const ofRuns: Entry[] = (runs.data?.dag_runs ?? [])
    .filter((run) => has(`${run.dag_id} ${run.dag_run_id}`))
    .slice(0, MOST_RUNS)
    .map((run) => ({
      id: `run ${run.dag_id} ${run.dag_run_id}`,
      kind: "run",
      label: run.dag_run_id,
      detail: run.dag_id,
      state: run.state,
      open: () =>
        void navigate({
          to: "/dags/$dagId/runs/$runId",
          params: { dagId: run.dag_id, runId: run.dag_run_id },
        }),
    }));
  const actions = here.filter((one) => has(one.label));
  const known = new Set(actions.map((one) => one.id));
  const further =
    wanted === ""
      ? []
      : all
          .slice(0, MOST_DAGS)
          .flatMap(ofDag)
          .filter((one) => has(one.label) && !known.has(one.id))
          .slice(0, 3 * DAGS_WITH_ACTIONS);
  return wanted === ""
    ? [...actions, ...ofDags, ...ofRuns, ...ways]
    : [...ofDags, ...tasks, ...actions, ...further, ...ways, ...ofRuns];
}
