import { Accordion, Code, Group, Image, SegmentedControl, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { Empty, Shown, Waiting } from "../design/Feedback";
import { JsonTree } from "../design/JsonTree";
import { Ago } from "../design/Moment";
import { t } from "../language/language";
import { xcomQuery, xcomsQuery } from "./queries";
import { type Kind, kindOf } from "./xcoms.model";

const Source = lazy(() => import("../design/Source"));
const Plot = lazy(() => import("../design/Plot"));

const FROM = "/dags/$dagId/runs/$runId/tasks/$taskId";
/** So many are open where nobody has opened or closed one. */
const FIRST = 3;

interface Where {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

/** What the task has pushed. */
export default function XComs(where: Where) {
  const { dagId, runId, taskId, mapIndex } = where;
  const asked = useQuery(xcomsQuery(dagId, runId, taskId, mapIndex));
  const { keys } = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  return (
    <Shown asked={asked} what={t("The XComs")}>
      {(found) =>
        found.xcom_entries.length === 0 ? (
          <Empty title={t("This task has pushed nothing")}>
            {t("What it returns, or pushes with xcom_push, appears here.")}
          </Empty>
        ) : (
          <Accordion
            multiple
            value={keys ?? found.xcom_entries.slice(0, FIRST).map((one) => one.key)}
            onChange={(open) =>
              void navigate({ search: (old) => ({ ...old, keys: open }), replace: true })
            }
          >
            {found.xcom_entries.map((one) => (
              <Accordion.Item key={one.key} value={one.key}>
                <Accordion.Control>
                  <Group>
                    <Text fw={600}>{one.key}</Text>
                    <Text size="xs" c="dimmed">
                      <Ago at={one.timestamp} />
                    </Text>
                  </Group>
                </Accordion.Control>
                <Accordion.Panel>
                  <Value where={where} name={one.key} />
                </Accordion.Panel>
              </Accordion.Item>
            ))}
          </Accordion>
        )
      }
    </Shown>
  );
}

function Value({ where, name }: { where: Where; name: string }) {
  const { dagId, runId, taskId, mapIndex } = where;
  const place = { task_id: taskId, map_index: mapIndex, key: name };
  const asked = useQuery(xcomQuery(dagId, runId, place));
  return (
    <Shown asked={asked} what={t("The value")}>
      {({ value }) => <Looked value={value} name={name} />}
    </Shown>
  );
}

const LABELS: Record<Kind["is"], string> = {
  image: t("Picture"),
  table: t("Table"),
  plot: t("Plot"),
  text: t("Text"),
  json: t("Tree"),
};

type Look = Kind["is"] | "source";

/** A value as it is best looked at, and in the other ways on demand. */
function Looked({ value, name }: { value: unknown; name: string }) {
  const kind = kindOf(value);
  const [look, setLook] = useState<Look>(kind.is);
  const isTree = typeof value === "object" && value !== null;
  const looks: Look[] = [
    ...new Set<Look>([kind.is, ...(isTree ? (["json"] as const) : [])]),
    "source",
  ];
  return (
    <>
      <SegmentedControl
        size="xs"
        mb="xs"
        aria-label={t("How {name} is shown", { name })}
        data={looks.map((one) => ({
          value: one,
          label: one === "source" ? t("JSON") : LABELS[one],
        }))}
        value={look}
        onChange={(next) => setLook(next as Look)}
      />
      <Suspense fallback={<Waiting what={t("The value")} />}>
        {look === "source" ? (
          <Source text={JSON.stringify(value, null, 2) ?? "null"} language="json" />
        ) : look === "json" ? (
          <JsonTree value={value} />
        ) : (
          <Picture kind={kind} name={name} />
        )}
      </Suspense>
    </>
  );
}

/** What stands in a table: data as it is, not as sentences say it. */
function Cell({ value }: { value: unknown }) {
  if (value === null || value === undefined) return <span>–</span>;
  if (typeof value === "object") return <JsonTree value={value} depth={1} />;
  return <Text size="sm">{String(value)}</Text>;
}

function Picture({ kind, name }: { kind: Kind; name: string }) {
  switch (kind.is) {
    case "image":
      return <Image src={kind.source} alt={name} maw={720} fit="contain" />;
    case "plot":
      return <Plot label={kind.title ?? name} lines={kind.lines} isTime={kind.isTime} />;
    case "table":
      return (
        <>
          <Table.ScrollContainer minWidth={300}>
            <Table striped withTableBorder>
              <Table.Thead>
                <Table.Tr>
                  {kind.columns.map((column) => (
                    <Table.Th key={column}>{column}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {kind.rows.map((row, index) => (
                  <Table.Tr key={index}>
                    {row.map((cell, at) => (
                      <Table.Td key={kind.columns[at]}>
                        <Cell value={cell} />
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          {kind.total > kind.rows.length ? (
            <Text size="sm" c="dimmed">
              {t("The first {count} of {total} rows are shown.", {
                count: kind.rows.length,
                total: kind.total,
              })}
            </Text>
          ) : null}
        </>
      );
    case "text":
      return (
        <Code block style={{ whiteSpace: "pre-wrap" }}>
          {kind.text}
        </Code>
      );
    default:
      return null;
  }
}
