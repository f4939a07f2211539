import { Anchor, Badge, Group, Stack, Table, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import { Empty, Shown, Trouble } from "../design/Feedback";
import { t } from "../language/language";
import { Said } from "../language/Said";
import { useSession } from "../session/SessionGate";
import { sourceOf } from "./plugins.model";
import { pluginErrorsQuery, pluginsQuery, providersQuery } from "./queries";

/** What is installed beside the server. */
export function Packages() {
  const { may } = useSession();
  return (
    <Stack gap="lg">
      {may("read", "plugin") ? <Plugins /> : null}
      {may("read", "provider") ? <Providers /> : null}
    </Stack>
  );
}

const PARTS: readonly (readonly [keyof Schemas["PluginResponse"], string])[] = [
  ["macros", t("macros")],
  ["listeners", t("listeners")],
  ["timetables", t("timetables")],
  ["fastapi_apps", t("applications")],
  ["fastapi_root_middlewares", t("middlewares")],
  ["external_views", t("links")],
  ["operator_extra_links", t("operator links")],
  ["global_operator_extra_links", t("links of all operators")],
];

function Plugins() {
  const asked = useQuery(pluginsQuery);
  const errors = useQuery(pluginErrorsQuery);
  return (
    <section aria-label={t("Plugins")}>
      <Title order={2} size="h4" mb="xs">
        {t("Plugins")}
      </Title>
      {(errors.data?.import_errors ?? []).map((one) => (
        <Trouble
          key={one.source}
          error={one.error}
          what={t("The plugin {source} cannot be loaded", { source: one.source })}
        />
      ))}
      <Shown asked={asked} what={t("The plugins")}>
        {({ plugins }) =>
          plugins.length === 0 ? (
            <Empty title={t("There is no plugin")}>
              <Said
                text="Files in the plugins folder, and packages with the entry point {code}, are plugins."
                code={<code>airflow.plugins</code>}
              />
            </Empty>
          ) : (
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("Plugin")}</Table.Th>
                  <Table.Th>{t("From")}</Table.Th>
                  <Table.Th>{t("Adds")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {plugins.map((plugin) => (
                  <Table.Tr key={plugin.name}>
                    <Table.Td>{plugin.name}</Table.Td>
                    <Table.Td style={{ overflowWrap: "anywhere" }}>
                      {sourceOf(plugin.source)}
                    </Table.Td>
                    <Table.Td>
                      <Group gap={6}>
                        {PARTS.map(([part, label]) => [label, plugin[part].length] as const)
                          .filter(([, count]) => count > 0)
                          .map(([label, count]) => (
                            <Badge key={label} variant="light" tt="none" miw="max-content">
                              {count} {label}
                            </Badge>
                          ))}
                      </Group>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )
        }
      </Shown>
    </section>
  );
}

function Providers() {
  const asked = useQuery(providersQuery);
  return (
    <section aria-label={t("Providers")}>
      <Title order={2} size="h4" mb="xs">
        {t("Providers")}
      </Title>
      <Shown asked={asked} what={t("The providers")}>
        {({ providers }) =>
          providers.length === 0 ? (
            <Empty title={t("No provider package is installed")}>
              <Said
                text="{code} installs one. The standard operators are a part of Slipstream."
                code={<code>slipstream providers install postgres</code>}
              />
            </Empty>
          ) : (
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("Package")}</Table.Th>
                  <Table.Th>{t("Version")}</Table.Th>
                  <Table.Th>{t("Description")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {providers.map((provider) => (
                  <Table.Tr key={provider.package_name}>
                    <Table.Td>
                      {provider.documentation_url ? (
                        <Anchor
                          size="sm"
                          href={provider.documentation_url}
                          target="_blank"
                          rel="noreferrer noopener"
                        >
                          {provider.package_name}
                        </Anchor>
                      ) : (
                        provider.package_name
                      )}
                    </Table.Td>
                    <Table.Td>{provider.version}</Table.Td>
                    <Table.Td>{provider.description}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )
        }
      </Shown>
    </section>
  );
}
