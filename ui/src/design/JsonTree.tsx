import { Anchor } from "@mantine/core";
import { useState } from "react";
import { plural, t } from "../language/language";
import { branchesOf, gistOf, isBranch } from "./json.model";
import classes from "./json.module.css";

/** So many parts of one branch are shown at first. */
const FIRST = 100;

/** A value as a tree whose branches open and close; as deep as `depth` they are open. */
export function JsonTree({
  value,
  name,
  depth = 2,
}: {
  value: unknown;
  name?: string;
  depth?: number;
}) {
  const [most, setMost] = useState(FIRST);
  const [isOpen, setOpen] = useState(depth > 0);
  if (!isBranch(value)) {
    return (
      <div className={classes.leaf}>
        {name === undefined ? null : <span className={classes.name}>{name}: </span>}
        <Leaf value={value} />
      </div>
    );
  }
  const branches = branchesOf(value);
  return (
    <details
      className={classes.branch}
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        {name === undefined ? null : <span className={classes.name}>{name}: </span>}
        <span className={classes.gist}>{gistOf(value)}</span>
      </summary>
      {isOpen ? (
        <div className={classes.inside}>
          {branches.slice(0, most).map(([key, inner]) => (
            <JsonTree key={key} name={key} value={inner} depth={depth - 1} />
          ))}
          {branches.length > most ? (
            <Anchor component="button" type="button" size="sm" onClick={() => setMost(10 * most)}>
              {plural(branches.length - most, "{count} more", "{count} more")}
            </Anchor>
          ) : null}
        </div>
      ) : null}
    </details>
  );
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value === "string") {
    return <span className={classes.text}>{JSON.stringify(value)}</span>;
  }
  if (value === null || value === undefined) {
    return <span className={classes.nothing}>{t("null")}</span>;
  }
  return <span className={classes.number}>{String(value)}</span>;
}
