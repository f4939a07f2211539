import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  Kbd,
  Menu,
  NavLink,
  Text,
  Tooltip,
  UnstyledButton,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import {
  IconCalendarRepeat,
  IconDatabase,
  IconHome,
  IconKey,
  IconMoon,
  IconPackages,
  IconPlugConnected,
  IconSearch,
  IconServer2,
  IconSitemap,
  IconStack2,
  IconSun,
  IconUser,
  IconUserCheck,
  IconUsers,
  IconWifiOff,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { answer, BASE, client } from "../api/client";
import { useIsLive } from "../api/live";
import { WaitingBadge } from "../approvals/WaitingBadge";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { Mark } from "./Mark";
import { ZoneChoice } from "./ZoneChoice";

const Palette = lazy(() => import("./Palette"));
const Shortcuts = lazy(() => import("./Shortcuts"));

/** What stands around every screen. */
export function Shell() {
  const [isOpen, menu] = useDisclosure();
  const [hasPalette, setPalette] = useState(false);
  const [hasShortcuts, setShortcuts] = useState(false);
  useHotkeys([
    ["mod+K", () => setPalette(true)],
    ["shift+?", () => setShortcuts(true)],
    ["/", () => document.querySelector<HTMLInputElement>("input[data-search]")?.focus()],
  ]);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 196, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <a href="#main" className="skip-link">
        {t("Skip to the content")}
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger
              opened={isOpen}
              onClick={menu.toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={t("Menu")}
            />
            <Link to="/" className="plain-link">
              <Group gap={8} wrap="nowrap">
                <Mark />
                <Text fw={700}>Slipstream</Text>
              </Group>
            </Link>
          </Group>
          <UnstyledButton className="search-box" onClick={() => setPalette(true)}>
            <IconSearch size={15} aria-hidden />
            <Text size="sm" c="dimmed" visibleFrom="xs">
              {t("Find a DAG, run or action")}
            </Text>
            <Kbd size="xs">⌘K</Kbd>
          </UnstyledButton>
          <Group gap={4} wrap="nowrap">
            <LiveSign />
            <ZoneChoice />
            <SchemeSwitch />
            <UserMenu onShortcuts={() => setShortcuts(true)} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t("Main")}>
        <Places onFollow={menu.close} />
      </AppShell.Navbar>
      <AppShell.Main id="main">
        <Outlet />
      </AppShell.Main>
      <Suspense>
        {hasPalette ? <Palette onClose={() => setPalette(false)} /> : null}
        {hasShortcuts ? <Shortcuts onClose={() => setShortcuts(false)} /> : null}
      </Suspense>
    </AppShell>
  );
}

function Places({ onFollow }: { onFollow: () => void }) {
  const { may } = useSession();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const place = (
    to: string,
    label: string,
    icon: ReactNode,
    isHere: boolean,
    badge?: ReactNode,
  ) => (
    <NavLink
      label={label}
      rightSection={badge}
      leftSection={icon}
      active={isHere}
      onClick={onFollow}
      aria-current={isHere ? "page" : undefined}
      renderRoot={(props) => <Link to={to} {...props} />}
    />
  );
  const at = (start: string) => path === start || path.startsWith(`${start}/`);
  return (
    <>
      {place("/", t("Home"), <IconHome size={17} />, path === "/")}
      {place(
        "/dags",
        t("DAGs"),
        <IconSitemap size={17} />,
        at("/dags") && !path.endsWith("/required_actions"),
      )}
      {may("read", "asset")
        ? place("/assets", t("Assets"), <IconPackages size={17} />, at("/assets"))
        : null}
      {may("read", "backfill")
        ? place("/backfills", t("Backfills"), <IconCalendarRepeat size={17} />, at("/backfills"))
        : null}
      {may("read", "task_instance")
        ? place(
            "/approvals",
            t("Approvals"),
            <IconUserCheck size={17} />,
            at("/approvals") || path.endsWith("/required_actions"),
            <WaitingBadge />,
          )
        : null}
      {may("read", "pool")
        ? place("/pools", t("Pools"), <IconStack2 size={17} />, at("/pools"))
        : null}
      {may("read", "variable")
        ? place("/variables", t("Variables"), <IconKey size={17} />, at("/variables"))
        : null}
      {may("read", "connection")
        ? place(
            "/connections",
            t("Connections"),
            <IconPlugConnected size={17} />,
            at("/connections"),
          )
        : null}
      {may("read", "job")
        ? place("/system", t("System"), <IconServer2 size={17} />, at("/system"))
        : null}
      {may("read", "user") || may("read", "role")
        ? place("/access", t("Access"), <IconUsers size={17} />, at("/access"))
        : null}
      <NavLink
        label={t("REST API")}
        leftSection={<IconDatabase size={17} />}
        href={`${BASE}/docs`}
        component="a"
      />
    </>
  );
}

function LiveSign() {
  const isLive = useIsLive();
  if (isLive) return null;
  return (
    <Tooltip
      label={t("The connection to the server is lost. The page catches up when it is back.")}
    >
      <ActionIcon variant="subtle" color="orange" aria-label={t("Not connected")}>
        <IconWifiOff size={18} />
      </ActionIcon>
    </Tooltip>
  );
}

function SchemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const isDark =
    colorScheme === "dark" ||
    (colorScheme === "auto" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={isDark ? t("Light colours") : t("Dark colours")}
      onClick={() => setColorScheme(isDark ? "light" : "dark")}
    >
      {isDark ? <IconSun size={18} /> : <IconMoon size={18} />}
    </ActionIcon>
  );
}

function UserMenu({ onShortcuts }: { onShortcuts: () => void }) {
  const { user, session } = useSession();
  const queries = useQueryClient();
  const logOut = async () => {
    await answer(client.DELETE("/ui/session"));
    queries.clear();
    window.location.assign(`${BASE}/`);
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t("User menu of {name}", { name: user.name })}
        >
          <IconUser size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {user.name} · {user.role}
        </Menu.Label>
        <Menu.Item renderRoot={(props) => <Link to="/account" {...props} />}>
          {t("Your account")}
        </Menu.Item>
        <Menu.Item onClick={onShortcuts} rightSection={<Kbd size="xs">?</Kbd>}>
          {t("Keyboard")}
        </Menu.Item>
        {session.can_log_out ? <Menu.Item onClick={logOut}>{t("Log out")}</Menu.Item> : null}
        <Menu.Label>Slipstream {session.version}</Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}
