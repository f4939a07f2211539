import { Accordion, Alert, Code, Text } from "@mantine/core";
import { IconFileAlert } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { errorsQuery } from "../api/queries";
import { Ago } from "../design/Moment";
import { t } from "../language/language";

/** DAG files that cannot be loaded, with why. Nothing where all can. */
export function ImportErrors() {
  const asked = useQuery(errorsQuery);
  const found = asked.data?.import_errors ?? [];
  if (found.length === 0) return null;
  const files = asked.data?.total_entries ?? found.length;
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconFileAlert />}
      title={
        files === 1
          ? t("One DAG file cannot be loaded")
          : t("{files} DAG files cannot be loaded", { files })
      }
    >
      <Accordion variant="filled" chevronPosition="left">
        {found.map((error) => {
          const lines = (error.stack_trace ?? "").trimEnd().split("\n");
          return (
            <Accordion.Item key={error.import_error_id} value={String(error.import_error_id)}>
              <Accordion.Control>
                <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
                  {error.filename}
                </Text>
                <Text size="xs" c="dimmed">
                  {lines.at(-1)} · <Ago at={error.timestamp} />
                </Text>
              </Accordion.Control>
              <Accordion.Panel>
                <Code block tabIndex={0}>
                  {error.stack_trace}
                </Code>
              </Accordion.Panel>
            </Accordion.Item>
          );
        })}
      </Accordion>
    </Alert>
  );
}
