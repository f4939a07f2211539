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

/** "DagProcessorJob" as "DAG processor". */
export function beatOf(jobType: string | null): string {
  const words = (jobType ?? "job").replace(/Job$/, "").replace(/([a-z])([A-Z])/g, "$1_$2");
  return nameOf(words.toLowerCase());
}

function nameOf(part: string): string {
  switch (part) {
    case "metadatabase":
      return t("Database");
    case "scheduler":
      return t("Scheduler");
    case "triggerer":
      return t("Triggerer");
    case "dag_processor":
      return t("DAG processor");
    default:
      return part.replaceAll("_", " ");
  }
}

function statusOf(status: string | null): string {
  switch (status) {
    case null:
      return t("not here");
    case "healthy":
      return t("healthy");
    case "unhealthy":
      return t("unhealthy");
    default:
      return status;
  }
}

/** The parts in the order in which the server names them. */
export function partsOf(health: Schemas["HealthInfoResponse"]): Part[] {
  return Object.entries(health).map(([name, value]): Part => {
    const part = (value ?? {}) as Record<string, string | null>;
    const status = part.status ?? null;
    const beat = Object.entries(part).find(([key]) => key.startsWith("latest_"))?.[1] ?? null;
    return {
      name: nameOf(name),
      status: statusOf(status),
      color: status === "healthy" ? "green" : status === null ? "gray" : "red",
      beat,
      about: status === "healthy" ? t("answers") : t("has not shown itself"),
    };
  });
}
