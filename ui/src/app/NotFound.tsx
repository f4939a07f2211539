import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Empty } from "../design/Feedback";
import { t } from "../language/language";
import { Said } from "../language/Said";

export function NotFound() {
  return (
    <Empty title={t("There is no such page")}>
      <Said
        text="The address may have been cut off. {anchor} are a good place to start from."
        anchor={<Anchor renderRoot={(p) => <Link to="/dags" {...p} />}>{t("All DAGs")}</Anchor>}
      />
    </Empty>
  );
}
