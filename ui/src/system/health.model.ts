/** The parts of a deployment, as people see them. */
import type { Schemas } from "../api/client";
import { t } from "../language/language";

export interface Part {
  name: string;
  status: string;
  color: string;
  /** When it showed last that it lives. */
  beat: string | null;
  /** What is said where it shows nothing. */
  about: string;
}

/** "DagProcessorJob" as "dag processor". */
export function beatOf(jobType: string | null): string {
  const words = (jobType ?? "job").replace(/Job$/, "").replace(/([a-z])([A-Z])/g, "$1 $2");
  return words.replaceAll("_", " ").toLowerCase();
}

/** The parts in the order in which the server names them. */
export function partsOf(health: Schemas["HealthInfoResponse"]): Part[] {
  return Object.entries(health).map(([name, value]): Part => {
    const part = (value ?? {}) as Record<string, string | null>;
    const status = part.status ?? null;
    const beat = Object.entries(part).find(([key]) => key.startsWith("latest_"))?.[1] ?? null;
    return {
      name: name === "metadatabase" ? "database" : name.replaceAll("_", " "),
      status: status ?? "not here",
      color: status === "healthy" ? "green" : status === null ? "gray" : "red",
      beat,
      about: status === "healthy" ? t("answers") : t("has not shown itself"),
    };
  });
}
