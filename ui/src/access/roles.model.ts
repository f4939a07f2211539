/** What a role gives, as rows of a table: a resource, and what may be done with it. */
import type { Schemas } from "../api/client";

type Given = Schemas["ActionResource"];

export const ACTIONS = ["can_read", "can_create", "can_edit", "can_delete"] as const;

export type Action = (typeof ACTIONS)[number];

/** `{resource: actions}`. */
export type Gives = Readonly<Record<string, readonly string[]>>;

export interface Row {
  resource: string;
  /** What can be given there at all. */
  possible: readonly string[];
  /** Whether it is about some DAGs alone. */
  isOfSome: boolean;
}

export function givesOf(actions: readonly Given[]): Gives {
  const found: Record<string, string[]> = {};
  for (const { action, resource } of actions) {
    const of = found[resource.name] ?? [];
    of.push(action.name);
    found[resource.name] = of;
  }
  return found;
}

/** The rows of the form: every resource, and then those DAGs that the role gives by themselves. */
export function rowsOf(all: readonly Given[], gives: Gives): Row[] {
  const possible = givesOf(all);
  const general = Object.keys(possible).sort((a, b) => a.localeCompare(b));
  const some = Object.keys(gives).filter((resource) => !(resource in possible));
  return [
    ...general.map((resource) => ({
      resource,
      possible: possible[resource] ?? [],
      isOfSome: false,
    })),
    ...some.sort().map((resource) => ({ resource, possible: ACTIONS, isOfSome: true })),
  ];
}

/** What it gives after a box was ticked or unticked. A row without ticks stays until it is saved. */
export function toggled(gives: Gives, resource: string, action: string): Gives {
  const before = gives[resource] ?? [];
  const after = before.includes(action)
    ? before.filter((one) => one !== action)
    : [...before, action];
  return { ...gives, [resource]: after };
}

/** What is sent. */
export function actionsOf(
  gives: Gives,
): { action: { name: string }; resource: { name: string } }[] {
  return Object.entries(gives).flatMap(([resource, actions]) =>
    actions.map((action) => ({ action: { name: action }, resource: { name: resource } })),
  );
}

/** The resource that stands for one DAG, for all with a tag ("@tag:nightly" or "tag:nightly"), or for
 * all of a team ("team:sales"). */
export function resourceOf(typed: string): string {
  const wanted = typed.trim();
  if (/^DAGs?[:@]/.test(wanted)) return wanted;
  const several = /^@?((?:tag|team):.+)$/.exec(wanted)?.[1];
  return several === undefined ? `DAG:${wanted}` : `DAGs@${several}`;
}
