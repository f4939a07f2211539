import { Code, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { dagQuery } from "../api/queries";
import { Shown } from "../design/Feedback";

const LONG = new Set([
  "params",
  "default_args",
  "doc_md",
  "latest_dag_version",
  "tags",
  "asset_expression",
]);

/** Everything that the server knows of the DAG. */
export default function Details({ dagId }: { dagId: string }) {
  const asked = useQuery(dagQuery(dagId));
  return (
    <Shown asked={asked} what="The details">
      {(dag) => (
        <Stack>
          {dag.doc_md ? (
            <section>
              <Title order={2} size="h5">
                Documentation
              </Title>
              <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
                {dag.doc_md}
              </Text>
            </section>
          ) : null}
          <Table variant="vertical" withTableBorder>
            <Table.Tbody>
              {Object.entries(dag)
                .filter(([name, value]) => value !== null && name !== "doc_md")
                .map(([name, value]) => (
                  <Table.Tr key={name}>
                    <Table.Th w={260}>{name.replaceAll("_", " ")}</Table.Th>
                    <Table.Td>
                      {typeof value === "object" || LONG.has(name) ? (
                        <Code block>{JSON.stringify(value, null, 2)}</Code>
                      ) : (
                        String(value)
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
            </Table.Tbody>
          </Table>
        </Stack>
      )}
    </Shown>
  );
}
