import { Badge, Card, Group, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { errorsQuery, healthQuery } from "../api/queries";
import { ImportErrors } from "../dags/ImportErrors";
import { Empty, Shown } from "../design/Feedback";
import { Ago, At } from "../design/Moment";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { useSession } from "../session/SessionGate";
import { beatOf, partsOf } from "./health.model";
import { jobsQuery } from "./queries";

/** Whether every part of the deployment lives, and the processes that it is made of. */
export function Health() {
  const { may } = useSession();
  const asked = useQuery({ ...healthQuery, refetchOnWindowFocus: "always", staleTime: 0 });
  const errors = useQuery(errorsQuery);
  return (
    <Stack>
      <Shown asked={asked} what={t("The deployment's health")}>
        {(health) => (
          <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
            {partsOf(health).map((part) => (
              <Card key={part.name} withBorder component="section" aria-label={part.name}>
                <Group justify="space-between" wrap="nowrap" gap="xs">
                  <Text fw={600}>{part.name}</Text>
                  <Badge variant="light" color={part.color} miw="max-content">
                    {part.status}
                  </Badge>
                </Group>
                <Text size="sm" c="dimmed">
                  {part.beat ? <Said text="seen {ago}" ago={<Ago at={part.beat} />} /> : part.about}
                </Text>
              </Card>
            ))}
          </SimpleGrid>
        )}
      </Shown>
      {may("read", "job") ? <Jobs /> : null}
      <Title order={2} size="h4">
        {t("Import errors")}
      </Title>
      <Shown asked={errors} what={t("The import errors")}>
        {(found) =>
          found.total_entries === 0 ? (
            <Empty title={t("Every DAG file can be loaded")} />
          ) : (
            <ImportErrors />
          )
        }
      </Shown>
    </Stack>
  );
}

function Jobs() {
  const asked = useQuery({ ...jobsQuery, refetchOnWindowFocus: "always", staleTime: 0 });
  return (
    <>
      <Title order={2} size="h4">
        {t("Jobs")}
      </Title>
      <Shown asked={asked} what={t("The jobs")}>
        {({ jobs }) =>
          jobs.length === 0 ? (
            <Empty title={t("No job has shown itself")}>
              {t("Schedulers, triggerers and DAG processors stand here once they have started.")}
            </Empty>
          ) : (
            <Table.ScrollContainer minWidth={760}>
              <Table highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t("Job")}</Table.Th>
                    <Table.Th>{t("State")}</Table.Th>
                    <Table.Th>{t("Host")}</Table.Th>
                    <Table.Th>{t("Started")}</Table.Th>
                    <Table.Th>{t("Last heartbeat")}</Table.Th>
                    <Table.Th>{t("Ended")}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {jobs.map((job) => (
                    <Table.Tr key={job.id}>
                      <Table.Td>{beatOf(job.job_type)}</Table.Td>
                      <Table.Td>{job.state ?? "–"}</Table.Td>
                      <Table.Td>{job.hostname ?? "–"}</Table.Td>
                      <Table.Td>
                        <At at={job.start_date} />
                      </Table.Td>
                      <Table.Td>
                        <Ago at={job.latest_heartbeat} />
                      </Table.Td>
                      <Table.Td>
                        <At at={job.end_date} />
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Shown>
    </>
  );
}
