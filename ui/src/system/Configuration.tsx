import { Accordion, Badge, Code, Group, Stack, Table, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Empty, Shown } from "../design/Feedback";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { configQuery } from "./queries";

/** The settings in force; the server masks what is secret. */
export function Configuration() {
  const asked = useQuery(configQuery);
  const { q = "" } = useSearch({ from: "/system" });
  const navigate = useNavigate({ from: "/system" });
  const wanted = q.toLowerCase();
  return (
    <Stack>
      <TextInput
        data-search
        aria-label={t("Find a setting")}
        placeholder={t("Setting  ( / )")}
        leftSection={<IconSearch size={15} />}
        maw={300}
        value={q}
        onChange={(event) => {
          const text = event.currentTarget.value;
          void navigate({ search: (old) => ({ ...old, q: text || undefined }), replace: true });
        }}
      />
      <Text size="sm" c="dimmed">
        <Said
          text="Settings come from the file, and from environment variables like {code}. They are read when the server starts; what is secret is masked."
          code={<Code>SLIPSTREAM__CORE__PARALLELISM</Code>}
        />
      </Text>
      <Shown asked={asked} what={t("The configuration")}>
        {({ sections }) => {
          const found = sections
            .map((section) => ({
              ...section,
              options: section.options.filter((option) =>
                `${section.name}.${option.key}`.toLowerCase().includes(wanted),
              ),
            }))
            .filter((section) => section.options.length > 0);
          return found.length === 0 ? (
            <Empty
              title={q ? t("No setting is called like that") : t("No settings are shown here")}
            >
              {q ? null : t("[api] expose_config decides whether they are.")}
            </Empty>
          ) : (
            <Accordion
              multiple
              key={wanted}
              defaultValue={wanted ? found.map((section) => section.name) : []}
              variant="separated"
            >
              {found.map((section) => (
                <Accordion.Item key={section.name} value={section.name}>
                  <Accordion.Control>
                    <Group gap="xs">
                      <Text fw={600}>{section.name}</Text>
                      <Badge variant="light" color="gray" size="sm">
                        {section.options.length}
                      </Badge>
                    </Group>
                  </Accordion.Control>
                  <Accordion.Panel>
                    <Options options={section.options} />
                  </Accordion.Panel>
                </Accordion.Item>
              ))}
            </Accordion>
          );
        }}
      </Shown>
    </Stack>
  );
}

function Options({ options }: { options: { key: string; value: string | unknown[] }[] }) {
  return (
    <Table layout="fixed">
      <Table.Tbody>
        {options.map((option) => (
          <Table.Tr key={option.key}>
            <Table.Th scope="row" style={{ overflowWrap: "anywhere" }}>
              {option.key}
            </Table.Th>
            <Table.Td ff="monospace" style={{ overflowWrap: "anywhere" }}>
              {Array.isArray(option.value) ? option.value.join(" ") : option.value}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
