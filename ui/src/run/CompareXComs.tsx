import { Badge, Button, Stack, Table, Text, Title } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ALL } from "../api/queries";
import { Value } from "../design/Facts";
import { Shown } from "../design/Feedback";
import { t } from "../language/language";
import { xcomQuery, xcomsQuery } from "../task/queries";
import { isSame, type XComPair, xcomsOf } from "./compare.model";

const FIRST = 20;

/** What two runs have pushed. */
export function CompareXComs({
  dagId,
  runIds: [mine, other],
}: {
  dagId: string;
  runIds: readonly [string, string];
}) {
  const left = useQuery(xcomsQuery(dagId, mine, ALL));
  const right = useQuery(xcomsQuery(dagId, other, ALL));
  const [most, setMost] = useState(FIRST);
  return (
    <section aria-label={t("XComs")}>
      <Title order={2} size="h5" mb="xs">
        {t("XComs")}
      </Title>
      <Shown asked={left} what={t("The XComs")}>
        {(a) => (
          <Shown asked={right} what={t("The XComs")}>
            {(b) => {
              const places = xcomsOf(a.xcom_entries, b.xcom_entries);
              if (places.length === 0) {
                return (
                  <Text size="sm" c="dimmed">
                    {t("Neither run has pushed anything.")}
                  </Text>
                );
              }
              return (
                <Stack>
                  <Table.ScrollContainer minWidth={680}>
                    <Table withTableBorder layout="fixed">
                      <Table.Thead>
                        <Table.Tr>
                          <Table.Th w={200}>{t("XCom")}</Table.Th>
                          <Table.Th>{mine}</Table.Th>
                          <Table.Th>{other}</Table.Th>
                          <Table.Th w={140} aria-label={t("Differs")} />
                        </Table.Tr>
                      </Table.Thead>
                      <Table.Tbody>
                        {places.slice(0, most).map((pair) => (
                          <Line
                            key={JSON.stringify(pair.place)}
                            dagId={dagId}
                            runIds={[mine, other]}
                            pair={pair}
                          />
                        ))}
                      </Table.Tbody>
                    </Table>
                  </Table.ScrollContainer>
                  {places.length > most ? (
                    <Button variant="default" onClick={() => setMost(most + FIRST)}>
                      {t("More")}
                    </Button>
                  ) : null}
                </Stack>
              );
            }}
          </Shown>
        )}
      </Shown>
    </section>
  );
}

function Line({
  dagId,
  runIds,
  pair: { place, isIn },
}: {
  dagId: string;
  runIds: readonly [string, string];
  pair: XComPair;
}) {
  const [left, right] = useQueries({
    queries: runIds.map((runId, at) => ({
      ...xcomQuery(dagId, runId, place),
      enabled: isIn[at] === true,
    })),
  });
  const isKnown = left?.isSuccess === isIn[0] && right?.isSuccess === isIn[1];
  return (
    <Table.Tr>
      <Table.Th scope="row" style={{ overflowWrap: "anywhere" }}>
        {place.task_id}
        {place.map_index >= 0 ? ` [${place.map_index}]` : ""}
        <Text size="xs" c="dimmed">
          {place.key}
        </Text>
      </Table.Th>
      {[left, right].map((asked, at) => (
        <Table.Td key={at} style={{ overflowWrap: "anywhere" }}>
          {isIn[at] === false ? t("not pushed") : <Value value={asked?.data?.value} />}
        </Table.Td>
      ))}
      <Table.Td>
        {isKnown && !isSame(left.data?.value, right.data?.value) ? (
          <Badge size="sm" color="orange" variant="light" tt="none">
            {t("differs")}
          </Badge>
        ) : null}
      </Table.Td>
    </Table.Tr>
  );
}
