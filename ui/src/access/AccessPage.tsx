import { Stack, Tabs, Title } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { Roles } from "./Roles";
import { Tokens } from "./Tokens";
import { Users } from "./Users";

export const ACCESS_TABS = ["users", "roles", "tokens"] as const;

export interface AccessSearch {
  tab?: (typeof ACCESS_TABS)[number];
  page?: number;
}

/** Who may do what. */
export function AccessPage() {
  const { may } = useSession();
  const { tab } = useSearch({ from: "/access" });
  const navigate = useNavigate({ from: "/access" });
  const all = [
    { name: "users", label: t("Users"), isShown: may("read", "user") },
    { name: "roles", label: t("Roles"), isShown: may("read", "role") },
    { name: "tokens", label: t("Tokens of all"), isShown: may("read", "user") },
  ] as const;
  const shown = all.filter((one) => one.isShown);
  const open = tab ?? shown[0]?.name ?? "users";
  return (
    <Stack>
      <Title order={1} size="h2">
        {t("Access")}
      </Title>
      <Tabs
        value={open}
        keepMounted={false}
        onChange={(next) => void navigate({ search: { tab: next as AccessSearch["tab"] } })}
      >
        <Tabs.List mb="md">
          {shown.map(({ name, label }) => (
            <Tabs.Tab key={name} value={name}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={open}>
          {open === "roles" ? <Roles /> : open === "tokens" ? <Tokens ofAll /> : <Users />}
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
