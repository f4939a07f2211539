import { describe, expect, it } from "vitest";
import { actionsOf, givesOf, resourceOf, rowsOf, toggled } from "./roles.model";

const given = (action: string, resource: string) => ({
  action: { name: action },
  resource: { name: resource },
});

describe("roles", () => {
  it("come apart into resources and go together again", () => {
    const actions = [
      given("can_read", "DAGs"),
      given("can_edit", "DAGs"),
      given("can_read", "Pools"),
    ];
    expect(givesOf(actions)).toEqual({ DAGs: ["can_read", "can_edit"], Pools: ["can_read"] });
    expect(actionsOf(givesOf(actions))).toEqual(actions);
  });

  it("show DAGs that are given one by one after all resources", () => {
    const all = [given("can_read", "Pools"), given("can_read", "DAGs")];
    const rows = rowsOf(all, { "DAG:sales": ["can_read"], Pools: ["can_read"] });
    expect(rows.map((row) => row.resource)).toEqual(["DAGs", "Pools", "DAG:sales"]);
    expect(rows.map((row) => row.isOfSome)).toEqual([false, false, true]);
    expect(rows[0]?.possible).toEqual(["can_read"]);
  });

  it("are changed box by box, and a row without ticks is not sent", () => {
    const ticked = toggled({}, "DAGs", "can_read");
    expect(ticked).toEqual({ DAGs: ["can_read"] });
    const unticked = toggled(ticked, "DAGs", "can_read");
    expect(unticked).toEqual({ DAGs: [] });
    expect(actionsOf(unticked)).toEqual([]);
  });

  it("name DAGs as the server does", () => {
    expect(resourceOf("sales")).toBe("DAG:sales");
    expect(resourceOf(" DAG:sales")).toBe("DAG:sales");
    expect(resourceOf("tag:team-a")).toBe("DAGs@tag:team-a");
    expect(resourceOf("team:sales")).toBe("DAGs@team:sales");
    expect(resourceOf("DAGs@tag:team-a")).toBe("DAGs@tag:team-a");
  });
});
