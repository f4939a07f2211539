/** Ways to a place in a log, however long it is: the server looks, and tells the lines. */
import { ActionIcon, Button, Group, Slider, TextInput, Text as Words } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import {
  IconAlertTriangle,
  IconArrowBarToDown,
  IconArrowBarToUp,
  IconChevronDown,
  IconChevronUp,
  IconSearch,
} from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, type KeyboardEvent, useRef, useState } from "react";
import { answer, client, type Schemas } from "../api/client";
import { plural, t } from "../language/language";
import { PIECE_BYTES } from "./logs.model";
import { type LogOf, pathOf, TRY } from "./useLog";

export type Level = "debug" | "info" | "warning" | "error" | "critical";

type Hits = Schemas["LogHitsResponse"];

interface Wanted {
  text?: string;
  level?: Level;
  from_line?: number;
  most?: number;
}

const hitsOf = (log: LogOf, wanted: Wanted): Promise<Hits> =>
  answer(
    client.GET(`${TRY}/hits`, {
      params: { path: pathOf(log), query: { map_index: log.mapIndex, ...wanted } },
    }),
  );

/** What has come to a log that grows is looked through so often at most. */
const LOOK_ON_MS = 2000;

/** Looks for a text in all of the log, and goes from hit to hit. */
export function Finder({
  log,
  size,
  find,
  line,
  onFind,
  onGo,
}: {
  log: LogOf;
  size: number;
  find: string;
  line: number | undefined;
  onFind: (part: { find?: string }) => void;
  onGo: (line: number) => void;
}) {
  const [wanted] = useDebouncedValue(find, 250);
  const [grown] = useDebouncedValue(size, LOOK_ON_MS, { leading: true });
  const of = JSON.stringify([log, wanted]);
  const known = useRef<{ of: string; found: Hits } | null>(null);
  const asked = useQuery({
    queryKey: ["hits", log, wanted, grown],
    queryFn: async () => {
      // What was looked through before is not looked through again: logs only grow.
      const before = known.current?.of === of ? known.current.found : null;
      if (before && !before.are_all) return before;
      const more = await hitsOf(log, { text: wanted, from_line: before?.next_line });
      const found = before ? { ...more, hits: [...before.hits, ...more.hits] } : more;
      known.current = { of, found };
      return found;
    },
    enabled: wanted !== "",
    gcTime: 0,
    placeholderData: (old) => (wanted === "" ? undefined : old),
  });
  const hits = wanted === "" ? [] : (asked.data?.hits ?? []);
  const at = hits.findIndex((one) => one.line === line);
  const onward = useMutation({
    mutationFn: (from: number) => hitsOf(log, { text: wanted, from_line: from, most: 1 }),
    onSuccess: ({ hits: [next] }) => onGo((next ?? hits[0])?.line ?? 1),
  });
  const go = (step: 1 | -1) => {
    if (hits.length === 0) return;
    const here = line ?? (step > 0 ? 0 : Number.POSITIVE_INFINITY);
    const next =
      step > 0 ? hits.find((one) => one.line > here) : hits.findLast((one) => one.line < here);
    if (next) onGo(next.line);
    // There are more hits than were told of.
    else if (step > 0 && asked.data?.are_all === false) onward.mutate(here + 1);
    else onGo((step > 0 ? hits[0] : hits.at(-1))?.line ?? 1);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
  };
  const many = `${hits.length}${asked.data?.are_all === false ? "+" : ""}`;
  return (
    <Group gap={4}>
      <TextInput
        data-search
        aria-label={t("Find in the log")}
        placeholder={t("Find  ( / )")}
        leftSection={<IconSearch size={15} />}
        value={find}
        onChange={(event) => onFind({ find: event.currentTarget.value || undefined })}
        onKeyDown={press}
      />
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={t("Previous hit")}
        disabled={hits.length === 0}
        onClick={() => go(-1)}
      >
        <IconChevronUp size={16} />
      </ActionIcon>
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={t("Next hit")}
        disabled={hits.length === 0}
        onClick={() => go(1)}
      >
        <IconChevronDown size={16} />
      </ActionIcon>
      <Words size="sm" c="dimmed" role="status" miw={70}>
        {wanted === "" || !asked.data
          ? ""
          : at >= 0
            ? t("{at} of {many} hits", { at: at + 1, many })
            : plural(hits.length, "{many} hit", "{many} hits", { many })}
      </Words>
    </Group>
  );
}

/** To the next error, and to a line by its number. */
export function Jumps({
  log,
  line,
  onGo,
}: {
  log: LogOf;
  line: number | undefined;
  onGo: (line: number) => void;
}) {
  const [number, setNumber] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = Number.parseInt(number, 10);
    if (wanted >= 1) onGo(wanted);
  };
  return (
    <>
      <NextOfLevel log={log} level="error" from={line ?? 0} onGo={onGo} />
      <form onSubmit={submit}>
        <TextInput
          aria-label={t("Go to a line")}
          placeholder={t("Line")}
          inputMode="numeric"
          value={number}
          onChange={(event) => setNumber(event.currentTarget.value.replace(/\D/g, ""))}
          w={90}
        />
      </form>
    </>
  );
}

/** Goes to the first line of that level or a worse one behind a line, or from the beginning on. */
export function NextOfLevel({
  log,
  level,
  from,
  onGo,
}: {
  log: LogOf;
  level: Level;
  from: number;
  onGo: (line: number) => void;
}) {
  const look = useMutation({
    mutationFn: async () => {
      const behind = await hitsOf(log, { level, from_line: from + 1, most: 1 });
      if (behind.hits.length > 0 || from === 0) return behind;
      return hitsOf(log, { level, most: 1 });
    },
    onSuccess: ({ hits: [next] }) => {
      if (next) onGo(next.line);
      else notifications.show({ message: t("In all of the log there is no such line.") });
    },
    onError: (error) => notifications.show({ color: "red", message: error.message }),
  });
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={<IconAlertTriangle size={14} />}
      loading={look.isPending}
      onClick={() => look.mutate()}
    >
      {level === "error" ? t("Next error") : t("To the next one")}
    </Button>
  );
}

/** Where in a long log the reader is. */
export function Position({
  begin,
  end,
  size,
  onJump,
}: {
  begin: number;
  end: number;
  size: number;
  onJump: (offset: number) => void;
}) {
  const [dragged, setDragged] = useState<number | null>(null);
  const percent = end >= size ? 100 : (100 * begin) / size;
  return (
    <Group mb="xs" gap="sm" wrap="nowrap">
      <ActionIcon variant="default" aria-label={t("To the beginning")} onClick={() => onJump(0)}>
        <IconArrowBarToUp size={15} />
      </ActionIcon>
      <Slider
        style={{ flex: 1 }}
        thumbLabel={t("Where in the log")}
        min={0}
        max={100}
        step={0.1}
        label={(value) => `${value.toFixed(1)} %`}
        value={dragged ?? percent}
        onChange={setDragged}
        onChangeEnd={(value) => {
          setDragged(null);
          onJump(Math.round((value / 100) * Math.max(0, size - PIECE_BYTES)));
        }}
      />
      <ActionIcon
        variant="default"
        aria-label={t("To the end")}
        onClick={() => onJump(Math.max(0, size - PIECE_BYTES))}
      >
        <IconArrowBarToDown size={15} />
      </ActionIcon>
      <Words size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>
        {(size / 1e6).toFixed(size < 1e8 ? 1 : 0)} MB
      </Words>
    </Group>
  );
}
