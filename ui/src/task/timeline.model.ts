/** The tries of a task instance over time. */

export interface Try {
  try_number: number;
  scheduled_when: string | null;
  queued_when: string | null;
  start_date: string | null;
  end_date: string | null;
}

export interface Phase {
  name: "scheduled" | "queued" | "ran";
  from: number;
  to: number;
}

/** What a try went through, in milliseconds; what goes on lasts until now. */
export function phasesOf(one: Try, now: number): Phase[] {
  const at = (moment: string | null) => (moment ? Date.parse(moment) : null);
  const [scheduled, queued, start] = [
    at(one.scheduled_when),
    at(one.queued_when),
    at(one.start_date),
  ];
  const end = at(one.end_date) ?? now;
  const phases: Phase[] = [];
  const put = (name: Phase["name"], from: number | null, to: number) => {
    if (from !== null && to >= from) phases.push({ name, from, to });
  };
  put("scheduled", scheduled, queued ?? start ?? end);
  put("queued", queued, start ?? end);
  put("ran", start, end);
  return phases;
}

/** From when to when all of it lasts. */
export function extentOf(phases: readonly Phase[]): readonly [number, number] {
  const from = Math.min(...phases.map((one) => one.from));
  return [from, Math.max(from + 1, ...phases.map((one) => one.to))];
}
