import {
  ActionIcon,
  Alert,
  AppShell,
  Burger,
  Group,
  Kbd,
  Menu,
  NavLink,
  Text,
  UnstyledButton,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import {
  IconDatabase,
  IconMoon,
  IconSearch,
  IconSun,
  IconUser,
  IconWifiOff,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { answer, BASE, client } from "../api/client";
import { useIsLive } from "../api/live";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { Mark } from "./Mark";
import { usePlaces } from "./places";
import { ZoneChoice } from "./ZoneChoice";

const Palette = lazy(() => import("./Palette"));
const Shortcuts = lazy(() => import("./Shortcuts"));

/** So that the other keys work again after a search. */
function leaveSearch() {
  const focused = document.activeElement;
  if (focused instanceof HTMLInputElement && "search" in focused.dataset) focused.blur();
}

/** What stands around every screen. */
export function Shell() {
  const [isOpen, menu] = useDisclosure();
  const [hasPalette, setPalette] = useState(false);
  const [hasShortcuts, setShortcuts] = useState(false);
  // These two also while somebody types.
  useHotkeys(
    [
      ["mod+K", () => setPalette(true)],
      ["Escape", leaveSearch, { preventDefault: false }],
    ],
    [],
    true,
  );
  useHotkeys([
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
          <UnstyledButton
            className="search-box"
            aria-label={t("Find a DAG, run or action")}
            onClick={() => setPalette(true)}
          >
            <IconSearch size={15} aria-hidden />
            <Text size="sm" c="dimmed" visibleFrom="xs">
              {t("Find a DAG, run or action")}
            </Text>
            <Kbd size="xs" visibleFrom="xs">
              ⌘K
            </Kbd>
          </UnstyledButton>
          <Group gap={4} wrap="nowrap">
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
        <LostSign />
        <Outlet />
      </AppShell.Main>
      <Suspense>
        {hasPalette ? (
          <Palette onClose={() => setPalette(false)} onShortcuts={() => setShortcuts(true)} />
        ) : null}
        {hasShortcuts ? <Shortcuts onClose={() => setShortcuts(false)} /> : null}
      </Suspense>
    </AppShell>
  );
}

// Which place one is at is said by the places; a link would count everything below it.
const EXACT = { exact: true };

function Places({ onFollow }: { onFollow: () => void }) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <>
      {usePlaces().map(({ to, label, Icon, Badge, isAt }) => (
        <NavLink
          key={to}
          label={label}
          rightSection={Badge ? <Badge /> : null}
          leftSection={<Icon size={17} />}
          active={isAt(path)}
          onClick={onFollow}
          aria-current={isAt(path) ? "page" : undefined}
          renderRoot={(props) => <Link to={to} activeOptions={EXACT} {...props} />}
        />
      ))}
      <NavLink
        label={t("REST API")}
        leftSection={<IconDatabase size={17} />}
        href={`${BASE}/docs`}
        component="a"
      />
    </>
  );
}

/** A stream that a restarted server closes is back at once; of that nobody need hear. */
const LOST_MS = 2000;

function LostSign() {
  const isLive = useIsLive();
  const [isLost, setLost] = useState(false);
  useEffect(() => {
    if (isLive) {
      setLost(false);
      return;
    }
    const timer = window.setTimeout(() => setLost(true), LOST_MS);
    return () => window.clearTimeout(timer);
  }, [isLive]);
  if (!isLost) return null;
  return (
    <Alert
      color="orange"
      mb="md"
      role="status"
      icon={<IconWifiOff size={18} />}
      title={t("Not connected")}
    >
      {t("The connection to the server is lost. The page catches up when it is back.")}
    </Alert>
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
