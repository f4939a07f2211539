import {
  IconCalendarRepeat,
  IconHome,
  IconKey,
  IconPackages,
  IconPlugConnected,
  IconServer2,
  IconSitemap,
  IconStack2,
  IconUserCheck,
  IconUsers,
} from "@tabler/icons-react";
import { type ComponentType, useMemo } from "react";
import { WaitingBadge } from "../approvals/WaitingBadge";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";

/** A screen that one can go to from anywhere. */
export interface Place {
  to:
    | "/"
    | "/dags"
    | "/assets"
    | "/backfills"
    | "/approvals"
    | "/pools"
    | "/variables"
    | "/connections"
    | "/system"
    | "/access";
  label: string;
  Icon: ComponentType<{ size: number }>;
  Badge?: ComponentType;
  isAt: (path: string) => boolean;
}

const ASKS = "/required_actions";

/** The screens that whoever is signed in may read, in the order of the menu. */
export function usePlaces(): Place[] {
  const { may } = useSession();
  return useMemo(() => placesFor(may), [may]);
}

function placesFor(may: ReturnType<typeof useSession>["may"]): Place[] {
  const below = (to: string) => (path: string) =>
    (path === to || path.startsWith(`${to}/`)) && !path.endsWith(ASKS);
  const place = (to: Place["to"], label: string, Icon: Place["Icon"]): Place => ({
    to,
    label,
    Icon,
    isAt: below(to),
  });
  const approvals: Place = {
    ...place("/approvals", t("Approvals"), IconUserCheck),
    Badge: WaitingBadge,
    isAt: (path) => path.startsWith("/approvals") || path.endsWith(ASKS),
  };
  const home = { ...place("/", t("Home"), IconHome), isAt: (path: string) => path === "/" };
  return [
    home,
    place("/dags", t("DAGs"), IconSitemap),
    ...(may("read", "asset") ? [place("/assets", t("Assets"), IconPackages)] : []),
    ...(may("read", "backfill") ? [place("/backfills", t("Backfills"), IconCalendarRepeat)] : []),
    ...(may("read", "task_instance") ? [approvals] : []),
    ...(may("read", "pool") ? [place("/pools", t("Pools"), IconStack2)] : []),
    ...(may("read", "variable") ? [place("/variables", t("Variables"), IconKey)] : []),
    ...(may("read", "connection")
      ? [place("/connections", t("Connections"), IconPlugConnected)]
      : []),
    ...(may("read", "job") ? [place("/system", t("System"), IconServer2)] : []),
    ...(may("read", "user") || may("read", "role")
      ? [place("/access", t("Access"), IconUsers)]
      : []),
  ];
}
