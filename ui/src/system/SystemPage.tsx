import { Stack, Tabs, Title } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useLive } from "../api/live";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { AuditLog } from "./AuditLog";
import { Configuration } from "./Configuration";
import { Health } from "./Health";
import { Packages } from "./Packages";
import type { AuditSearch } from "./queries";

export const SYSTEM_TABS = ["health", "config", "packages", "audit"] as const;

export interface SystemSearch extends AuditSearch {
  tab?: (typeof SYSTEM_TABS)[number];
  q?: string;
}

/** How the deployment is, what it consists of, and who has changed what. */
export function SystemPage() {
  useLive();
  const { may } = useSession();
  const { tab = "health" } = useSearch({ from: "/system" });
  const navigate = useNavigate({ from: "/system" });
  const all = [
    { name: "health", label: t("Health and jobs"), View: Health, isShown: true },
    {
      name: "config",
      label: t("Configuration"),
      View: Configuration,
      isShown: may("read", "config"),
    },
    {
      name: "packages",
      label: t("Plugins and providers"),
      View: Packages,
      isShown: may("read", "plugin") || may("read", "provider"),
    },
    { name: "audit", label: t("Audit log"), View: AuditLog, isShown: may("read", "event_log") },
  ];
  const shown = all.filter((one) => one.isShown);
  return (
    <Stack>
      <Title order={1} size="h2">
        {t("System")}
      </Title>
      <Tabs
        value={tab}
        onChange={(next) => void navigate({ search: { tab: next as SystemSearch["tab"] } })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {shown.map(({ name, label }) => (
            <Tabs.Tab key={name} value={name}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {shown.map(({ name, View }) => (
          <Tabs.Panel key={name} value={name}>
            <View />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  );
}
