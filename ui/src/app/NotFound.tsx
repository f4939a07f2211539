import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Empty } from "../design/Feedback";

export function NotFound() {
  return (
    <Empty title="There is no such page">
      The address may have been cut off.{" "}
      <Anchor renderRoot={(p) => <Link to="/dags" {...p} />}>All DAGs</Anchor> are a good place to
      start from.
    </Empty>
  );
}
