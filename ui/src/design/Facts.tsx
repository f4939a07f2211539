import { Badge, Group, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { t } from "../language/language";
import { labelOf } from "./fields.model";
import { JsonTree } from "./JsonTree";
import { At } from "./Moment";
import { lengthOf } from "./time.model";

/** `[what it is called, what it is]`. */
export type Fact = readonly [string, ReactNode];

/** What is known of something, as a table. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <Table.ScrollContainer minWidth={300}>
      <Table variant="vertical" withTableBorder layout="fixed">
        <Table.Tbody>
          {facts.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th w={{ base: 130, sm: 220 }} scope="row">
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/** A value as people read it: times in their zone, yes and no, lists and objects as a tree. */
export function Value({ value }: { value: unknown }) {
  if (value === null || value === undefined || value === "") return <span>–</span>;
  if (typeof value === "boolean") return value ? t("yes") : t("no");
  if (typeof value === "string" && MOMENT.test(value)) return <At at={value} />;
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) {
    return value.length === 0 ? (
      <span>–</span>
    ) : (
      <Group gap={4}>
        {value.map((one) => (
          <Badge key={one} variant="default" tt="none">
            {one}
          </Badge>
        ))}
      </Group>
    );
  }
  if (typeof value === "object" && Object.keys(value).length === 0) return <span>–</span>;
  if (typeof value === "object") return <JsonTree value={value} depth={1} />;
  return <Text size="sm">{String(value)}</Text>;
}

/** The fields of an answer as facts, those that say nothing left out. */
export function factsOf(answer: object, leftOut: readonly string[] = []): Fact[] {
  return Object.entries(answer)
    .filter(([name, value]) => !leftOut.includes(name) && value !== null && value !== "")
    .filter(([, value]) => !(typeof value === "object" && Object.keys(value).length === 0))
    .map(([name, value]) => [
      t(labelOf(name)),
      /(^|_)duration$/.test(name) && typeof value === "number" ? (
        lengthOf(1000 * value)
      ) : (
        <Value key={name} value={value} />
      ),
    ]);
}
